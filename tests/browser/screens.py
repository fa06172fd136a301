"""Pictures of every screen, phone and desktop, light and dark: `python -m tests.browser.screens [folder] [name …]`.

The world is the fake one of the tests with its clock standing still, so that the same code makes the same picture.
"""

import datetime as dt
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser

from sunmeter_app.contract import documents
from sunmeter_app.model.set_up import LATER
from sunmeter_app.problems import Problem
from sunmeter_app.serve import serve_backend
from sunmeter_app.strings import SENTENCES
from tests.client import scenes
from tests.client.fake_backend import FakeRegistrar, FakeWorld
from tests.client.fake_functions import make_home

from .driver import DESKTOP, PHONE, App, chromium
from .serving import served

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
SIZES = {"phone": PHONE, "desktop": DESKTOP}
SCHEMES = ("light", "dark")
SETTLE_MS, SETTLE_TRIES = 400, 30
SETTLED_AFTER = 4  # pictures that are the same: on a busy machine a frame takes a second
LEAST_BYTES = 12_000  # a smaller picture is still Flutter's waiting sign
TALL = (390, 2400)  # a list builds only what is on the screen
UNNAMED = """() => [...document.querySelectorAll(
    'flt-semantics-host :is([role=button], [role=checkbox], [role=tab], [role=radio], [role=img], input, textarea)')]
    .filter(node => !(node.getAttribute('aria-label') || node.innerText || '').trim())
    .map(node => node.outerHTML.slice(0, 200))"""


@dataclass(frozen=True)
class Shot:
    """One picture: the world it is taken in, the address, and what to do before."""

    name: str
    until: str  # the text or identifier that says the screen is there
    path: str = "/"
    furnish: Callable[[FakeWorld], object] = scenes.furnished
    is_signed_in: bool = True
    act: Callable[[App], None] = lambda app: None
    now_s: float = scenes.NOW_S
    heights: Mapping[str, int] = field(default_factory=dict)  # of screens high enough for all of it; else the usual
    sizes: tuple[str, ...] = tuple(SIZES)
    language: str = "en"
    passed: tuple[str, ...] | None = None  # the steps of the set-up that were passed in this browser; None: not begun

    def world(self) -> FakeWorld:
        """A world of its own, furnished, with its clock standing still."""
        world = scenes.new_world(self.now_s)
        self.furnish(world)
        return world

    def size(self, name: str) -> tuple[int, int]:
        width, height = SIZES[name]
        return width, self.heights.get(name, height)

    def come_up(self, tab: App, address: str) -> None:
        """Brings the screen up in a tab that was not used yet."""
        if self.is_signed_in:
            remember(tab, self.language, self.passed)
        tab.open(address + self.path)
        self.act(tab)
        tab.shows(self.until)


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else FOLDER
    wanted = set(arguments[1:])
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for shot in SHOTS:
            if not wanted or shot.name in wanted:
                take(browser, shot, folder)
    return 0


def take(browser: Browser, shot: Shot, folder: Path) -> None:
    world = shot.world()
    app = serve_backend(world.backend, moves=False, now_s=world.now_s)
    with served(app) as address:
        for size_name, scheme in product(shot.sizes, SCHEMES):
            tab = App(browser, shot.size(size_name), scheme, scale=2 if size_name == "phone" else 1)
            try:
                shot.come_up(tab, address)
                path = folder / f"{shot.name}-{size_name}-{scheme}.png"
                path.write_bytes(settled(tab))
                print(path, flush=True)
                for error in tab.errors:
                    print(f"  console: {error}", flush=True)
            finally:
                tab.close()


def settled(tab: App) -> bytes:
    """The picture once it stays the same: what is painted lags behind what is said."""
    tab.page.mouse.move(1, 1)  # what was pressed last shows its tooltip
    tab.page.wait_for_load_state("networkidle")  # fonts
    tab.page.wait_for_timeout(SETTLE_MS)
    pictures = [tab.page.screenshot()]
    for _ in range(SETTLE_TRIES):
        tab.page.wait_for_timeout(SETTLE_MS)
        pictures.append(tab.page.screenshot())
        last = pictures[-SETTLED_AFTER:]
        if len(last) == SETTLED_AFTER and len(set(last)) == 1 and len(last[0]) > LEAST_BYTES:
            return last[0]
    raise AssertionError("the screen does not come to rest")


def remember(tab: App, language: str = "en", passed: tuple[str, ...] | None = None) -> None:
    """Puts a sign-in, a language and a set-up into the tab's storage, as an earlier visit would have left them."""
    kept = {"sign_in": "refresh-uid-1", "language": language}
    if passed is not None:
        kept["set_up"] = json.dumps({scenes.HOME: passed})
    for name, each in kept.items():
        tab.page.add_init_script(f"localStorage.setItem('flutter.sunmeter.{name}', JSON.stringify('{each}'))")


# --- worlds ----------------------------------------------------------------------------------------------------------


def nobody(world: FakeWorld) -> None:
    """A world without anybody."""


def unverified(world: FakeWorld) -> None:
    world.identity.add(scenes.EMAIL, scenes.PASSWORD, is_verified=False)


def homeless(world: FakeWorld) -> None:
    world.identity.add(scenes.EMAIL, scenes.PASSWORD)


def without_hub(world: FakeWorld) -> None:
    person = world.identity.add(scenes.EMAIL, scenes.PASSWORD)
    world.database.put(f"homes/{scenes.HOME}", make_home(person.uid, hub=None, meter=None))


def without_meter(world: FakeWorld) -> None:
    person = world.identity.add(scenes.EMAIL, scenes.PASSWORD)
    world.database.put(f"homes/{scenes.HOME}", make_home(person.uid, meter=None))


def just_claimed(world: FakeWorld) -> None:
    person = world.identity.add(scenes.EMAIL, scenes.PASSWORD)
    world.database.put(f"homes/{scenes.HOME}", make_home(person.uid))


def just_live(world: FakeWorld) -> None:
    just_claimed(world)
    world.database.put(documents.live(scenes.HOME), scenes.live_document(world.now_s() - 1))


def reversed_clamp(world: FakeWorld) -> None:
    """The solar clamp is the wrong way round; the meter's test has found it."""
    just_claimed(world)
    world.database.put(documents.live(scenes.HOME), scenes.live_document(world.now_s() - 1, pv_w=-3120, house_w=0))
    fix = {"grid": {"input": 1, "sign": 1}, "pv": {"input": 2, "sign": -1}}
    world.functions.answers(scenes.HOME, step="clamps", verdict="good", va=2030, grid="right", pv="reversed", set=fix)


def with_push(world: FakeWorld) -> None:
    just_claimed(world)
    world.backend = replace(world.backend, registrar=FakeRegistrar())


def stale(world: FakeWorld) -> None:
    scenes.furnished(world)
    world.database.put(documents.live(scenes.HOME), scenes.live_document(scenes.NOW_S - 340))


def too_young(world: FakeWorld) -> None:
    """Three days old: too young for a forecast, and its model learns."""
    scenes.furnished(world)
    nothing = {"load_wh": None, "pv_wh": None, "month": None, "bill": None, "method": "none"}
    reason = {"code": "days", "have": 3, "need": 7}
    world.database.put(
        documents.insight(scenes.HOME, "forecast"), scenes.forecast_document() | nothing | {"reason": reason}
    )
    world.database.remove(documents.insight(scenes.HOME, "score"))
    learning = {"status": "learning", "reason": "too_little_data", "days": 3.1, "day": "2026-06-17"}
    world.database.put(documents.insight(scenes.HOME, "model"), learning)


AT_DUSK = {"pv_w": -4, "grid_w": 940, "house_w": 940, "grid_pf": 0.97, "grid_a": 4.19}


def importing(world: FakeWorld) -> None:
    """An evening without sun."""
    scenes.furnished(world)
    world.database.put(documents.live(scenes.HOME), scenes.live_document(world.now_s() - 1, **AT_DUSK))


def on_the_market(world: FakeWorld) -> None:
    """The same evening, under market prices."""
    importing(world)
    scenes.with_market(world)


def used_up(world: FakeWorld) -> None:
    """The same evening, the day's live time used up: the last reading is from when there was some left."""
    scenes.furnished(world)
    world.functions.lease_problem = Problem("live_used_up", "home", "The live time of today is used up.")
    world.database.put(documents.live(scenes.HOME), scenes.live_document(world.now_s() - 740, **AT_DUSK))


def on_a_budget(world: FakeWorld) -> None:
    scenes.furnished(world)
    world.database.change(f"homes/{scenes.HOME}", budget={"month_micro": 40_000_000})


def with_events(world: FakeWorld) -> None:
    """A meter that was updated, calibrated and troubled by a clamp, and another home that it might move to."""
    person = scenes.furnished(world)
    now_ms = int(world.now_s() * 1000)
    world.database.put("homes/home-2", make_home(person.uid, "Seaside 3", hub=None, meter=None))
    carried = world.database.documents["hubs/hub-1"]["meters"]["m-0123456789"]
    clock = {"clock_ms": 7_200_000, "clocked_ms": now_ms - 60 * 3_600_000}
    updated = {**carried, **clock, "updated_ms": now_ms - 200 * 3_600_000}
    world.database.change("hubs/hub-1", meters={"m-0123456789": updated})
    start = scenes.NOW - dt.timedelta(days=12)
    told = scenes.alert_document("sensor", "pv_flat", "", 0, None, None, start, 95)
    world.database.put(documents.alert(scenes.HOME, "m-0123456789-70-12"), told)
    world.functions.answers(scenes.HOME, step="voltage", verdict="good", ratio_ppm=1_012_300, residual_ppm=210)


def with_family(world: FakeWorld) -> None:
    person = scenes.furnished(world)
    other = world.identity.add("max@example.com", "another sentence")
    roles = {person.uid: "owner", other.uid: "viewer"}
    world.database.change(f"homes/{scenes.HOME}", roles=roles, member_uids=sorted(roles))
    expires = dt.datetime.fromtimestamp(scenes.NOW_S + 6 * 86_400, dt.UTC)
    invitation = {"role": "member", "email": "nina@example.com", "by": person.uid, "used_by": None, "expires": expires}
    world.database.put(f"homes/{scenes.HOME}/invitations/i1", invitation)


def with_import(world: FakeWorld) -> None:
    person = scenes.furnished(world)
    world.functions._importstart(person, scenes.HOME, "home-assistant-2026.csv", "time,import_kwh")
    world.functions._importpiece(person, scenes.HOME, "import-1", 0, "", True)


def clamps(app: App) -> None:
    app.shows("Step 1 of 5: Zero")
    app.click("Measure")


def day_of_alert(app: App) -> None:
    app.shows("alerts-count")
    app.click("What happened that day")


def ask_for_clamps(app: App) -> None:
    app.shows("clamp-pv")
    app.click("Measure")


def in_french(app: App) -> None:
    app.shows("Sign out")
    app.click("Français")


def try_tariff(app: App) -> None:
    app.shows("What if?")
    app.click("What if?")


def sign_in_wrongly(app: App) -> None:
    app.type("E-mail address", scenes.EMAIL)
    app.type("Password", "wrong password")
    app.click("Sign in")


def ask_for_reset(app: App) -> None:
    app.shows("Send the link")
    app.type("E-mail address", scenes.EMAIL)
    app.press("Enter")


def previous_day(app: App) -> None:
    app.shows("history-chart")
    app.click("Previous day")
    app.sees("Day shown: 2026-06-17")


def span(name: str, shown: str, against: str = "", language: str = "en") -> Callable[[App], None]:
    """Shows another span, set against another time where that is said."""
    said = SENTENCES[language]

    def act(app: App) -> None:
        app.shows("history-chart")
        if name != "day":
            app.click(said[f"history.{name}"])
        app.sees(said[f"history.shown_{name}"].format(shown=shown))
        if against:
            menu = f"{said['history.against']}: {said['history.against_nothing']}"
            app.choose(menu, said[f"history.against_{against}"])
            app.shows(said["history.compared"])

    return act


THIS_WEEK = span("week", "2026-06-15 to 2026-06-21", "before")
THIS_MONTH, THIS_YEAR = span("month", "2026-06"), span("year", "2026", "year")
YEAR_HEIGHTS = {"phone": 2350, "desktop": 1650}

SHOTS = (
    Shot("welcome", "Create an account", furnish=nobody, is_signed_in=False),
    Shot("sign-up", "Create account", "/sign-up", nobody, False),
    Shot("sign-in", "problem", "/sign-in", homeless, False, sign_in_wrongly),
    Shot("reset", "Send the link", "/reset", nobody, False),
    Shot("reset-sent", "reset-sent", "/reset", homeless, False, ask_for_reset),
    Shot("verify", "Check your mail", furnish=unverified),
    Shot("set-up-home", "Where is the meter?", furnish=homeless),
    Shot("set-up-hub", "set-up-step", "/set-up", without_hub),
    Shot("set-up-meter", "set-up-step", "/set-up", without_meter),
    Shot("set-up-clamps", "clamp-pv", "/set-up", just_live, passed=()),
    Shot(
        "set-up-clamps-reversed",
        "Set it right",
        "/set-up",
        reversed_clamp,
        act=ask_for_clamps,
        passed=(),
        heights={"phone": 1100, "desktop": 1000},
    ),
    Shot("set-up-tariff", "set-up-step", "/set-up", just_claimed, passed=("clamps",)),
    Shot("set-up-push", "set-up-step", "/set-up", with_push, passed=("clamps", "tariff")),
    Shot("set-up-done", "set-up-done", "/set-up", just_claimed, passed=LATER),
    Shot("set-up-left", "set-up-left", "/", just_live, passed=("clamps",)),
    Shot("home", "live-grid-w", heights={"desktop": 920}),
    Shot("home-whole", "today-chart", heights={"phone": 2150}, sizes=("phone",)),
    Shot("home-market", "ahead-cheap", furnish=on_the_market, now_s=scenes.DUSK_S, heights={"phone": 1400}),
    Shot("home-no-hub", "No hub yet", furnish=without_hub),
    Shot("home-first-minutes", "live-age", furnish=just_claimed),
    Shot("home-stale", "live-grid-w", furnish=stale),
    Shot("home-importing", "live-grid-w", furnish=importing, now_s=scenes.DUSK_S),
    Shot("home-used-up", "live-grid-w", furnish=used_up, now_s=scenes.DUSK_S),
    Shot("forecast", "score", "/forecast", heights={"phone": 1800, "desktop": 940}),
    Shot("forecast-french", "score", "/forecast", language="fr", heights={"phone": 1860, "desktop": 960}),
    Shot("forecast-none", "forecast-none", "/forecast", too_young, heights={"phone": 844}),
    Shot("history-day", "history-chart", "/history", act=previous_day, heights={"phone": 2500, "desktop": 1900}),
    Shot("history-week", "history-chart", "/history", act=THIS_WEEK, heights={"phone": 2300, "desktop": 1500}),
    Shot("history-month", "history-chart", "/history", act=THIS_MONTH, heights={"phone": 1800, "desktop": 1300}),
    Shot("history-year", "history-chart", "/history", scenes.with_years, act=THIS_YEAR, heights=YEAR_HEIGHTS),
    Shot(
        "history-year-french",
        "history-chart",
        "/history",
        scenes.with_years,
        act=span("year", "2026", "year", "fr"),
        heights=YEAR_HEIGHTS,
        language="fr",
    ),
    Shot("history-range", "Show", "/history", act=span("range", "2026-06-12 to 2026-06-18"), heights={"phone": 1900}),
    Shot("history-empty", "No figures yet", "/history", just_claimed),
    Shot("alerts", "alerts-count", "/alerts"),
    Shot(
        "alerts-day", "day-m-0123456789-77-4021", "/alerts", act=day_of_alert, heights={"phone": 1700, "desktop": 1150}
    ),
    Shot("alerts-learning", "alerts-count", "/alerts", just_claimed),
    Shot("account", "Sign out", "/account", heights={"phone": 1400}),
    Shot("members", "Open invitations", "/members", furnish=with_family, heights={"phone": 1500, "desktop": 920}),
    Shot("join", "You are invited", "/join/home-2/a-code"),
    Shot("alert-settings", "Quiet hours", "/alerts/settings", heights={"phone": 3300, "desktop": 1300}),
    Shot("area", "area-homes", "/area", scenes.operated, heights={"phone": 3000, "desktop": 1300}),
    Shot("devices", "Calibrate", "/devices", with_events, heights={"phone": 2900, "desktop": 1480}),
    Shot("calibration", "calibration", "/devices/calibration", act=clamps, heights={"phone": 2300, "desktop": 1150}),
    Shot("home-settings", "This home", "/account/home", heights={"phone": 1000}),
    Shot("data", "Bring it in", "/account/data", furnish=with_import, heights={"phone": 1750}),
    Shot("delete", "Delete my account", "/account/delete", furnish=with_family, heights={"phone": 1300}),
    Shot("account-french", "Se déconnecter", "/account", act=in_french, heights={"phone": 1450}),
    Shot("money", "bill", "/money", furnish=on_a_budget, heights={"phone": 1330}),
    Shot("tariff", "what-if", "/money/tariff", act=try_tariff, heights={"phone": 2200, "desktop": 1250}),
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
