"""The app's own visit, without its screens, against the real functions and rules: what it asks is what they take."""

import asyncio
import datetime as dt
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from contract import documents
from dev.actors import Person
from dev.stack import PROJECT, Stack
from sunmeter_app import routes
from sunmeter_app.config import config_from
from sunmeter_app.data.backend import Backend
from sunmeter_app.data.server import connect_server
from sunmeter_app.model.alert import Rating
from sunmeter_app.model.period import Span, holding
from sunmeter_app.model.typed import Draft
from sunmeter_app.problems import Problem
from sunmeter_app.state import Phase
from sunmeter_app.verbs.fitting import ReadingDraft
from sunmeter_app.visit import Visit
from tests.client.fake_backend import FakeBrowser
from tests.emulator.world import World, days_ago, event, give_areas, sent

pytestmark = [pytest.mark.stack, pytest.mark.slow]
WAIT_S, LOOK_EVERY_S = 20.0, 0.05


@pytest.fixture
async def backend(stack: Stack) -> AsyncIterator[Backend]:
    settings = {"FIREBASE_PROJECT": PROJECT, "FIREBASE_API_KEY": "any", "FUNCTIONS_URL": stack.functions}
    async with httpx.AsyncClient(timeout=30) as http:
        yield connect_server(config_from({**stack.environment, **settings}), http)


async def until(holds: Callable[[], Any]) -> None:
    for _ in range(round(WAIT_S / LOOK_EVERY_S)):
        if holds():
            return
        await asyncio.sleep(LOOK_EVERY_S)
    raise TimeoutError


class Guest:
    """A visit by one person, and the browser it is made from."""

    def __init__(self, backend: Backend):
        self.browser = FakeBrowser()
        self.visit = Visit(backend, self.browser, lambda route: None)
        self.state = self.visit.state

    async def enter(self, person: Person, route: str = "/account") -> None:
        await self.visit.start("/sign-in")
        await self.visit.account.sign_in(person.email, person.password)
        self.visit.moved(route)
        await self.until(lambda: self.state.session.phase in (Phase.HOME, Phase.NO_HOME))

    async def until(self, holds: Callable[[], Any]) -> None:
        """Waits until the state says so: what was written comes back through a listener."""
        await until(holds)


@pytest.fixture
async def guest(backend: Backend) -> AsyncIterator[Guest]:
    opened = Guest(backend)
    yield opened
    await opened.visit.close()


async def test_tariff_and_budget(world: World, guest: Guest) -> None:
    day = days_ago(1)
    world.hub.ingest(sent(world.quarters(day)))
    await guest.enter(world.owner, routes.MONEY)
    money, verbs = guest.state.money, guest.visit.money
    await guest.until(lambda: money.tariffs == ())
    draft = verbs.draft()
    draft.price.text, draft.export.text, draft.vat.text, draft.valid_from.text = "0.25", "0,08", "20", day.day
    draft.choose("zones")
    draft.zones[0].price.text = "0.18"
    await verbs.try_out()
    assert money.tried is not None
    await verbs.save()
    await guest.until(lambda: money.tariffs)
    assert money.tariffs is not None
    (tariff,) = money.tariffs
    assert (tariff.id, tariff.kind, tariff.price_micro, tariff.export_micro) == (day.day, "zones", 250_000, 80_000)
    await verbs.set_budget("40")
    await guest.until(lambda: guest.state.session.home and guest.state.session.home.budget_micro == 40_000_000)
    await verbs.delete(tariff)
    await guest.until(lambda: money.tariffs == ())
    await verbs.undo_delete()
    await guest.until(lambda: money.tariffs == (tariff,))


async def test_members_and_an_invitation(world: World, guest: Guest, backend: Backend) -> None:
    await guest.enter(world.owner, routes.MEMBERS)
    household = guest.state.household
    await guest.until(lambda: household.members and household.invitations == ())
    await guest.visit.household.invite("viewer", "")
    await guest.until(lambda: household.invitations)
    place = routes.invitation_of(household.link.partition("#")[2])
    assert place is not None
    newcomer, other = Person.somebody(world.place), Guest(backend)
    await other.enter(newcomer)
    assert other.state.session.phase is Phase.NO_HOME
    await other.visit.household.accept(*place)
    await other.until(lambda: other.state.session.home)
    await guest.until(lambda: len(household.members or ()) == 2 and household.invitations == ())
    await guest.visit.household.set_role(newcomer.uid, "member")
    await other.until(lambda: other.state.session.home and other.state.session.home.may_change)
    with pytest.raises(Problem, match="last_owner"):
        await guest.visit.household.remove(world.home, world.owner.uid)
    await guest.visit.household.pass_on(world.home, newcomer.uid, with_hub=True)
    await other.until(lambda: other.state.session.home and other.state.session.home.is_owner)
    assert world.stored(documents.hub(world.hub.uid))["owner"] == newcomer.uid
    await other.visit.household.pass_on(world.home, world.owner.uid, with_hub=True)
    await guest.until(lambda: guest.state.session.home and guest.state.session.home.is_owner)
    await guest.visit.household.remove(world.home, newcomer.uid)
    await other.until(lambda: other.state.session.home is None)
    await other.visit.close()


async def test_a_copy_of_the_data_and_history_brought_along(world: World, guest: Guest) -> None:
    day = days_ago(1)
    world.hub.ingest(sent(world.quarters(day)))
    await guest.enter(world.owner, routes.DATA)
    data, verbs = guest.state.data, guest.visit.belongings
    await verbs.export("json", 0)
    (copy,) = guest.browser.saved.values()
    assert [each["day"] for each in json.loads(copy)["days"]] == [day.day]
    await verbs.export("csv", int(day.day[:4]))
    assert any(name.endswith(".csv") for name in guest.browser.saved)
    rows = "".join(f"2024-05-01T{hour:02d}:00:00Z,0.5\n" for hour in range(24))
    guest.browser.file = ("old.csv", f"time,house\n{rows}".encode())
    await verbs.offer_file()
    assert data.asking is not None  # nobody can tell what "house" holds
    data.asking.quantities[1] = "import"
    await verbs.send_as_told(data.asking)
    await guest.until(lambda: data.incoming and data.incoming.state == "ready" and data.incoming.preview)
    assert data.incoming is not None
    assert data.incoming.quarters >= 92
    await verbs.bring_in(data.incoming.id)
    await guest.until(lambda: data.incoming and data.incoming.state == "done")
    assert data.incoming.stored == data.incoming.quarters
    guest.visit.moved(routes.HISTORY)
    guest.visit.show(holding(Span.YEAR, dt.date(2024, 5, 1)))
    await guest.until(lambda: guest.state.history.record and guest.state.history.record.days)
    record = guest.state.history.record
    assert record is not None
    assert record.days[dt.date(2024, 5, 1)].energy.import_wh == pytest.approx(11_000, abs=1000)


async def test_meter_hub_and_calibration(world: World, guest: Guest) -> None:
    await guest.enter(world.owner, routes.CALIBRATION)
    devices, verbs = guest.state.devices, guest.visit.fitting
    await guest.until(lambda: devices.meter and devices.hub and devices.outcomes == ())
    await verbs.calibrate("voltage", mv=230_400)
    (command,) = world.stored(documents.downlink(world.meter))["commands"]
    text = json.dumps({"step": "voltage", "verdict": "good", "ratio_ppm": 1_012_000, "version": 2})
    world.hub.ingest([{"type": "result", "meter": world.meter, "command_id": command["id"], "code": 0, "text": text}])
    await guest.until(lambda: devices.outcomes)
    assert devices.outcomes is not None
    assert (devices.outcomes[0].id, devices.outcomes[0].verdict) == (devices.step, "good")
    drafts = [
        ReadingDraft(Draft(day.day), imported=Draft(kwh)) for day, kwh in ((days_ago(9), "1"), (days_ago(2), "9"))
    ]
    with pytest.raises(Problem, match="not_measured"):
        await verbs.fit_bill(drafts)
    with pytest.raises(Problem, match="no_such_release"):
        await verbs.update("77")
    await verbs.consent(True)
    await guest.until(lambda: guest.state.session.home and guest.state.session.home.consents)
    await guest.visit.neighbours.show_code(world.hub.uid)
    assert devices.neighbour_code
    with pytest.raises(Problem, match="wrong_neighbour_code"):
        await guest.visit.neighbours.accept(world.hub.uid, "AAAA-AAAA")
    home = guest.state.session.home
    assert home is not None
    await guest.visit.housekeeping.change("Cottage", home.zone, home.currency, "north-2")
    await guest.until(lambda: guest.state.session.home and guest.state.session.home.area == "north-2")
    await guest.visit.housekeeping.accept_false_alerts(3)
    await guest.until(lambda: guest.state.session.home and guest.state.session.home.false_alerts_per_year == 3)
    await verbs.share(page=True)
    assert devices.page_code
    guest.visit.go(routes.DEVICES)
    await guest.until(lambda: devices.week is not None)
    seaside = world.owner.new_home("Seaside")
    await verbs.move(home.id, seaside)
    await guest.until(lambda: guest.state.session.home and guest.state.session.home.meter is None)
    await verbs.bring_back()
    await guest.until(lambda: guest.state.session.home and guest.state.session.home.meter == world.meter)
    await verbs.release(home.id)
    await guest.until(lambda: guest.state.session.home and guest.state.session.home.meter is None)


async def test_what_one_wants_to_hear_of(world: World, guest: Guest) -> None:
    world.hub.ingest([event(world.meter)])
    await guest.enter(world.owner, routes.ALERT_SETTINGS)
    await guest.until(lambda: guest.state.session.profile and guest.state.inbox.alerts)
    verbs = guest.visit.preferences
    await verbs.choose_language("fr")
    await guest.until(lambda: guest.state.session.profile and guest.state.session.profile.locale == "fr")
    await verbs.hear_of("sag", False)
    await guest.until(lambda: guest.state.session.profile and "sag" in guest.state.session.profile.mutes)
    await verbs.mail("outage", True)
    await guest.until(lambda: guest.state.session.profile and guest.state.session.profile.mailed)
    await verbs.be_quiet("22:30", "07:00")
    await guest.until(lambda: guest.state.session.profile and guest.state.session.profile.quiet == (1350, 420))
    assert await verbs.test_push() == (0, 0)
    assert guest.state.inbox.alerts
    alert = guest.state.inbox.alerts[0]
    await guest.visit.alerts.rate(alert.id, Rating.REAL)
    await guest.visit.alerts.know_load(alert.id)
    await guest.until(lambda: guest.state.session.home and guest.state.session.home.known_loads)
    await guest.visit.alerts.acknowledge(alert.id)
    await guest.until(lambda: guest.state.inbox.alerts and guest.state.inbox.alerts[0].seen_by == world.owner.uid)
    await verbs.show_power_in("W")
    await guest.until(lambda: guest.state.session.profile and guest.state.session.profile.shows.power == "W")


async def test_the_neighbourhood_of_an_operator(stack: Stack, guest: Guest) -> None:
    world = World.made(stack, area="north")
    operator = Person.somebody(world.place)
    give_areas(stack, operator, ["north"])
    health = {"last_ms": time.time_ns() // 1_000_000, "firmware": 7, "model": 3}
    beat = {"type": "heartbeat", "version": "0.1.0", "queue": 2, "meters": {world.meter: health}, "damaged_ms": 0}
    await guest.enter(operator, routes.AREA)
    seen = guest.state.neighbourhood
    await guest.until(lambda: seen.outages == ())
    world.hub.ingest([beat])
    await guest.until(lambda: seen.roster and seen.roster.meters == (world.meter,))
    await guest.until(lambda: seen.hubs)
    assert seen.hubs[world.hub.uid].version == "0.1.0"
    await guest.visit.operating.command(world.meter, "ping", "does not answer")
    await guest.until(lambda: seen.commands)
    assert seen.commands is not None
    assert (seen.commands[0].name, seen.commands[0].state) == ("ping", "sent")
    with pytest.raises(Problem, match="nobody_consents"):
        await guest.visit.operating.shed("30", "transformer too hot")


async def test_a_home_and_an_account_go(world: World, guest: Guest) -> None:
    await guest.enter(world.owner, routes.DELETE)
    with pytest.raises(Problem, match="name_differs"):
        await guest.visit.belongings.delete_home("another")
    fates = {world.home: "delete"}
    await guest.visit.belongings.delete_account(world.owner.email, world.owner.password, fates)
    assert guest.state.session.phase is Phase.SIGNED_OUT
    await until(lambda: not world.db.document(documents.home(world.home)).get().exists)
