"""What people bring and take: history from files comes in after a preview, everything goes out and comes in again."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contract.documents import DAY_COLUMNS, unpack
from contract.ledger import IMPORTED, MEASURED
from dev.actors import Denied, Json, Person
from dev.stack import Stack
from dev.triggers import triggers_lost
from sunmeter import exports, imports, reconcile, tariffs
from sunmeter.domain.refusals import Refused
from tests.emulator.inprocess import Functions, Killed
from tests.emulator.world import World, days_ago, event, eventually, joins, refused, sent

pytestmark = pytest.mark.stack

FIRST = dt.date(2024, 2, 1)
FLAT: Json = {"kind": "flat", "price_micro": 250_000}


def hours(days: int, first: dt.date = FIRST, kwh: str = "0.4") -> str:
    """A year-old file of hourly energies, in UTC."""
    rows = [
        f"{first + dt.timedelta(days=hour // 24)} {hour % 24:02}:00:00,{kwh},0.1,0.2\n" for hour in range(24 * days)
    ]
    return "utc_timestamp,grid_import_kwh,grid_export_kwh,pv_kwh\n" + "".join(rows)


def sends(owner: Person, home: str, text: str, pieces: int = 1, **options: Any) -> tuple[str, Json]:
    """Uploads a file in pieces of whole lines; the job and what the last piece answered."""
    job = owner.call("importstart", home=home, name="old.csv", head=text[:50_000], options=options)["job"]
    lines = text.splitlines(keepends=True)
    size = -(-len(lines) // pieces)
    answer: Json = {}
    for number in range(-(-len(lines) // size)):
        part = lines[number * size : (number + 1) * size]
        last = (number + 1) * size >= len(lines)
        answer = owner.call("importpiece", home=home, job=job, number=number, text="".join(part), last=last)
    return job, answer


def brought_in(owner: Person, home: str, job: str) -> Json:
    owner.call("importapply", home=home, job=job)
    return eventually(lambda: _if_done(owner.expect(f"homes/{home}/jobs/{job}")), within_s=120)


def _if_done(job: Json) -> Json | None:
    return job if job["state"] == "done" else None


def exported(person: Person, home: str, **what: Any) -> str:
    """The whole file, put together as the app does."""
    started = person.call("exportstart", home=home, **what)
    cursor, text = started["cursor"], ""
    while cursor:
        page = person.call("exportpage", home=home, export=started["export"], cursor=cursor)
        text, cursor = text + page["text"], page["cursor"]
    assert person.expect(f"homes/{home}/jobs/{started['export']}")["state"] == "done"
    return text


def test_a_file_is_shown_as_it_was_understood_and_then_brought_in(world: World) -> None:
    owner, home = world.owner, world.home
    owner.call("settariff", home=home, tariff={"valid_from": "2020-01-01", "import": FLAT})
    understood = owner.call("importstart", home=home, name="old.csv", head=hours(2))["understood"]
    assert (understood["format"], understood["zone"], understood["step_s"]) == ("opsd", "UTC", 3600)
    job, answer = sends(owner, home, hours(29), pieces=3)
    assert (answer["state"], answer["errors_n"], answer["doubles"], answer["gaps_n"]) == ("ready", 0, 0, 0)
    preview = answer["preview"]
    assert (preview["quarters"], preview["partial"]) == (29 * 96, 0)
    assert preview["energy_wh"]["import_wh"] == pytest.approx(29 * 24 * 400)
    assert dt.datetime.fromtimestamp(preview["from_s"], dt.UTC).date() == FIRST
    assert owner.list(f"homes/{home}/days") == {}  # nothing is stored before its owner says so
    done = brought_in(owner, home, job)
    assert (done["stored"], done["kept"]) == (29 * 96, 0)
    day = owner.expect(f"homes/{home}/days/2024-02-15")
    assert set(unpack(DAY_COLUMNS["quality"], day["columns"]["quality"])) == {IMPORTED}
    assert day["totals"]["import_wh"] == pytest.approx(24 * 400)
    assert day["measured_permille"] == 0
    assert day["money"]["import_micro"] == pytest.approx(24 * 0.4 * FLAT["price_micro"])
    assert not list(world.db.collection(f"homes/{home}/jobs/{job}/batches").stream())
    month = eventually(lambda: owner.get(f"homes/{home}/months/2024-02"), within_s=60)
    assert month["days"]


def test_measured_quarters_stay_as_they_are(world: World) -> None:
    day = days_ago(3)
    world.hub.ingest(sent(world.quarters(day, 10)))
    start = dt.datetime.fromtimestamp(day.start_s, dt.UTC)
    rows = [f"{start + dt.timedelta(hours=hour):%Y-%m-%d %H:%M:%S},5,0,0\n" for hour in range(24)]
    job, _ = sends(world.owner, world.home, hours(1).splitlines()[0] + "\n" + "".join(rows))
    done = brought_in(world.owner, world.home, job)
    assert (done["stored"], done["kept"]) == (86, 10)
    stored = world.day(day)
    assert unpack(DAY_COLUMNS["quality"], stored["columns"]["quality"]) == [MEASURED] * 10 + [IMPORTED] * 86
    assert unpack(DAY_COLUMNS["import_mwh"], stored["columns"]["import_mwh"])[9] == 100_000
    world.hub.ingest(sent(world.quarters(day)))  # the hub's backlog comes later, and holds
    assert unpack(DAY_COLUMNS["quality"], world.day(day)["columns"]["quality"]) == [MEASURED] * 96
    assert (world.day(day)["regs0"], world.day(day)["totals"]["import_wh"]) == ([0, 0, 0, 0], 9600.0)


def test_a_piece_sent_twice_counts_once_and_one_too_early_not_at_all(world: World) -> None:
    owner, home, text = world.owner, world.home, hours(2)
    job = owner.call("importstart", home=home, name="x", head=text)["job"]
    half = text.index("\n", len(text) // 2) + 1
    with refused("wrong_piece"):
        owner.call("importpiece", home=home, job=job, number=1, text=text[half:], last=True)
    first = owner.call("importpiece", home=home, job=job, number=0, text=text[:half])
    assert owner.call("importpiece", home=home, job=job, number=0, text=text[:half]) == first
    for _ in range(2):
        answer = owner.call("importpiece", home=home, job=job, number=1, text=text[half:], last=True)
        assert answer["preview"]["energy_wh"]["import_wh"] == pytest.approx(2 * 24 * 400)
    with refused("malformed"):
        owner.call("importpiece", home=home, job=job, number=2, text="cut in the middle of a li")


def test_errors_are_told_by_line_and_column(world: World) -> None:
    text = hours(1).replace("2024-02-01 05:00:00,0.4", "2024-02-01 05:00:00,o.4")
    _, answer = sends(world.owner, world.home, text, pieces=2)
    assert answer["errors"] == [{"line": 7, "column": "grid_import_kwh", "value": "o.4", "code": "malformed_number"}]
    assert (answer["preview"]["quarters"], answer["preview"]["partial"]) == (92, 4)
    assert answer["gaps_n"] == 1


def test_only_owners_import_and_what_is_no_history_is_refused(world: World) -> None:
    member = joins(world.owner, world.home, Person.somebody(world.place))
    with refused("owners_only"):
        member.call("importstart", home=world.home, name="x", head=hours(1))
    with refused("not_understood"):
        world.owner.call("importstart", home=world.home, name="x", head="dear diary")
    job, answer = sends(world.owner, world.home, hours(2, dt.date(2099, 1, 1)))
    assert answer["errors_n"] > 0
    with refused("nothing_to_import"):
        world.owner.call("importapply", home=world.home, job=job)
    world.owner.call("importcancel", home=world.home, job=job)
    with refused("no_such_job"):
        world.owner.call("importapply", home=world.home, job=job)
    with refused("no_such_job"):
        world.owner.call("importpiece", home=world.home, job=job, number=0, text="\n")


def test_an_import_whose_instance_dies_anywhere_is_whole_in_the_end(stack: Stack) -> None:
    world = World.made(stack)
    text, finished, cut_at = hours(3, dt.date(2024, 1, 30)), False, 1
    with triggers_lost(stack):
        while not finished:
            job, _ = sends(world.owner, world.home, text)
            functions = Functions.of(stack, world.hub.uid)
            reference = world.db.document(f"homes/{world.home}/jobs/{job}")
            reference.update({"state": "applying", "applied": [], "stored": 0, "kept": 0})
            functions.wire.cut_at, functions.wire.cut_after = cut_at, cut_at % 2 == 1
            try:
                imports.run({"home": world.home, "job": job}, functions.cloud)
                finished = True
            except Killed:
                functions.wire.cut_at = None
                reconcile.retry_imports(functions.cloud)
                for task in functions.tasks.values():
                    imports.run(task.data, functions.cloud)
            found = reference.get().to_dict() or {}
            assert (found["state"], found["kept"]) == ("done", 0), f"died at call {cut_at}"
            days = world.owner.list(f"homes/{world.home}/days")
            assert sum(day["totals"]["import_wh"] for day in days.values()) == pytest.approx(3 * 24 * 400)
            cut_at += 2
    assert cut_at > 8


def test_a_year_as_csv_and_everything_as_json_go_out_and_come_in_again(world: World) -> None:
    owner, home = world.owner, world.home
    for number in (40, 3, 2):
        world.hub.ingest(sent(world.quarters(days_ago(number), rev=1_700_000_000_000)))
    world.hub.ingest([event(world.meter)])
    owner.call("ratealert", home=home, alert=f"{world.meter}-7-40", rating="real")
    viewer = joins(owner, home, Person.somebody(world.place), "viewer")
    text = exported(viewer, home, format="json")
    told = json.loads(text)
    assert [day["day"] for day in told["days"]] == [days_ago(number).day for number in (40, 3, 2)]
    assert told["meters"] == [{"meter": world.meter, "from_s": 0, "to_s": None}]
    assert told["home"]["members"] == {"owner": 1, "viewer": 1}
    assert [alert["kind"] for alert in told["alerts"]] == ["overuse"]
    for name in (owner.uid, owner.email, viewer.uid, viewer.email):
        assert name not in text
    other = World.made(world.stack)
    job, answer = sends(other.owner, other.home, text)
    assert (answer["preview"]["quarters"], answer["errors_n"]) == (3 * 96, 0)
    brought_in(other.owner, other.home, job)
    for number in (40, 3, 2):
        mine, theirs = world.day(days_ago(number)), other.day(days_ago(number))
        assert mine["totals"] == theirs["totals"]
        for column in ("import_mwh", "export_mwh", "pv_mwh", "standby_mwh"):
            assert mine["columns"][column] == theirs["columns"][column]
    year = int(days_ago(3).day[:4])
    csv = exported(owner, home, format="csv", year=year)
    lines = csv.splitlines()
    assert lines[0].startswith("start_utc,")
    assert csv.count("start_utc") == 1
    in_year = sum(days_ago(number).day.startswith(str(year)) for number in (40, 3, 2))
    assert len(lines) == 1 + 96 * in_year
    _, again = sends(other.owner, other.home, csv)
    assert (again["preview"]["quarters"], again["errors_n"]) == (96 * in_year, 0)


def test_a_home_without_days_has_an_export_too_and_strangers_get_none(world: World) -> None:
    assert json.loads(exported(world.owner, world.home, format="json"))["days"] == []
    stranger = Person.somebody(world.place)
    with refused("no_such_home"):
        stranger.call("exportstart", home=world.home, format="json")
    job = world.owner.call("exportstart", home=world.home, format="json")["export"]
    with refused("no_such_home"):
        stranger.call("exportpage", home=world.home, export=job, cursor="head")
    world.owner.call("invite", home=world.home, role="member", email="cid@example.org")
    for cursor in ("days/../x", "days/2024-99-99", "days/2024-13", "invitations/", "months/", "nothing/", "", "x"):
        with refused("out_of_range" if cursor in ("", "days/2024-99-99") else "malformed"):
            world.owner.call("exportpage", home=world.home, export=job, cursor=cursor)
    with pytest.raises(Denied):
        stranger.get(f"homes/{world.home}/jobs/{job}")


def test_who_begins_anew_without_end_is_told_to_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file left to lie takes months of documents, a tariff changed to and fro prices years of days each time."""
    functions = Functions.of(world.stack, world.hub.uid)
    ada, home = world.owner.uid, world.home
    tariff: Json = {"valid_from": "2024-01-01", "currency": "EUR", "import": FLAT}

    def starts_import(_: int) -> Json:
        return functions.call(imports.start, ada, home=home, name="x.csv", head=hours(1))

    def starts_export(_: int) -> Json:
        return functions.call(exports.start, ada, home=home, format="json")

    def changes_tariff(number: int) -> Json:
        price = {**FLAT, "price_micro": number}
        return functions.call(tariffs.set_tariff, ada, home=home, tariff={**tariff, "import": price})

    begins: list[tuple[Any, str, Callable[[int], Json]]] = [
        (imports, "STARTS", starts_import),
        (exports, "STARTS", starts_export),
        (tariffs, "CHANGES", changes_tariff),
    ]
    for module, name, begin in begins:
        monkeypatch.setattr(module, name, replace(getattr(module, name), most=2))
        for number in (1, 2):
            begin(number)
        with pytest.raises(Refused, match="try_later"):
            begin(3)
        functions.now_ms += 86_400_000
        begin(3)
