"""Every screen in Chromium, over the fake world: it comes up, it logs no error, and every control has a name."""

import pytest
from playwright.sync_api import Browser

from sunmeter_app.serve import serve_backend

from .driver import App
from .screens import SHOTS, Shot, remember
from .serving import served

pytestmark = pytest.mark.browser

TALL = (390, 2400)  # a list builds only what is on the screen
PHONE_FIELDS = {
    "reset": ["E-mail address"],
    "set-up-hub": ["Code on the hub"],
    "sign-in": ["E-mail address", "Password"],
}
_FIELDS = (
    "() => [...document.querySelectorAll('flt-semantics-host input')].map(node => node.getAttribute('aria-label'))"
)
UNNAMED = """() => [...document.querySelectorAll(
    'flt-semantics-host :is([role=button], [role=checkbox], [role=tab], [role=radio], [role=img], input, textarea)')]
    .filter(node => !(node.getAttribute('aria-label') || node.innerText || '').trim())
    .map(node => node.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_a_screen_comes_up_without_errors_and_names_its_controls(browser: Browser, shot: Shot) -> None:
    world = shot.world()
    with served(serve_backend(world.backend, moves=False, now_s=world.now_s)) as address:
        tab = App(browser, TALL)
        if shot.is_signed_in:
            remember(tab, shot.language)
        tab.open(address + shot.path)
        shot.act(tab)
        tab.shows(shot.until)
        assert tab.page.evaluate(UNNAMED) == []
        if shot.name in PHONE_FIELDS:  # by their own names alone
            assert tab.page.evaluate(_FIELDS) == PHONE_FIELDS[shot.name]
        assert tab.errors == []
        tab.close()
    assert world.database.watching == []  # the tab is closed: nothing is read for nobody
