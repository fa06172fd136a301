"""What the householder reads on the screen, with real Chromium."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Error

from dev.neighbourhood import NotReached
from tests.browser.driver import App, chromium

from .run import Run

TALL_PX = (1280, 3000)  # a list builds only what is on the screen
POWER_CUT_WORDS = "power cut at the house"  # the app's, for a quarter with that cause


@dataclass(frozen=True)
class Screen:
    """What the householder read."""

    energy_wh: dict[str, float]
    names_power_cut: bool  # in the list of how the day's figures were obtained
    alerts: dict[str, str]  # by id
    live_house_w: float
    live_read_ms: int


def read_screen(run: Run, alerts: Iterator[str]) -> Screen:
    """Signs in with real Chromium and goes through History, Alerts and Home."""
    with chromium() as browser:
        app = App(browser, TALL_PX, zone=run.play.zone)
        try:
            return walk_through(run, app, alerts)
        except (Error, AssertionError) as error:
            picture = run.neighbourhood.stack.folder / "logs" / "screen.png"
            app.page.screenshot(path=picture)
            raise NotReached(f"{error}\nthe screen at that moment: {picture}; its errors: {app.errors}") from error


def screen_says(app: App, text: str) -> bool:
    """Whether the screen says it, or will in a moment."""
    try:
        app.sees(text)
    except AssertionError:
        return False
    return True


def walk_through(run: Run, app: App, alerts: Iterator[str]) -> Screen:
    app.open(f"{run.address}/sign-in")
    app.sign_in(run.settlement.email, run.settlement.password)
    app.tab("History")
    app.click("Previous day")
    app.sees(f"Day shown: {run.play.day.isoformat()}")
    energy_wh = {name: app.number(f"history-{name}-kwh") * 1000 for name in ("house", "pv", "import", "export")}
    names_power_cut = screen_says(app, POWER_CUT_WORDS)
    app.tab("Alerts")
    told = {alert: app.words(f"alert-{alert}") for alert in alerts}
    app.tab("Home")
    live_house_w = app.number("live-house-w") * 1000
    return Screen(energy_wh, names_power_cut, told, live_house_w, time.time_ns() // 1_000_000)
