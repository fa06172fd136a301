"""Nights that go by what the night before kept, on the emulators: as much is learnt, and little is read."""

import contextlib
import datetime as dt
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import pytest

from bench._cost_history import fill
from contract import documents
from contract.ledger import LocalDay, Registers
from dev.actors import Json
from dev.stack import Stack
from dev.triggers import triggers_lost
from sunmeter import alerts, erasing, exports, judge, night, training
from sunmeter.domain import kept, spot, tariff
from sunmeter.night import Known
from tests.emulator.inprocess import Functions
from tests.emulator.world import ZONE, World, days_ago, event, quarter, quarters, sent

pytestmark = [pytest.mark.stack, pytest.mark.slow]

MOST_READ = 30  # documents of a home in a usual night
FILLED_DAYS = 50
FIRST = 4  # days ago: the day of the first night
DYNAMIC = {"valid_from": "2020-01-01", "import": {"kind": "dynamic", "price_micro": 20_000}}
BETTER = Registers(120_000, 0, 30_000, 0)  # what a quarter counts that is told anew


@dataclass
class Nights:
    """A home with a past, a tariff by market prices and rated alerts, and its functions."""

    world: World
    functions: Functions = field(init=False)
    read: list[int] = field(default_factory=list)  # documents, by night
    copies_written: list[int] = field(default_factory=list)
    said: list[Json] = field(default_factory=list)  # what each night told of itself

    def __post_init__(self) -> None:
        stack = self.world.stack
        self.functions = Functions.of(stack, self.world.hub.uid, 0)

    def live(self, ago: int) -> None:
        """The hub brings a day."""
        day = days_ago(ago)
        self.functions.now_ms = day.end_s * 1000
        self.tell(day, sent(quarters(self.world.meter, day, day.quarters)))

    def tell(self, day: LocalDay, items: list[Json]) -> None:
        path = documents.day(self.world.home, day.day)
        before = self.world.db.document(path).get().to_dict()
        assert self.functions.send(items).status_code == 200
        self.functions.trigger(self.world.home, day.day, before, self.world.stored(path))

    def pass_by(self, ago: int) -> int:
        """The night after a day; the documents that it read."""
        before = self.functions.wire.reads
        self.functions.now_ms = days_ago(ago).end_s * 1000 + 1_800_000
        with contextlib.redirect_stdout(io.StringIO()) as log:
            training.train({"home": self.world.home, "day": days_ago(ago).day}, self.functions.cloud)
        told = [json.loads(line) for line in log.getvalue().splitlines()]
        self.said += [line for line in told if line["message"] == "trained"]
        return self.functions.wire.reads - before

    def known(self) -> Known:
        """What the last night would know."""
        profile = self.world.stored(documents.home(self.world.home))
        _, known, _ = training._known(self.functions.cloud, self.world.home, profile, days_ago(1).day)
        return known

    def known_anew(self) -> Known:
        """What it would know if nothing had been kept."""
        there = self.kept()
        for name in there:
            self.world.db.document(documents.kept(self.world.home, name)).delete()
        known = self.known()
        for name, fields in there.items():
            self.keep(name, fields)
        return known

    def update_times(self) -> set[tuple[str, dt.datetime]]:
        """Of the copies that are kept."""
        found = self.world.db.collection(f"homes/{self.world.home}/kept").stream()
        return {(each.id, each.update_time) for each in found}

    def keep(self, name: str, fields: Json) -> None:
        self.world.db.document(documents.kept(self.world.home, name)).set(fields)

    def kept(self) -> dict[str, Json]:
        return {
            each.id: each.to_dict() or {} for each in self.world.db.collection(f"homes/{self.world.home}/kept").stream()
        }

    def rate(self, number: int, rating: str) -> None:
        told = event(self.world.meter, boot_id=number, start_boot=number, ts_ms=self.functions.now_ms)
        assert self.functions.send([told, {**told, "phase": "end", "seq": 55}]).status_code == 200
        alert = documents.meter_alert_id(self.world.meter, number, 40)
        self.functions.call(alerts.rate, self.world.owner.uid, home=self.world.home, alert=alert, rating=rating)


def payload(known: Known) -> bytes:
    made = night.learn(replace(known, served=(None, None)), 7).trained.payload
    assert made is not None
    return made


@pytest.fixture(scope="module")
def nights(session_stack: Stack) -> Iterator[Nights]:
    """After the first night, which finds nothing kept, and three usual ones."""
    session_stack.clear()
    with triggers_lost(session_stack):  # they are told by hand
        world = World.made(session_stack)
        give_tariff(world)
        fill(world, days_ago(FIRST), FILLED_DAYS)
        a_year_of_prices(world)
        made = Nights(world)
        for ago in range(FIRST, 0, -1):
            made.live(ago)
            if ago == FIRST:
                for number, rating in enumerate(("real", "not_real", "not_real", "none"), start=1):
                    made.rate(number, rating)
            before = made.update_times()
            made.read.append(made.pass_by(ago))
            made.copies_written.append(len(made.update_times() - before))
        yield made
    session_stack.clear()


def give_tariff(world: World) -> None:
    """As `settariff` does, but for the task that prices the past: in its own time it would change every day."""
    rated = tariff.parse(DYNAMIC, "EUR")
    world.db.document(documents.tariff(world.home, rated.valid_from)).set(tariff.write(rated))
    world.db.document(documents.home(world.home)).update({"tariffs": [rated.valid_from], "tariff_rev": 1})


def a_year_of_prices(world: World) -> None:
    long_ago = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    for month in sorted({days_ago(ago).month for ago in range(0, 366, 14)}):
        priced, _ = spot.merge(None, month, ZoneInfo(ZONE), "import", {})
        world.db.document(documents.prices(world.home, month)).set({**priced, "updated": long_ago})


def test_a_usual_night_reads_at_most_30_documents_and_learns_what_it_would_from_all(
    nights: Nights, record_property: Callable[[str, object], None]
) -> None:
    record_property("documents_a_night", nights.read)
    print(f"documents of a home, the first night and usual ones: {nights.read}")
    assert max(nights.read[1:]) <= MOST_READ
    assert [night["rebuilt"] for night in nights.said] == ["minutes,months,prices,ratings", "", "", ""]
    assert [night["days_read"] for night in nights.said[1:]] == [1, 2, 3]
    assert max(nights.copies_written[1:]) == 1
    assert days_ago(1).day in nights.kept()["minutes"]["days"]  # written once three days waited

    from_kept, anew = nights.known(), nights.known_anew()
    assert (from_kept.feedback.real, from_kept.feedback.not_real) == (1, 2)
    assert from_kept == anew
    assert payload(from_kept) == payload(anew)


def test_a_night_that_runs_twice_learns_once(nights: Nights) -> None:
    before = nights.kept()
    assert nights.pass_by(1) == 2  # the home, and what it learnt last
    assert nights.kept() == before


def test_a_day_that_changes_late_is_learnt_as_it_is_now(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    before, day = nights.known(), days_ago(FIRST)
    late = [quarter(nights.world.meter, day.start_s + 900 * index, BETTER, BETTER, rev=2**41) for index in range(20)]
    nights.tell(day, sent(replace(each, minutes={**each.minutes, "grid_w": (900,) * 15}) for each in late))
    known, anew = nights.known(), nights.known_anew()
    assert known == anew
    assert known.days != before.days
    monkeypatch.setattr(kept, "changed_days", lambda *told: [])  # a build that takes what is kept for what is
    assert nights.known() != anew


def test_what_another_version_kept_is_made_again(nights: Nights) -> None:
    anew, there = nights.known_anew(), nights.kept()
    for name, fields in there.items():
        nights.keep(name, {**fields, "v": 0, "days": {}, "months": {}, "alerts": {}})
    assert nights.known() == anew
    for name, fields in there.items():
        nights.keep(name, fields)


def test_a_rating_that_is_taken_back_or_given_later_counts_from_the_next_night_on(nights: Nights) -> None:
    nights.functions.now_ms += 7_200_000
    alert = documents.meter_alert_id(nights.world.meter, 1, 40)
    nights.functions.call(alerts.rate, nights.world.owner.uid, home=nights.world.home, alert=alert, rating="none")
    nights.rate(9, "not_real")
    known, anew = nights.known(), nights.known_anew()
    assert (known.feedback.real, known.feedback.not_real) == (0, 3)
    assert known.feedback == anew.feedback


def test_what_is_kept_is_no_part_of_an_export(nights: Nights) -> None:
    world, functions = nights.world, nights.functions
    started = functions.call(exports.start, world.owner.uid, home=world.home, format="json")
    cursor, text = started["cursor"], ""
    while cursor and not cursor.startswith(exports.DAYS):
        call = {"home": world.home, "export": started["export"], "cursor": cursor}
        page = functions.call(exports.page, world.owner.uid, **call)
        text, cursor = text + page["text"], page["cursor"]
    assert '"insight":[' in text
    assert '"kept":[' not in text


def test_a_home_that_is_deleted_during_its_night_leaves_nothing(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, cloud = nights.world, nights.functions.cloud
    judged = judge.night

    def deleted_meanwhile(*told: object) -> None:
        judged(*told)  # type: ignore[arg-type]
        erasing.bury(cloud, world.home)
        erasing.run({"home": world.home}, cloud)

    monkeypatch.setattr(judge, "night", deleted_meanwhile)
    world.db.document(documents.insight(world.home, "model")).delete()  # as if the night were not over
    nights.pass_by(1)
    assert nights.kept() == {}
    assert list(world.db.collection(f"homes/{world.home}/insight").stream()) == []
