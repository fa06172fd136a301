"""What only a real browser can show: menus that open, files that are chosen and handed over, links with a hash."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sunmeter_app.serve import serve_backend
from tests.client import scenes
from tests.client.fake_backend import FakeWorld
from tests.client.fake_functions import CODE

from .driver import PHONE, SESSION, App
from .relay import relayed
from .screens import remember, settled, with_family
from .serving import free_port, served

pytestmark = pytest.mark.browser
TALL = (1280, 1600)
BACKGROUND_MS = 5_000  # twice as long as a page in the foreground waits before it asks again


@pytest.fixture
def world() -> FakeWorld:
    return scenes.new_world()


@pytest.fixture
def open_at(browser: Browser, world: FakeWorld) -> Iterator[Callable[[str], App]]:
    """Opens an address as somebody whose browser remembers the sign-in."""
    opened: list[App] = []
    with served(serve_backend(world.backend, moves=False, now_s=world.now_s)) as address:

        def at(path: str) -> App:
            opened.append(tab := App(browser, TALL))
            remember(tab)
            return tab.open(address + path)

        yield at
        for tab in opened:
            assert tab.errors == []
            tab.close()


def test_another_role_is_chosen_from_its_menu(world: FakeWorld, open_at: Callable[[str], App]) -> None:
    with_family(world)
    app = open_at("/members")
    app.choose("Role of max@example.com: viewer", "member")
    app.shows("Role of max@example.com: member")


def test_a_copy_comes_as_a_download(world: FakeWorld, open_at: Callable[[str], App]) -> None:
    scenes.furnished(world)
    app = open_at("/account/data")
    app.shows("Export")
    with app.page.expect_download() as download:
        app.click("Export")
    assert download.value.suggested_filename == "Maple 2026.csv"
    assert download.value.path().read_text().startswith("page 1\npage 2\n")
    app.sees("Maple 2026.csv is handed to your browser.")


def test_a_chosen_file_is_previewed(world: FakeWorld, open_at: Callable[[str], App], tmp_path: Path) -> None:
    scenes.furnished(world)
    file = tmp_path / "meter.csv"
    file.write_text("time,import_kwh\n" + "2026-05-01T00:00Z,1\n" * 30_000)
    app = open_at("/account/data")
    app.shows("Choose a file")
    with app.page.expect_file_chooser() as chooser:
        app.click("Choose a file")
    chooser.value.set_files(file)
    app.shows("Bring it in")
    app.sees("meter.csv")
    sent = "".join(asked["text"] for name, asked in world.functions.calls if name == "importpiece")
    assert sent == file.read_text()


def test_a_file_that_would_break_the_connection_is_refused_and_the_next_one_comes_in(
    world: FakeWorld, open_at: Callable[[str], App], tmp_path: Path
) -> None:
    scenes.furnished(world)
    years, month = tmp_path / "years.csv", tmp_path / "month.csv"
    years.write_bytes(b"time,import_kwh\n" + b"2026-05-01T00:00Z,1\n" * 1_300_000)
    month.write_text("time,import_kwh\n" + "2026-05-01T00:00Z,1\n" * 30)
    app = open_at("/account/data")
    for file, answer in ((years, "more than 24 MB"), (month, "month.csv")):
        app.shows("Choose a file")
        with app.page.expect_file_chooser() as chooser:
            app.click("Choose a file")
        chooser.value.set_files(file)
        app.sees(re.compile(answer))
    assert [asked["name"] for name, asked in world.functions.calls if name == "importstart"] == ["month.csv"]


def test_history_follows_keys_fingers_and_taps(world: FakeWorld, open_at: Callable[[str], App]) -> None:
    scenes.furnished(world)
    app = open_at("/history")
    app.shows("history-chart")
    app.swipe("history-day", 240)
    app.sees("Day shown: 2026-06-17")
    app.press_until("ArrowRight", "Day shown: 2026-06-18")  # today is the last: a second press does nothing
    app.click("Month")
    app.sees("Month shown: 2026-06")
    app.tap("history-chart", 0.144, 0.47)  # the fourth of thirty bars, beside the room of the axis
    app.sees(re.compile("Thursday 4 June: House used 22.2 ± 0.4"))
    app.click("Thursday 4 June: Open")
    app.sees("Day shown: 2026-06-04")


def test_a_finger_on_the_chart_goes_to_another_period_and_a_tap_tells_its_figures(
    browser: Browser, world: FakeWorld
) -> None:
    scenes.furnished(world)
    with served(serve_backend(world.backend, moves=False, now_s=world.now_s)) as address:
        app = App(browser, (PHONE[0], TALL[1]), has_touch=True)
        remember(app)
        app.open(f"{address}/history")
        app.shows("history-chart")
        app.draw("history-chart", 140)
        app.sees("Day shown: 2026-06-17")
        app.shows("history-chart")
        still = settled(app)
        app.touch("history-chart", 0.5, 0.5)
        assert settled(app) != still  # the figures of that moment stand beside the finger
        app.draw("history-chart", -140)
        app.sees("Day shown: 2026-06-18")
        app.draw("history-chart", 20)  # a finger that slipped
        app.click("Month")
        app.sees("Month shown: 2026-06")
        app.touch("history-chart", 0.24, 0.47)
        app.sees(re.compile(r"\w+ \d+ June: House used"))
        app.draw("history-chart", 140)
        app.sees("Month shown: 2026-05")
        assert app.errors == []
        app.close()


def test_an_invitations_link_leads_into_the_app(world: FakeWorld, open_at: Callable[[str], App]) -> None:
    scenes.furnished(world)
    app = open_at(f"/#/join/{scenes.HOME}/{CODE}")
    app.sees("You are invited")
    assert app.page.evaluate("location.hash") == ""


@pytest.mark.parametrize(("language", "says"), [("en", "No connection."), ("fr", "Pas de connexion.")])
def test_a_lost_connection_is_said_in_words_until_it_is_back(
    browser: Browser, world: FakeWorld, language: str, says: str
) -> None:
    scenes.furnished(world)
    tab, port = App(browser), free_port()
    remember(tab, language)
    told = tab.page.get_by_role("alert")
    with served(serve_backend(world.backend, moves=False, now_s=world.now_s), port) as address:
        tab.open(address + "/alerts").shows("alerts-count")
        assert told.count() == 0
    expect(told).to_contain_text(says)
    with served(serve_backend(world.backend, moves=False, now_s=world.now_s), port):
        expect(told).to_have_count(0)
        tab.shows("alerts-count")
    tab.close()


def test_a_connection_that_breaks_for_a_moment_is_taken_up_where_it_was(browser: Browser, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab, port = App(browser), free_port()
    remember(tab, "en")
    with served(serve_backend(world.backend, moves=False, now_s=world.now_s), port), relayed(port) as relay:
        tab.open(relay.address + "/money/tariff")
        tab.click("By the clock")
        tab.shows("Other price 1")
        session = tab.page.evaluate(SESSION)
        relay.cut(port)
        tab.page.wait_for_event("load")
        tab.shows("Other price 1")
        assert tab.page.evaluate(SESSION) == session
    tab.close()


def test_a_page_in_the_background_is_taken_up_once_somebody_looks_at_it(browser: Browser, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab, port = App(browser), free_port()
    remember(tab, "en")
    with served(serve_backend(world.backend, moves=False, now_s=world.now_s), port), relayed(port) as relay:
        tab.open(relay.address + "/alerts").shows("alerts-count")
        loads = []

        def loaded(page: Page) -> None:
            loads.append(page.url)

        tab.page.on("load", loaded)
        tab.hide()
        relay.cut(port)
        expect(tab.page.get_by_role("alert")).to_contain_text("No connection")
        tab.page.wait_for_timeout(BACKGROUND_MS)
        assert loads == []
        with tab.page.expect_event("load"):
            tab.unhide()
        tab.shows("alerts-count")
    tab.close()


def test_a_page_that_the_browser_had_kept_whole_starts_afresh(world: FakeWorld, open_at: Callable[[str], App]) -> None:
    scenes.furnished(world)
    app = open_at("/alerts")
    app.shows("alerts-count")
    session = app.page.evaluate(SESSION)
    with app.page.expect_event("load"):  # the driver's Chromium keeps none: its event alone is told
        app.page.evaluate("() => { dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })) }")
    app.shows("alerts-count")
    assert app.page.evaluate(SESSION) == session


def test_a_page_without_the_internet_says_that_its_figures_are_old(
    world: FakeWorld, open_at: Callable[[str], App]
) -> None:
    scenes.furnished(world)
    app = open_at("/alerts")
    app.shows("alerts-count")
    told = app.page.get_by_role("alert")
    app.page.context.set_offline(True)
    expect(told).to_contain_text("these figures are the last that came")
    app.page.context.set_offline(False)
    expect(told).to_have_count(0)
    app.errors[:] = [error for error in app.errors if "INTERNET_DISCONNECTED" not in error]  # a font that was late
