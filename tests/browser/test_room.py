"""A server with little room, in real Chromium: who finds no place is told so, and comes in once somebody has gone."""

import contextlib
import re

import pytest
from playwright.sync_api import Browser, Error

from sunmeter_app.room import Bounds
from sunmeter_app.serve import serve_backend
from tests.client import scenes

from .driver import App
from .screens import remember
from .serving import served

pytestmark = pytest.mark.browser
TRIES, LOOK_EVERY_MS = 120, 500
IS_TURNED_AWAY = """() => {
  document.querySelector('flt-semantics-placeholder')?.click();
  return ['/full', '/rest'].includes(location.pathname);
}"""


def test_a_tab_beyond_the_bound_is_told_so_and_one_that_nobody_uses_makes_room(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sunmeter_app.serve.CLEAR_UP_EVERY_S", 0.2)
    monkeypatch.setattr("sunmeter_app.serve.SESSION_TIMEOUT_S", 1)
    world = scenes.new_world()
    scenes.furnished(world)
    bounds = Bounds(most_visits=1, rest_after_s=3)
    with served(serve_backend(world.backend, bounds=bounds)) as address:
        stranger, person = App(browser), App(browser)
        remember(person)
        stranger.page.goto(f"{address}/sign-up")
        stranger.page.wait_for_function("() => sessionStorage.getItem('_flet_session_id')")
        person.page.goto(f"{address}/history")
        person.page.wait_for_url(f"{address}/full?back=/history")
        assert person.page.get_by_role("heading").inner_text() == "Full at the moment"
        stranger.page.wait_for_url(f"{address}/rest?back=/sign-up")  # nobody typed anything there
        assert stranger.page.get_by_role("heading").inner_text() == "This tab rests"
        comes_in(person)
        assert person.page.url == f"{address}/history"
        assert stranger.errors == []
        assert [error for error in person.errors if "503" not in error] == []  # the console names the answer
        stranger.close()
        person.close()


def comes_in(app: App) -> None:
    """Tries again until there is a place: a session that was left ends by itself. Who is signed in slowly, on a busy
    machine, may be led to rest meanwhile."""
    for _ in range(TRIES):
        with contextlib.suppress(Error):  # a look at a page that is just being left
            if app.page.evaluate(IS_TURNED_AWAY):
                app.page.get_by_role("link", name=re.compile("Try again|Go on")).click()
            elif app.node("history-day").count():
                return
        app.page.wait_for_timeout(LOOK_EVERY_MS)
    raise AssertionError("no place comes free")
