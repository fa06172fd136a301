"""The static site in real Chromium, from the Hosting emulator: its Python runs in the browser."""

import re

import pytest
from playwright.sync_api import Browser

from contract import documents
from dev.neighbourhood import app_environment
from dev.ports import HOST
from dev.site import build
from dev.stack import Stack
from tests.emulator.world import World, event, sent, yesterday

from .driver import App
from .test_journey import may_write_live, sign_in

pytestmark = [pytest.mark.stack, pytest.mark.browser]
START_S = 120


def test_the_site_shows_a_home_and_rests_while_it_is_hidden(stack: Stack, browser: Browser) -> None:
    build(stack.site, app_environment(stack))
    world = World.made(stack)
    day = yesterday()
    world.hub.ingest(sent(world.quarters(day)))
    app = App(browser)
    asked: list[str] = []
    app.page.on("request", lambda request: asked.append(request.url))
    app.open(f"http://{HOST}:{stack.ports.hosting}/sign-in")
    app.sees("Welcome back", START_S)
    sign_in(app, world.owner)

    app.sees(re.compile("Waiting for the first live reading"))
    while not may_write_live(world.hub, world.home, world.meter):
        app.page.wait_for_timeout(100)  # the app takes the lease
    assert app.words("live-grid-w") == "Grid: -1.880 kW, exporting"
    app.tab("History")
    app.click("Previous day")
    app.sees(f"Day shown: {day.day}")
    assert app.number("history-house-kwh") > 0
    world.hub.ingest([event(world.meter)])
    app.tab("Alerts")
    app.words(f"alert-{world.meter}-7-40")

    app.hide()
    app.page.wait_for_timeout(1_000)  # looks that were under way
    asked.clear()
    app.page.wait_for_timeout(6_000)
    assert [url for url in asked if documents.home(world.home) in url] == []
    app.unhide()
    world.hub.ingest([event(world.meter, "end")])
    app.sees(re.compile(r"From .* to .*"))
    assert [url for url in asked if stack.firestore in url]
    assert {url.split("/")[2] for url in asked if url.startswith("http")} <= {
        each.removeprefix("http://") for each in (stack.firestore, stack.auth, stack.functions.split("/")[2])
    }
    assert app.errors == []
    app.close()
