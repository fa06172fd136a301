"""Every screen in Chromium, over the fake world: it comes up, it logs no error, and every control has a name."""

import pytest
from playwright.sync_api import Browser

from sunmeter_app.serve import serve_backend

from .driver import App
from .screens import SHOTS, TALL, UNNAMED, Shot
from .serving import served

pytestmark = pytest.mark.browser

PHONE_FIELDS = {
    "reset": ["E-mail address"],
    "set-up-hub": ["Code on the hub"],
    "sign-in": ["E-mail address", "Password"],
}
_FIELDS = (
    "() => [...document.querySelectorAll('flt-semantics-host input')].map(node => node.getAttribute('aria-label'))"
)


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_a_screen_comes_up_without_errors_and_names_its_controls(browser: Browser, shot: Shot) -> None:
    world = shot.world()
    with served(serve_backend(world.backend, moves=False, now_s=world.now_s)) as address:
        tab = App(browser, TALL)
        shot.come_up(tab, address)
        assert tab.page.evaluate(UNNAMED) == []
        if shot.name in PHONE_FIELDS:  # by their own names alone
            assert tab.page.evaluate(_FIELDS) == PHONE_FIELDS[shot.name]
        assert tab.errors == []
        tab.close()
    assert world.database.watching == []  # the tab is closed: nothing is read for nobody
