"""What a home takes along: whole, readable, and readable again by this project."""

import datetime as dt
import json
from zoneinfo import ZoneInfo

from sunmeter.contract import ledger
from sunmeter.contract.ledger import Registers
from sunmeter.domain import days, exports
from sunmeter.domain.imports import batches, detect
from sunmeter.domain.imports.reader import Reader
from tests.unit.functions.makers import START_S, chain, registers

DAY = ledger.day_of(dt.date(2026, 11, 22), ZoneInfo("UTC"))
EACH = registers(100_001, 5, 20_000, 1)
NOW_S = START_S + 10 * 86_400
HOME = {
    "name": "Home",
    "zone": "UTC",
    "currency": "EUR",
    "area": None,
    "budget": None,
    "roles": {"ada": "owner", "bob": "viewer"},
}


def document(quarters: int = 96) -> dict[str, object]:
    day = days.merge(days.empty(DAY, "UTC"), chain(START_S, [EACH] * quarters))
    return days.write(day)


def imported(text: str) -> tuple[Reader, dict[int, Registers]]:
    reader = Reader(detect.detect(text, {}, "Europe/Paris"), NOW_S)
    months = batches.by_month(reader.read(text))
    found: dict[int, Registers] = {}
    for month, cells in months.items():
        found |= dict(batches.whole(batches.added(None, month, cells, len(reader.spec.series))))
    return reader, found


def whole_json(*lines: str) -> str:
    return exports.head(HOME, [{"meter": "m-0123456789", "from_s": 0, "to_s": None}], 5) + exports.section(
        "days", list(lines), True, True, "]}\n"
    )


def test_a_year_of_csv_says_each_quarter_to_the_milliwatt_hour() -> None:
    lines = (exports.CSV_HEADER + exports.csv_of([document(2)])).splitlines()
    assert len(lines) == 97
    assert lines[1].split(",")[:7] == [
        "2026-11-22T00:00:00Z", "2026-11-22T00:00:00+0000", "100.001", "0.005", "20.000", "0.001", "119.996",
    ]  # fmt: skip
    assert lines[1].split(",")[7:9] == ["measured", "none"]
    assert lines[3] == "2026-11-22T00:30:00Z,2026-11-22T00:30:00+0000,,,,,,missing,none,,,"


def test_csv_comes_in_again_as_it_went_out() -> None:
    reader, found = imported(exports.CSV_HEADER + exports.csv_of([document()]))
    assert reader.spec.format == "sunmeter-csv"
    assert (reader.state["errors_n"], reader.spec.zone, reader.spec.step_s) == (0, "UTC", 900)
    assert found == {START_S + 900 * index: EACH for index in range(96)}


def test_json_comes_in_again_as_it_went_out() -> None:
    text = whole_json(exports.day_line(document(50)))
    assert json.loads(text)["days"][0]["columns"]["grid_w"][:2] == [100, 100]
    reader, found = imported(text)
    assert (reader.spec.format, reader.state["errors_n"], reader.state["rows"]) == ("sunmeter-json", 0, 1)
    assert found == {START_S + 900 * index: EACH for index in range(50)}


def test_sections_in_pages_are_one_valid_json() -> None:
    pages = [
        exports.head(HOME, [], 5),
        exports.section("alerts", ['{"id":"a"}', '{"id":"b"}'], True, False),
        exports.section("alerts", ['{"id":"c"}'], False, False),
        exports.section("alerts", [], False, True),
        exports.section("tariffs", [], True, True),
        exports.section("days", ['{"day":1}'], True, False, "]}\n"),
        exports.section("days", [], False, False, "]}\n"),
        exports.section("days", ['{"day":2}'], False, True, "]}\n"),
    ]
    told = json.loads("".join(pages))
    assert [each["id"] for each in told["alerts"]] == ["a", "b", "c"]
    assert (told["tariffs"], told["days"]) == ([], [{"day": 1}, {"day": 2}])
    assert told["home"]["members"] == {"owner": 1, "viewer": 1}


def test_an_export_names_nobody() -> None:
    alert = {"kind": "sag", "rated_by": "ada", "pushed": {"phone": 1}, "at": dt.datetime(2026, 1, 1), "raw": b"\x00"}
    line = exports.document_line("a1", alert, frozenset({"ada", "bob"}))
    told = json.loads(line)
    assert told == {"id": "a1", "kind": "sag", "rated_by": "", "at": "2026-01-01T00:00:00", "raw": {"base64": "AA=="}}
    assert "ada" not in exports.head(HOME, [], 5)
