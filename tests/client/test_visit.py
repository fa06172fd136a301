"""A visit without any screen: what it reads, what it stops reading, and when."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

import pytest

from sunmeter_app.contract import documents
from sunmeter_app.data.identity import Tokens
from sunmeter_app.lease import RETRY_S, keep_lease
from sunmeter_app.model.live import Freshness
from sunmeter_app.model.period import Against, Span, holding
from sunmeter_app.problems import Problem
from sunmeter_app.state import Lease, Phase, Way
from sunmeter_app.visit import TELL_ADDRESS_AFTER_S, Visit
from sunmeter_app.watches import Watches, Work

from . import scenes
from .conftest import Clock
from .fake_backend import FakeBrowser, FakeWorld
from .fake_functions import make_home


class Sleeper:
    """Sleep that ends when the test says so; time then stands where the sleeper wanted to wake."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._waiting: list[tuple[float, asyncio.Event]] = []

    async def __call__(self, seconds: float) -> None:
        awake = asyncio.Event()
        self._waiting.append((self._clock.now_s + seconds, awake))
        await awake.wait()

    @property
    def wakes_at(self) -> list[float]:
        return sorted(at for at, event in self._waiting if not event.is_set())

    async def pass_to(self, now_s: float) -> None:
        """Lets time pass, waking who wanted to be woken on the way."""
        while (due := [entry for entry in self._waiting if entry[0] <= now_s]) != []:
            at, event = min(due, key=lambda entry: entry[0])
            self._waiting.remove((at, event))
            self._clock.now_s = max(self._clock.now_s, at)
            event.set()
            await settle()
        self._clock.now_s = now_s
        await settle()


async def settle() -> None:
    for _ in range(40):
        await asyncio.sleep(0)


# Asked anew each time: to a type checker an attribute that was compared once keeps its value.


def lease_of(visit: Visit) -> Lease:
    return visit.state.way.lease


def freshness_of(visit: Visit) -> Freshness:
    return visit.state.way.freshness


def phase_of(visit: Visit) -> Phase:
    return visit.state.session.phase


@pytest.fixture
def clock() -> Clock:
    return Clock(scenes.NOW_S)


@pytest.fixture
def sleeper(clock: Clock) -> Sleeper:
    return Sleeper(clock)


@pytest.fixture
def led() -> list[str]:
    """Where the browser was led."""
    return []


@pytest.fixture
async def visit(world: FakeWorld, clock: Clock, sleeper: Sleeper, led: list[str]) -> AsyncIterator[Visit]:
    """A visit to a furnished world by somebody whose browser remembers the sign-in."""
    scenes.furnished(world)
    memory = FakeBrowser(**{"sunmeter.sign_in": "refresh-uid-1"})
    opened = Visit(world.backend, memory, led.append, clock, sleeper)
    yield opened
    await opened.close()
    assert world.database.watching == []


async def test_an_open_home_reads_what_its_screens_show_and_nothing_else(visit: Visit, world: FakeWorld) -> None:
    await visit.start("/")
    await settle()
    home = f"homes/{scenes.HOME}"
    assert sorted(world.database.watching) == [
        "homes",
        f"{home}/alerts",
        f"{home}/days/2026-06-18",
        f"{home}/insight/forecast",
        f"{home}/insight/model",
        f"{home}/live/now",
        "users/uid-1",
    ]


async def test_a_hidden_tab_asks_for_nothing_live(visit: Visit, world: FakeWorld) -> None:
    await visit.start("/")
    await settle()
    visit.hidden()
    await settle()
    assert documents.live(scenes.HOME) not in world.database.watching
    assert lease_of(visit) is Lease.IDLE
    visit.shown()
    await settle()
    assert lease_of(visit) is Lease.HELD


async def test_a_lost_browser_stops_everything_and_its_return_starts_it_again(visit: Visit, world: FakeWorld) -> None:
    await visit.start("/")
    await settle()
    before = sorted(world.database.watching)
    visit.disconnected()
    await settle()
    assert world.database.watching == []
    visit.connected()
    await settle()
    assert sorted(world.database.watching) == before


async def test_at_midnight_of_the_home_a_new_day_begins(visit: Visit, world: FakeWorld, sleeper: Sleeper) -> None:
    await visit.start("/alerts")
    await settle()
    midnight = dt.datetime(2026, 6, 19, tzinfo=scenes.ZONE).timestamp()
    await sleeper.pass_to(midnight + 1)
    assert documents.day(scenes.HOME, "2026-06-19") in world.database.watching
    assert documents.day(scenes.HOME, "2026-06-18") not in world.database.watching
    assert visit.state.today.day is not None
    assert visit.state.today.day.is_empty


async def test_prices_of_tomorrow_are_looked_for_each_hour_until_they_are_there(
    visit: Visit, world: FakeWorld, sleeper: Sleeper
) -> None:
    scenes.with_market(world)
    path = documents.prices(scenes.HOME, "2026-06")
    whole = world.database.documents[path]
    world.database.put(path, scenes.market_document(scenes.NOW.date()))
    await visit.start("/")
    await settle()
    await sleeper.pass_to(scenes.NOW_S + 3500)
    assert world.database.looks.count(path) == 1
    world.database.put(path, whole)
    await sleeper.pass_to(scenes.NOW_S + 6 * 3600)
    assert world.database.looks.count(path) == 2
    assert visit.state.money.spot == {"2026-06": whole}


async def test_a_reading_grows_old_while_nothing_comes(visit: Visit, clock: Clock, sleeper: Sleeper) -> None:
    await visit.start("/")
    await settle()
    assert freshness_of(visit) is Freshness.LIVE
    await sleeper.pass_to(scenes.NOW_S + 20)
    assert freshness_of(visit) is Freshness.LATE
    await sleeper.pass_to(scenes.NOW_S + 70)
    assert freshness_of(visit) is Freshness.STALE


async def test_the_lease_is_renewed_halfway_through(visit: Visit, world: FakeWorld, sleeper: Sleeper) -> None:
    await visit.start("/")
    await settle()
    assert world.functions.names() == ["lease"]
    await sleeper.pass_to(scenes.NOW_S + 59)
    assert world.functions.names() == ["lease"]
    await sleeper.pass_to(scenes.NOW_S + 60)
    assert world.functions.names() == ["lease", "lease"]


async def test_being_removed_from_a_home_closes_it(visit: Visit, world: FakeWorld) -> None:
    await visit.start("/")
    await settle()
    world.database.change(f"homes/{scenes.HOME}", member_uids=["uid-99"])
    await settle()
    assert phase_of(visit) is Phase.NO_HOME
    assert visit.state.live.reading is None
    assert visit.state.inbox.alerts is None


async def test_another_home_is_shown_without_a_trace_of_the_first(visit: Visit, world: FakeWorld) -> None:
    world.database.put("homes/cottage", make_home("uid-1", name="Cottage"))
    await visit.start("/")
    await settle()
    await visit.open_home(scenes.HOME)
    await settle()
    assert visit.state.live.reading is not None
    await visit.open_home("cottage")
    assert visit.state.session.home is not None
    assert visit.state.session.home.name == "Cottage"
    assert visit.state.live.reading is None
    await settle()
    assert visit.state.inbox.alerts == ()
    assert not any(path.startswith(f"homes/{scenes.HOME}/") for path in world.database.watching)


async def test_the_address_tells_historys_period_and_a_visit_that_begins_there_shows_it(
    visit: Visit, clock: Clock, sleeper: Sleeper, led: list[str]
) -> None:
    await visit.start("/history?month=2026-04-01&against=year")
    await settle()
    april = holding(Span.MONTH, dt.date(2026, 4, 1))
    assert (visit.state.history.period, visit.state.history.against) == (april, Against.YEAR)
    assert visit.state.ui.route == "/history"
    visit.show(april.shifted(-1))
    visit.show(april.shifted(-2))
    await settle()
    assert led == []  # who leafs is let leaf
    await sleeper.pass_to(clock.now_s + TELL_ADDRESS_AFTER_S)
    assert led == ["/history?month=2026-02-01&against=year"]
    visit.moved(led[-1])  # the browser says where it was led
    assert visit.state.history.period == april.shifted(-2)
    visit.moved("/history?month=2026-04-01&against=year")  # the way back
    assert visit.state.history.period == april
    visit.go("/")
    visit.go("/history")
    assert led[-1] == "/history?month=2026-04-01&against=year"  # as it was left
    visit.moved("/history")
    await settle()
    assert visit.state.history.period == holding(Span.DAY, dt.date(2026, 6, 18))
    await sleeper.pass_to(clock.now_s + TELL_ADDRESS_AFTER_S)
    assert led[-1] == "/history?month=2026-04-01&against=year"  # today needs no word


async def test_a_verified_address_is_noticed_without_a_click(world: FakeWorld, clock: Clock, sleeper: Sleeper) -> None:
    person = world.identity.add("new@example.com", "a short sentence", is_verified=False)
    visit = Visit(world.backend, FakeBrowser(), lambda route: None, clock, sleeper)
    await visit.start("/")
    await visit.account.sign_in("new@example.com", "a short sentence")
    await sleeper.pass_to(clock.now_s + 5)
    assert phase_of(visit) is Phase.UNVERIFIED
    person.is_verified = True
    await sleeper.pass_to(clock.now_s + 5)
    assert phase_of(visit) is Phase.NO_HOME
    await visit.close()


async def test_an_answer_that_comes_after_signing_out_lets_nobody_in_again(
    visit: Visit, world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await visit.start("/")
    identity, answered = world.identity, asyncio.Event()
    ada = next(iter(identity.people.values()))
    identity.add("bob@example.org", "password-2")
    refresh, sign_in = identity.refresh, identity.sign_in

    async def refreshed(token: str) -> Tokens:
        await answered.wait()
        return await refresh(token)

    async def signed_in(email: str, password: str) -> Tokens:
        if email == ada.email:
            await answered.wait()
        return await sign_in(email, password)

    monkeypatch.setattr(identity, "refresh", refreshed)
    monkeypatch.setattr(identity, "sign_in", signed_in)
    asked = [
        asyncio.ensure_future(visit.account.check_verified()),
        asyncio.ensure_future(visit.account.sign_in_again(ada.password)),
    ]
    await settle()
    await visit.sign_out()
    await visit.account.sign_in("bob@example.org", "password-2")
    answered.set()
    for each in asked:
        with pytest.raises(Problem, match="signed_out"):
            await each
    assert visit.state.session.person is not None
    assert visit.state.session.person.email == "bob@example.org"
    assert identity.by_token(await visit.account.id_token()).email == "bob@example.org"


async def test_what_is_out_of_reach_at_the_start_is_asked_again_until_it_answers(
    world: FakeWorld, clock: Clock
) -> None:
    scenes.furnished(world)
    world.identity.is_reachable = False
    memory = FakeBrowser(**{"sunmeter.sign_in": "refresh-uid-1"})
    told: list[tuple[Phase, str]] = []

    async def nap(seconds: float) -> None:
        told.append((opened.state.session.phase, opened.state.session.notice))
        world.identity.is_reachable = len(told) == 3
        await asyncio.sleep(0)

    opened = Visit(world.backend, memory, lambda route: None, clock, nap)
    await opened.start("/")
    assert told[:3] == [(Phase.STARTING, "unreachable")] * 3
    assert opened.state.session.person is not None
    assert (opened.state.session.notice, opened.state.session.phase is Phase.SIGNED_OUT) == ("", False)
    await opened.close()


async def test_an_account_exists_even_when_only_its_mail_failed(
    world: FakeWorld, clock: Clock, sleeper: Sleeper
) -> None:
    async def no_mail(id_token: str) -> None:
        raise Problem("too_many_attempts_try_later")

    world.identity.send_verification = no_mail  # type: ignore[method-assign]
    visit = Visit(world.backend, FakeBrowser(), lambda route: None, clock, sleeper)
    await visit.start("/sign-up")
    await visit.account.sign_up("new@example.com", "a short sentence")
    assert phase_of(visit) is Phase.UNVERIFIED
    await visit.close()


async def test_the_home_of_an_alert_stays_open_when_the_alert_is_left(
    world: FakeWorld, clock: Clock, sleeper: Sleeper
) -> None:
    scenes.furnished(world)
    world.database.put("homes/cottage", make_home("uid-1", "Cottage", hub=None, meter=None))
    memory = FakeBrowser(**{"sunmeter.sign_in": "refresh-uid-1", "sunmeter.home": scenes.HOME})
    visit = Visit(world.backend, memory, lambda route: None, clock, sleeper)
    await visit.start("/alerts/cottage/sag-1")
    await settle()
    visit.moved("/members")
    world.database.change(f"homes/{scenes.HOME}", name="Villa")
    await settle()
    assert visit.state.session.home is not None
    assert visit.state.session.home.id == "cottage"
    await visit.close()


# --- the lease by itself ---------------------------------------------------------------------------------------------


async def test_a_refused_lease_is_asked_for_again_later_and_tells_why(clock: Clock, sleeper: Sleeper) -> None:
    problem = Problem("live_used_up", sentence="Tomorrow.")
    answers: list[Problem | dict[str, int]] = [problem, {"lease_until_ms": 0}]

    async def ask() -> dict[str, int]:
        answer = answers.pop(0)
        if isinstance(answer, Problem):
            raise answer
        return answer

    way = Way()
    task = asyncio.create_task(keep_lease(ask, way, clock, sleeper))
    await settle()
    assert (way.lease, way.refusal) == (Lease.REFUSED, problem)
    assert sleeper.wakes_at == [clock.now_s + RETRY_S]
    await sleeper.pass_to(clock.now_s + RETRY_S)
    assert (way.lease, way.refusal) == (Lease.HELD, None)
    task.cancel()
    await settle()
    assert way.lease is Lease.IDLE


# --- watches ---------------------------------------------------------------------------------------------------------


async def test_watches_run_what_is_wanted_once_and_leave_the_rest_alone() -> None:
    started: list[str] = []

    def work(name: str) -> Work:
        async def run() -> None:
            started.append(name)
            await asyncio.Event().wait()

        return run

    watches = Watches(lambda key, error: None)
    watches.want({("a",): work("a"), ("b",): work("b")})
    watches.want({("b",): work("b"), ("c",): work("c")})
    await settle()
    assert started == ["b", "c"]
    assert watches.running == {("b",), ("c",)}
    await watches.stop()
    assert watches.running == set()


async def test_a_watch_that_fails_is_told_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    failed: list[tuple[str, ...]] = []

    async def fail() -> None:
        raise ValueError("broken document")

    async def live() -> None:
        await asyncio.Event().wait()

    watches = Watches(lambda key, error: failed.append(key))
    watches.want({("bad",): fail, ("good",): live})
    await settle()
    assert failed == [("bad",)]
    assert watches.running == {("good",)}
    assert [record.message for record in caplog.records] == ["watch ended"]
    caplog.clear()
    await watches.stop()
