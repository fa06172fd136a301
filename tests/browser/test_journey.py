"""A householder's way through the app, in real Chromium, against the real functions and rules on the emulators."""

import csv
import datetime as dt
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, expect

from contract.ledger import LocalDay
from dev.actors import PASSWORD, Denied, Enrolment, Hub, Person, Place, label_of, new_meter_id
from dev.stack import PROJECT, Stack
from sunmeter_app import routes
from sunmeter_app.config import config_from
from sunmeter_app.model.period import Span
from sunmeter_app.serve import serve
from sunmeter_app.strings import EN, FR
from tests.client import scenes
from tests.emulator.test_erasing import has_account, naming, swept
from tests.emulator.world import EACH, World, database, event, eventually, master_key, quarters, sent, yesterday

from .driver import PHONE, App
from .screens import SETTLE_MS, SETTLE_TRIES, UNNAMED
from .serving import served

pytestmark = [pytest.mark.stack, pytest.mark.browser]
OpenTab = Callable[..., App]


@pytest.fixture
def address(stack: Stack) -> Iterator[str]:
    """The app, as the demo runs it, over the running stack."""
    environment = {"FIREBASE_PROJECT": PROJECT, "FIREBASE_API_KEY": "any", "FUNCTIONS_URL": stack.functions}
    with served(serve(config_from({**stack.environment, **environment}))) as running:
        yield running


@pytest.fixture
def place(stack: Stack) -> Place:
    return Place.of(stack)


def sign_in(app: App, person: Person) -> None:
    app.sign_in(person.email, person.password)


def follow_link_in_mail(place: Place, email: str) -> None:
    """What the person does in their mail program; the emulator shows the mails."""
    codes = httpx.get(f"{place.auth}/emulator/v1/projects/{place.project}/oobCodes").json()["oobCodes"]
    link = next(code["oobLink"] for code in reversed(codes) if code["email"] == email)
    assert httpx.get(link).is_success


def reading(meter: str, **changes: Any) -> dict[str, Any]:
    expires = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    return scenes.live_document(time.time(), meter=meter, expires=expires, **changes)


def test_from_sign_up_to_a_rated_alert(stack: Stack, place: Place, address: str, open_tab: OpenTab) -> None:
    email = "lea@example.org"
    app = open_tab(f"{address}/sign-up")

    app.type("E-mail address", email)
    app.type("Password", PASSWORD)
    app.click("Create account")
    app.sees(re.compile("We sent a link to lea@example.org"))
    follow_link_in_mail(place, email)  # the page goes on by itself

    app.sees("Where is the meter?")
    app.type("Name of the home", "Maple Street 12")
    app.click("Create the home")

    app.sees("Connect the hub")
    enrolment = Enrolment.started(place)
    app.type("Code on the hub", "AAAA-AAAA")
    app.click("Connect the hub")
    app.sees(re.compile("This code is not known"))
    app.type("Code on the hub", enrolment.user_code)
    app.click("Connect the hub")

    app.sees("Claim the meter")
    hub = enrolment.poll()
    assert isinstance(hub, Hub)
    meter = new_meter_id()
    hub.ingest([{"type": "sighting", "meter": meter}])
    app.type("Code on the meter's label", label_of(meter, master_key(stack)))
    app.click("Claim the meter")
    for step in ("Check the clamps", "What does a kWh cost?"):
        app.sees(step)
        app.click("Later")
    app.sees("Shall we tell you?")
    app.click("Go on")
    app.sees("All connected")
    app.click("See it live")

    # Live: the app has taken the lease, so the rules let the hub write.
    owner = Person(place, email, PASSWORD)
    owner.sign_in()
    [home] = owner.find("homes", "member_uids", owner.uid, "ARRAY_CONTAINS")
    app.sees(re.compile("Waiting for the first live reading"))
    eventually(lambda: may_write_live(hub, home, meter))
    assert app.words("live-grid-w") == "Grid: -1.880 kW, exporting"
    assert app.number("live-v") == 231.4
    assert app.number("live-age") <= 30

    # History: what the hub's registers say, to the watt-hour.
    day = yesterday()
    hub.ingest(sent(quarters(meter, day, day.quarters)))
    app.tab("History")
    app.click("Previous day")
    app.sees(f"Day shown: {day.day}")
    counted = {"house": EACH.house_mwh, "import": EACH.import_mwh, "export": EACH.export_mwh, "pv": EACH.pv_mwh}
    for name, each_mwh in counted.items():
        assert app.number(f"history-{name}-kwh") == pytest.approx(each_mwh * day.quarters / 1e6, abs=5e-4)

    # Alert: its reason, its rating, its end.
    app.tab("Alerts")
    app.sees("All quiet")
    hub.ingest([event(meter)])
    alert = f"{meter}-7-40"
    words = app.words(f"alert-{alert}")
    assert "Mean power over an hour 3.12 kW, usually 180 W to 900 W." in words
    assert "going on." in words
    app.check(re.compile(r": Real$"))
    app.sees(re.compile("Rated real"))
    assert owner.expect(f"homes/{home}/alerts/{alert}")["rating"] == "real"
    hub.ingest([event(meter, "end")])
    app.sees(re.compile(r"From .* to .*"))

    # Sign out: nothing of the person stays, and the next one starts from nothing.
    app.tab("Account")
    app.click("Sign out")
    app.sees("Create an account")
    other = Person.somebody(place)
    app.click("Sign in")
    sign_in(app, other)
    app.sees("Where is the meter?")
    app.does_not_see("Maple Street 12")

    # Back again: a copy to take away, then home and account go for good.
    app.click("Sign out")
    app.click("Sign in")
    sign_in(app, owner)
    app.sees(re.compile("Waiting for the first live reading|live-age|Grid:"))
    takes_a_copy(app, day)
    deletes_the_home(app, "Maple Street 12", stack)
    deletes_the_account(app, owner)
    is_forgotten(World(stack, place, owner, home, hub, meter, database(stack)))
    app.click("Sign in")
    sign_in(app, owner)
    app.sees("Address and password do not match. Check both, or reset your password.")


WATCH_WORDS = """() => {
  window.said = new Set();
  const note = () => document.querySelectorAll('[flt-semantics-identifier=export]')
    .forEach(node => window.said.add(node.getAttribute('aria-label') || node.innerText));
  new MutationObserver(note).observe(document.body, {subtree: true, childList: true, attributes: true});
}"""


def takes_a_copy(app: App, day: LocalDay) -> None:
    """Everything as JSON and this year as CSV, from the Data screen: the same quarters, to the watt-hour."""
    app.tab("Account")
    app.click(re.compile("^Your data"))
    app.shows("Take a copy")
    app.page.evaluate(WATCH_WORDS)
    app.click("JSON")
    expect(year_of_a_copy(app)).to_have_count(0)
    whole = json.loads(exported(app, "Maple Street 12.json"))
    assert whole["home"]["name"] == "Maple Street 12"
    [told] = whole["days"]
    assert (told["day"], told["regs0"]) == (day.day, [0, 0, 0, 0])
    assert told["regs1"] == [each * day.quarters for each in (EACH.import_mwh, EACH.export_mwh, EACH.pv_mwh, 0)]
    assert told["columns"]["import_mwh"] == [EACH.import_mwh] * day.quarters

    app.click("CSV")
    expect(year_of_a_copy(app)).to_have_count(1)
    year = dt.date.today().year
    rows = list(csv.DictReader(io.StringIO(exported(app, f"Maple Street 12 {year}.csv"))))
    assert len(rows) == (day.quarters if day.day.startswith(str(year)) else 0)
    assert {row["house_wh"] for row in rows} <= {f"{EACH.house_mwh / 1000:.3f}"}
    said = app.page.evaluate("[...window.said]")
    assert any(re.search(r"\b[1-9]\d* of 12 months", words) for words in said), said


def year_of_a_copy(app: App) -> Locator:
    """Its menu is there where CSV was chosen; a copy is whole as JSON."""
    return app.page.get_by_role("button", name=re.compile("^Year"))


def exported(app: App, name: str) -> str:
    """The file that comes as a download."""
    with app.page.expect_download() as download:
        app.click("Export")
    assert download.value.suggested_filename == name
    app.sees(f"{name} is handed to your browser.")
    return download.value.path().read_text()


def deletes_the_home(app: App, name: str, stack: Stack) -> None:
    """A wrong name is refused, by a reference that finds the request in the cloud's log."""
    app.tab("Account")
    app.click("Delete the home or the account")
    app.type("Type the home's name", "Another")
    app.click("Delete this home")
    told = re.search(r"Reference ([0-9a-f]{8})$", app.words("problem"))
    assert told is not None
    assert told[1] in (stack.folder / "logs" / "emulators.log").read_text()
    app.type("Type the home's name", name)
    app.click("Delete this home")
    app.sees("Where is the meter?")


def deletes_the_account(app: App, person: Person) -> None:
    """The way is there without a home; it takes the password."""
    app.click("Delete your account")
    app.type("E-mail address", person.email)
    app.type("Password", "not the password")
    app.click("Delete my account")
    app.sees("Address and password do not match. Check both, or reset your password.")
    app.type("Password", person.password)
    app.click("Delete my account")
    app.sees("Your account is being deleted. It takes a few minutes.")


def is_forgotten(world: World) -> None:
    """Nothing that names the person or the home is left in Auth or Firestore once the erasing has run."""
    uid, email = world.owner.uid, world.owner.email
    eventually(lambda: not has_account(world.stack, uid), within_s=60)
    eventually(lambda: naming(world.db, uid, email) == {f"deletions/{uid}"}, within_s=60)
    swept(world)
    assert naming(world.db, uid, email, "Maple Street 12") == set()
    assert not [path for path in naming(world.db, world.home) if path.startswith(f"homes/{world.home}")]


def may_write_live(hub: Hub, home: str, meter: str) -> bool:
    """Writes a live reading as the hub; False while the rules refuse it."""
    try:
        hub.set(f"homes/{home}/live/now", reading(meter))
    except Denied:
        return False
    return True


def test_a_wrong_password_shows_its_sentence(place: Place, address: str, open_tab: OpenTab) -> None:
    person = Person.somebody(place)
    app = open_tab(f"{address}/sign-in", size=PHONE)
    app.type("E-mail address", person.email)
    app.type("Password", "not the password")
    app.click("Sign in")
    app.sees("Address and password do not match. Check both, or reset your password.")


def test_a_reset_mail_is_sent_and_says_where_to_look(place: Place, address: str, open_tab: OpenTab) -> None:
    person = Person.somebody(place)
    app = open_tab(f"{address}/reset")
    app.type("E-mail address", person.email)
    app.click("Send the link")
    app.sees(re.compile(f"If {person.email} has an account, a mail is on its way"))
    codes = httpx.get(f"{place.auth}/emulator/v1/projects/{place.project}/oobCodes").json()["oobCodes"]
    assert [code["requestType"] for code in codes if code["email"] == person.email][-1] == "PASSWORD_RESET"


def test_a_reload_keeps_the_sign_in_and_a_second_tab_of_another_person_does_not(
    place: Place, address: str, open_tab: OpenTab
) -> None:
    person = Person.somebody(place)
    person.new_home(name="Cottage")
    app = open_tab(f"{address}/sign-in")
    sign_in(app, person)
    app.sees("Cottage")
    app.open(f"{address}/account")
    app.sees(re.compile(person.email))
    stranger = open_tab(f"{address}/account")
    stranger.sees("Create an account")
    stranger.does_not_see("Cottage")


FLAT = {"valid_from": "2020-01-01", "import": {"kind": "flat", "price_micro": 250_000}}
TALL = (PHONE[0], 3600)  # a list builds only what is on the screen
HUB = "Hub"  # what the hub of a made world is called
LITTLE_WORDS = re.compile(r"\b(the|and|of|with|your|from|not|yet|this|what|when|are|is|it|for|you|to|no|by|at|was)\b")
WORDS = """() => [...document.querySelectorAll('flt-semantics-host *')]
  .map(node => node.getAttribute('aria-label') || (node.children.length ? '' : node.innerText) || '')
  .filter(words => words.trim())"""
BEYOND = """() => [...document.querySelectorAll('flt-semantics-host flt-semantics')]
  .map(node => [node.getAttribute('aria-label') || node.innerText || node.role, node.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.left < -1 || box.right > innerWidth + 1))
  .map(([words, box]) => `${words.slice(0, 80)}: ${box.left} to ${box.right}`)"""
LEAD = """place => {
  history.pushState(null, '', place);
  dispatchEvent(new PopStateEvent('popstate', {state: null}));
}"""
SCREENS = {  # route: the heading's sentence
    routes.HOME: "nav.home",
    routes.FORECAST: "forecast.title",
    routes.HISTORY: "nav.history",
    routes.ALERTS: "nav.alerts",
    routes.ALERT_SETTINGS: "settings.title",
    routes.ACCOUNT: "nav.account",
    routes.MONEY: "money.title",
    routes.TARIFF: "tariff.new",
    routes.DEVICES: "devices.title",
    routes.CALIBRATION: "calibrate.title",
    routes.CLAMPS: "calibrate.title",
    routes.HOME_SETTINGS: "place.title",
    routes.MEMBERS: "members.title",
    routes.DATA: "data.title",
    routes.DELETE: "delete.title",
}


def test_every_screen_of_a_home_is_french_and_fits_a_phone(stack: Stack, address: str, open_tab: OpenTab) -> None:
    mixed = ["Accueil", "Réseau : -1.880 kW", "House used: 8.673 kWh", "Sign out", "Read by you"]
    assert english_in(mixed) == mixed[2:]  # it finds what it looks for
    assert set(SCREENS) == {*routes.TABS, *routes.BELOW} - {routes.AREA}  # that is an operator's
    world = World.made(stack)
    world.owner.call("changehome", home=world.home, name="Les Tilleuls 4")
    world.owner.call("settariff", home=world.home, tariff=FLAT)
    world.hub.ingest([*sent(world.quarters(yesterday())), event(world.meter)])
    app = open_tab(f"{address}/sign-in", size=TALL)
    sign_in(app, world.owner)
    app.sees(re.compile("Waiting for the first live reading"))
    eventually(lambda: may_write_live(world.hub, world.home, world.meter))
    app.tab("Account")
    app.click("Français")
    app.sees(FR["account.sign_out"])
    for route, heading in SCREENS.items():
        app.page.evaluate(LEAD, route)
        app.sees(FR[heading])
        is_french_and_fits(app, route)
    app.page.evaluate(LEAD, routes.HISTORY)
    for span in Span:
        app.click(FR[f"history.{span.value}"])
        app.sees(re.compile(FR[f"history.shown_{span.value}"].partition("{")[0]))
        is_french_and_fits(app, span.value)


def english_in(said: list[str]) -> list[str]:
    """What holds a whole sentence of the English app that is none of the French, or the little words of its others."""
    french = "\n".join(FR.values())
    whole = [sentence for sentence in EN.values() if "{" not in sentence and sentence != HUB]
    english = [sentence for sentence in whole if not re.search(_alone(sentence), french)]
    wanted = re.compile("|".join([LITTLE_WORDS.pattern, *map(_alone, english)]))
    return [words for words in said if wanted.search(words)]


def _alone(sentence: str) -> str:
    return rf"(?<!\w){re.escape(sentence)}(?!\w)"


def is_french_and_fits(app: App, name: str) -> None:
    """Once what is read has come: what is said stays the same but for its numbers."""
    said: list[str] = app.page.evaluate(WORDS)
    for _ in range(SETTLE_TRIES):
        before = [re.sub(r"\d+", "", words) for words in said]
        app.page.wait_for_timeout(SETTLE_MS)
        said = app.page.evaluate(WORDS)
        if [re.sub(r"\d+", "", words) for words in said] == before:
            break
    assert english_in(said) == [], name
    assert app.page.evaluate(BEYOND) == [], name
    assert app.page.evaluate(UNNAMED) == [], name
    assert FR["broken"] not in said, name
