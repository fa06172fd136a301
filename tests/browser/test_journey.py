"""A householder's way through the app, in real Chromium, against the real functions and rules on the emulators."""

import datetime as dt
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from dev.actors import PASSWORD, Denied, Enrolment, Hub, Person, Place, label_of, new_meter_id
from dev.stack import PROJECT, Stack
from sunmeter_app.config import config_from
from sunmeter_app.serve import serve
from tests.client import scenes
from tests.emulator.world import EACH, event, eventually, master_key, quarters, sent, yesterday

from .driver import PHONE, App
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
    app.type("E-mail address", person.email)
    app.type("Password", person.password)
    app.click("Sign in")


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
    app.sees(re.compile("We sent a link to lea@example.org"), 20)
    follow_link_in_mail(place, email)  # the page goes on by itself

    app.sees("Where is the meter?", 20)
    app.type("Name of the home", "Maple Street 12")
    app.click("Create the home")

    app.sees("Connect the hub", 30)
    enrolment = Enrolment.started(place)
    app.type("Code on the hub", "AAAA-AAAA")
    app.click("Connect the hub")
    app.sees(re.compile("This code is not known"), 20)
    app.type("Code on the hub", enrolment.user_code)
    app.click("Connect the hub")

    app.sees("Claim the meter", 20)
    hub = enrolment.poll()
    assert isinstance(hub, Hub)
    meter = new_meter_id()
    hub.ingest([{"type": "sighting", "meter": meter}])
    app.type("Code on the meter's label", label_of(meter, master_key(stack)))
    app.click("Claim the meter")
    app.sees("All connected", 20)
    app.click("See it live")

    # Live: the app has taken the lease, so the rules let the hub write.
    owner = Person(place, email, PASSWORD)
    owner.sign_in()
    [home] = owner.find("homes", "member_uids", owner.uid, "ARRAY_CONTAINS")
    app.sees(re.compile("Waiting for the first live reading"), 20)
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
    app.sees(re.compile("Rated real"), 20)
    assert owner.expect(f"homes/{home}/alerts/{alert}")["rating"] == "real"
    hub.ingest([event(meter, "end")])
    app.sees(re.compile(r"From .* to .*"), 20)

    # Sign out: nothing of the person stays, and the next one starts from nothing.
    app.tab("Account")
    app.click("Sign out")
    app.sees("Create an account")
    other = Person.somebody(place)
    app.click("Sign in")
    sign_in(app, other)
    app.sees("Where is the meter?", 20)
    app.does_not_see("Maple Street 12")


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
    app.sees("Cottage", 20)
    app.open(f"{address}/account")
    app.sees(re.compile(person.email), 20)
    stranger = open_tab(f"{address}/account")
    stranger.sees("Create an account")
    stranger.does_not_see("Cottage")
