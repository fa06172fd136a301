"""Files of other systems become quarters: exactly, or with a named fault at its line and column."""

import datetime as dt
import gzip
import json
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunmeter.contract.ledger import QUARTER_S
from sunmeter.contract.refusal import Refusal
from sunmeter.domain.imports import batches, cells, detect, spec
from sunmeter.domain.imports.cells import CellError
from sunmeter.domain.imports.reader import Cells, Reader
from sunmeter.domain.refusals import MEANINGS, Refused

NOW_S = 1_800_000_000
PARIS = "Europe/Paris"


def understood(text: str, zone: str = PARIS, **options: Any) -> spec.Spec:
    return detect.detect(text, options, zone)


def taken_in(text: str, zone: str = PARIS, **options: Any) -> Reader:
    reader = Reader(understood(text, zone, **options), NOW_S)
    reader.read(text)
    return reader


def total_mwh(found: Cells, register: str) -> int:
    return sum(cell.energy_mwh.get(register, 0) for cell in found.values())


def utc(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp())


def minutes(first: dt.datetime, number: int) -> list[dt.datetime]:
    return [first + dt.timedelta(minutes=each) for each in range(number)]


def uci(rows: int = 60, power: str = "1.200") -> str:
    lines = ["Date;Time;Global_active_power;Global_reactive_power;Voltage;Global_intensity;Sub_metering_1"]
    for moment in minutes(dt.datetime(2006, 12, 16, 17, 0), rows):
        lines.append(f"{moment.day}/{moment.month}/{moment.year};{moment:%H:%M:%S};{power};0.418;234.840;18.400;0.000")
    return "\n".join(lines) + "\n"


HA_SUMS = """statistic_id,unit,start,state,sum
sensor.grid_import,kWh,2024-03-01T00:00:00+00:00,100.5,10.5
sensor.grid_import,kWh,2024-03-01T01:00:00+00:00,101.5,11.5
sensor.grid_import,kWh,2024-03-01T02:00:00+00:00,103.0,13.0
sensor.grid_return,kWh,2024-03-01T00:00:00+00:00,5,5
sensor.grid_return,kWh,2024-03-01T01:00:00+00:00,5,5
sensor.grid_return,kWh,2024-03-01T02:00:00+00:00,5.25,5.25
sensor.living_room_lamp,kWh,2024-03-01T02:00:00+00:00,5.25,5.25
"""
HA_WIDE = """entity_id,type,unit,2024-03-01T00:00:00.000Z,2024-03-01T01:00:00.000Z,2024-03-01T02:00:00.000Z
sensor.in,grid_consumption,kWh,1.5,0.5,
sensor.in_cost,grid_consumption_cost,EUR,0.4,0.1,
sensor.sun,solar_production,kWh,0,2,1
sensor.out,grid_return,kWh,0,1,0.5
"""
OPSD_REAL = """utc_timestamp,cet_cest_timestamp,DE_KN_residential1_grid_import,DE_KN_residential4_grid_export,\
DE_KN_residential4_grid_import,DE_KN_residential4_pv,interpolated
2016-01-01T10:00:00Z,2016-01-01T11:00:00+0100,9,100.000,50.000,70.000,
2016-01-01T11:00:00Z,2016-01-01T12:00:00+0100,9,100.500,50.250,71.000,
2016-01-01T12:00:00Z,2016-01-01T13:00:00+0100,9,101.500,50.250,73.000,
"""


def test_uci_s_own_file_is_read_as_minutes_of_kilowatts_in_the_home_s_zone() -> None:
    told = understood(uci())
    assert (told.format, told.delimiter, told.zone, told.step_s, told.times) == ("uci", ";", PARIS, 60, (0, 1))
    assert told.series == (spec.Series(2, "global_active_power", "import", "power", "kW"),)
    reader = taken_in(uci())
    assert total_mwh(reader.quarters, "import") == 1_200_000  # 1.2 kW for an hour
    assert min(reader.quarters) == utc("2006-12-16T16:00")
    assert all(cell.covered_s == {0: 900} for cell in reader.quarters.values())
    assert reader.state["errors_n"] == 0


def test_home_assistant_s_sums_are_differences_by_sensor() -> None:
    told = understood(HA_SUMS)
    assert told.format == "homeassistant"
    assert [(each.name, each.quantity, each.kind) for each in told.series] == [
        ("sensor.grid_import", "import", "counter"),
        ("sensor.grid_return", "export", "counter"),
    ]
    reader = taken_in(HA_SUMS)
    assert total_mwh(reader.quarters, "import") == 2_500_000
    assert total_mwh(reader.quarters, "export") == 250_000
    assert len(reader.quarters) == 8


def test_home_assistant_s_energy_download_has_a_row_for_each_source() -> None:
    reader = taken_in(HA_WIDE)
    assert [each.quantity for each in reader.spec.series] == ["import", "pv", "export"]
    assert {name: total_mwh(reader.quarters, name) for name in ("import", "pv", "export")} == {
        "import": 2_000_000,
        "pv": 3_000_000,
        "export": 1_500_000,
    }
    assert reader.state["missing"] == 1


def test_home_assistant_s_history_and_dates_with_dots_are_read() -> None:
    text = "entity_id;state;last_changed\n" + "".join(
        f"sensor.pv_energy;{100 + hour},5;01.03.2024 {hour:02}:00\n" for hour in range(4)
    )
    reader = taken_in(text, "UTC")
    assert reader.spec.series[0].quantity == "pv"
    assert total_mwh(reader.quarters, "pv") == 3_000_000
    assert reader.state["errors_n"] == 0


def test_open_power_system_data_is_the_registers_of_one_household() -> None:
    told = understood(OPSD_REAL, columns={
        f"de_kn_residential4_{tail}": {"quantity": quantity, "kind": "counter", "unit": "kWh"}
        for tail, quantity in (("grid_import", "import"), ("grid_export", "export"), ("pv", "pv"))
    })  # fmt: skip
    assert (told.format, told.zone, told.step_s) == ("opsd", "UTC", 3600)
    reader = Reader(told, NOW_S)
    found = reader.read(OPSD_REAL)
    assert {name: total_mwh(found, name) for name in ("import", "export", "pv")} == {
        "import": 250_000,
        "export": 1_500_000,
        "pv": 3_000_000,
    }


def test_emoncms_lines_without_a_heading_are_watts_or_a_rising_counter() -> None:
    watts = "".join(f"{1_700_000_100 + 10 * each},{500 if each < 90 else -500}\n" for each in range(180))
    reader = taken_in(watts)
    assert (reader.spec.format, reader.spec.step_s, reader.spec.series[0].quantity) == ("emoncms", 10, "grid")
    assert total_mwh(reader.quarters, "import") == total_mwh(reader.quarters, "export") == 125_000
    counter = "".join(f"2024-01-01 {each:02}:00:00,{10 + each / 4}\n" for each in range(5))
    reader = taken_in(counter, "UTC")
    assert reader.spec.series[0].kind == "counter"
    assert total_mwh(reader.quarters, "import") == 1_000_000


def test_what_is_recognised_by_nobody_is_read_as_its_owner_says() -> None:
    text = "when,a,b\n" + "".join(f"2024-01-01T{hour:02}:00:00Z,{hour},2\n" for hour in range(4))
    with pytest.raises(Refused, match="not_understood"):
        understood(text)
    named = text.replace("when", "time")
    with pytest.raises(Refused, match="which_columns"):
        understood(named)
    columns = {"b": {"quantity": "import", "kind": "energy", "unit": "Wh"}}
    assert total_mwh(taken_in(named, columns=columns).quarters, "import") == 8_000
    with pytest.raises(Refused, match="no_such_column"):
        understood(named, columns={"c": columns["b"]})
    with pytest.raises(Refusal, match="out_of_range:unit"):
        understood(named, columns={"b": {**columns["b"], "unit": "kW"}})


@pytest.mark.parametrize(("cell", "expected"), [
    ("1700000000", 1_700_000_000),
    ("1700000000.5", 1_700_000_000),
    ("1700000000123", 1_700_000_000),
    ("2024-01-01T00:00:00Z", utc("2024-01-01T00:00")),
    ("2024-01-01 01:30+01:30", utc("2024-01-01T00:00")),
    ("2024-07-01 02:00:00", utc("2024-07-01T00:00")),
    ("1/7/2024 2:00:00", utc("2024-07-01T00:00")),
    ("01.07.2024 02:00", utc("2024-07-01T00:00")),
])  # fmt: skip
def test_times_are_read_in_every_shape_they_come_in(cell: str, expected: int) -> None:
    assert cells.in_zone(cells.moment(cell), ZoneInfo(PARIS), None) == expected


@pytest.mark.parametrize("cell", ["", "noon", "2024-13-01 00:00", "2024-02-30 00:00", "1/31/2024 00:00", "٢٠٢٤", "12"])
def test_what_is_no_time_is_called_so(cell: str) -> None:
    with pytest.raises(CellError, match="malformed_time"):
        cells.moment(cell)


def test_the_hour_that_occurs_twice_is_counted_twice_and_the_missing_one_is_refused() -> None:
    text = "time,energy_kwh\n" + "".join(f"2024-10-27 {hour}:00:00,1\n" for hour in ("01", "02", "02", "03"))
    reader = taken_in(text.replace("time", "datetime"))
    assert (total_mwh(reader.quarters, "import"), reader.state["doubles"]) == (4_000_000, 0)
    assert len(reader.quarters) == 16
    spring = "datetime,energy_kwh\n" + "".join(f"2024-03-31 {hour}:00:00,1\n" for hour in ("01", "02", "03"))
    (error,) = taken_in(spring).state["errors"]
    assert error == {"line": 3, "column": "energy_kwh", "value": "1", "code": "no_such_time"}


def test_errors_name_line_column_and_value_and_their_neighbours_land() -> None:
    lines = uci(30).splitlines()
    lines[3] = lines[3].replace("1.200", "1.2oo")
    lines[5] = lines[5].replace("16/12/2006", "16/13/2006")
    lines[7] = "16/12/2006"
    lines[9] = lines[9].replace("1.200", "-5")
    lines[11] = lines[11].replace("1.200", "?")
    lines[13] = lines[13].replace("1.200", "9999999")
    reader = taken_in("\r\n".join(lines) + "\n")
    assert [(each["line"], each["column"], each["code"]) for each in reader.state["errors"]] == [
        (4, "global_active_power", "malformed_number"),
        (6, "time", "malformed_time"),
        (8, "time", "too_few_columns"),
        (10, "global_active_power", "out_of_range"),
        (14, "global_active_power", "out_of_range"),
    ]
    assert reader.state["errors"][0]["value"] == "1.2oo"
    assert (reader.state["missing"], reader.state["rows"]) == (1, 30)
    assert total_mwh(reader.quarters, "import") == 24 * 20_000


def test_of_a_thousand_errors_fifty_are_shown_and_all_are_counted() -> None:
    state = taken_in(uci(1) + uci(2) + "x;y;z\n" * 1000).state
    assert len(state["errors"]) == 50
    assert state["errors_n"] > 1000


def test_doubles_gaps_and_disorder_are_counted_and_change_nothing() -> None:
    lines = uci(60).splitlines()
    whole = total_mwh(taken_in(uci(60)).quarters, "import")
    doubled = [*lines[:20], lines[19], *lines[20:]]
    reader = taken_in("\n".join(doubled))
    assert (reader.state["doubles"], reader.state["errors_n"]) == (1, 0)
    assert total_mwh(reader.quarters, "import") == whole
    contrary = [*lines[:20], lines[19].replace("1.200", "9.9"), *lines[20:]]
    assert taken_in("\n".join(contrary)).state["errors"][0]["code"] == "conflict"
    late = [*lines, lines[10]]
    assert taken_in("\n".join(late)).state["errors"][0]["code"] == "out_of_order"
    holed = [*lines[:20], *lines[40:]]
    reader = taken_in("\n".join(holed))
    assert (reader.state["gaps_n"], reader.state["gap_s"]) == (1, 20 * 60)
    assert reader.state["gaps"] == [{"from_s": utc("2006-12-16T16:19"), "to_s": utc("2006-12-16T16:39")}]


def test_a_counter_that_was_set_back_counts_nothing_for_that_step() -> None:
    text = HA_SUMS.replace("13.0\n", "2.0\n")
    reader = taken_in(text)
    assert (reader.state["resets"], total_mwh(reader.quarters, "import")) == (1, 1_000_000)


def test_a_counter_s_rise_over_a_long_gap_is_not_spread() -> None:
    text = HA_SUMS + "sensor.grid_import,kWh,2024-03-02T02:00:00+00:00,150,60\n"
    reader = taken_in(text)
    assert total_mwh(reader.quarters, "import") == 2_500_000
    assert reader.state["gaps_n"] == 1


def test_values_a_day_apart_are_too_far_for_quarters() -> None:
    text = "datetime,energy_kwh\n" + "".join(f"2024-01-{day:02} 00:00:00,9\n" for day in range(1, 9))
    with pytest.raises(Refused, match="step_too_long"):
        understood(text)


def test_at_night_a_pv_s_own_consumption_goes_to_its_standby() -> None:
    text = "datetime,pv_kwh\n" + "".join(f"2024-01-01 {hour:02}:00:00,-0.005\n" for hour in range(4))
    assert total_mwh(taken_in(text).quarters, "standby") == 20_000


def test_the_future_is_no_history() -> None:
    text = "datetime,energy_kwh\n" + "".join(f"2099-01-01 {hour:02}:00:00,1\n" for hour in range(3))
    assert {each["code"] for each in taken_in(text).state["errors"]} == {"out_of_range"}


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 7))
def test_a_file_in_pieces_is_the_file_as_a_whole(data: st.DataObject, pieces: int) -> None:
    lines = [f"{line}\n" for line in [*uci(90).splitlines(), *["bad;line"], *uci(95).splitlines()[92:]]]
    text = "".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), min_size=pieces, max_size=pieces)))
    told = understood(text)
    whole = Reader(told, NOW_S)
    months: dict[str, Any] = {}
    state: dict[str, Any] = {}
    for first, last in zip([0, *cuts], [*cuts, len(lines)], strict=True):
        part = Reader(told, NOW_S, json.loads(json.dumps(state)))
        for month, found in batches.by_month(part.read("".join(lines[first:last]))).items():
            months[month] = batches.added(months.get(month), month, found, len(told.series))
        state = part.state
    straight = {
        month: batches.added(None, month, found, len(told.series))
        for month, found in batches.by_month(whole.read(text)).items()
    }
    assert months == straight
    assert state == whole.state


@settings(deadline=None)
@given(st.lists(st.decimals(0, 20, places=4), min_size=2, max_size=60), st.sampled_from([60, 300, 900, 1800, 3600]))
def test_no_energy_is_made_or_lost_between_rows_and_quarters(values: list[Decimal], step_s: int) -> None:
    start_s = utc("2024-01-01T00:07") // step_s * step_s + 77
    text = "".join(f"{start_s + step_s * index},{value}\n" for index, value in enumerate(values))
    columns = {"1": {"quantity": "import", "kind": "energy", "unit": "kWh"}}
    reader = taken_in(text, columns=columns)
    assert reader.state["errors_n"] == 0
    assert total_mwh(reader.quarters, "import") == sum(int(value * 1_000_000) for value in values)
    assert sum(cell.covered_s[0] for cell in reader.quarters.values()) == step_s * len(values)


def test_a_quarter_counts_once_every_series_covers_most_of_it() -> None:
    told = understood(HA_SUMS)
    found = Reader(told, NOW_S).read(
        HA_SUMS.replace("sensor.grid_return,kWh,2024-03-01T02", "sensor.gone,kWh,2024-03-01T02")
    )
    document = batches.added(None, "2024-03", found, 2)
    assert batches.counts(document) == (4, 4)
    assert [start_s for start_s, _ in batches.whole(document)] == [
        utc("2024-03-01T00:00") + QUARTER_S * each for each in range(4)
    ]


WORDS = [
    "statistic_id", "entity_id", "type", "unit", "start", "sum", "state", "Date", "Time", "Global_active_power", "1e99",
    "utc_timestamp", "grid_import_kwh", "sensor.import", "kWh", "2024-01-01T00:00:00Z", "2024-01-01 00:00", "-1", "0.1",
    "1/1/2024", "00:00:00", "nan", "?", "1700000000", "9999999999999", "9999-12-31T23:59:59-23:59", "inf", "1,5", '"',
    "0001-01-01 00:00", '{"day":', '{"day":"2024-01-01","start_s":0,"columns":{}}', "\x00", "٣", "", "start_utc",
    "import_wh", "2024-03-31 02:30", "1e-99", "99999999999999999999", "datetime", "energy_kwh", "1700000900", "\ud800",
]  # fmt: skip
HEADS = [uci(3), HA_SUMS, HA_WIDE, OPSD_REAL, "1700000000,5\n1700000010,6\n", '{"day":"2024-01-01"}\n']
KNOWN_CODES = {
    *("malformed_time", "malformed_number", "no_such_time", "out_of_range", "out_of_order", "conflict"),
    *("too_few_columns", "line_too_long", "malformed_day", "header_in_another_piece"),
}


def assert_only_named_errors(text: str) -> str:
    """Reads whatever it is, and returns what was thought of it."""
    try:
        told = understood(text)
    except Refusal as refusal:
        return known(refusal)
    reader = Reader(told, NOW_S)
    found = reader.read(text)
    assert {each["code"] for each in reader.state["errors"]} <= KNOWN_CODES
    assert all(moment % QUARTER_S == 0 and 0 < moment <= NOW_S for moment in found)
    assert all(0 <= mwh < 1 << 32 for cell in found.values() for mwh in cell.energy_mwh.values())
    json.dumps(reader.state)
    assert spec.read(spec.written(told)) == told
    return told.format


def known(refusal: Refusal) -> str:
    assert refusal.code in MEANINGS
    return refusal.code


@settings(deadline=None)
@given(st.text() | st.lists(st.lists(st.sampled_from(WORDS), max_size=7).map(",".join), max_size=8).map("\n".join))
def test_garbage_ends_in_named_errors(text: str) -> None:
    assert_only_named_errors(text)


@pytest.mark.slow
def test_thirty_thousand_damaged_files_end_in_named_errors_and_in_nothing_else() -> None:
    dice = random.Random(20_261_122)
    outcomes: Counter[str] = Counter()
    for _ in range(15_000):
        rows = [[dice.choice(WORDS) for _ in range(dice.randrange(7))] for _ in range(dice.randrange(9))]
        delimiter, end = dice.choice(",;\t"), dice.choice(["\n", "\r\n", "\r"])
        outcomes[assert_only_named_errors(end.join(delimiter.join(row) for row in rows))] += 1
    for _ in range(15_000):
        text = dice.choice(HEADS)
        for _ in range(dice.randrange(1, 5)):
            at, junk = dice.randrange(len(text)), dice.choice(WORDS) + chr(dice.randrange(0x3000))
            text = text[:at] + junk + text[at + dice.randrange(len(junk)) :]
        outcomes[assert_only_named_errors(text)] += 1
    assert {"uci", "homeassistant", "opsd", "emoncms", "sunmeter-json", "not_understood"} <= set(outcomes)


def whole_of(path: Path, rows: int) -> str:
    with gzip.open(path, "rt") as lines:
        return "".join(line for _, line in zip(range(rows + 1), lines, strict=False))


@pytest.mark.parametrize(
    ("file", "zone", "column", "quantity"),
    [
        ("uci_minute_60d.csv.gz", "Etc/GMT-1", "p_kw", "import"),
        ("uci_hourly_2y.csv.gz", "Etc/GMT-1", "energy_kwh", "import"),
        ("opsd_residential4_60min.csv.gz", PARIS, "pv_kwh", "pv"),
    ],
)
def test_the_public_recordings_come_in_to_the_milliwatt_hour(
    recordings: Path, file: str, zone: str, column: str, quantity: str
) -> None:
    text = whole_of(recordings / file, 6_000)
    reader = taken_in(text, zone)
    assert reader.state["errors_n"] == 0, reader.state["errors"][:3]
    names, *rows = (line.split(",") for line in text.splitlines())
    told = [Decimal(row[names.index(column)]) for row in rows if row[names.index(column)]]
    hours = Decimal(1) / 60 if column == "p_kw" else Decimal(1)
    expected = sum(value for value in told if value >= 0) * hours * 1_000_000
    assert total_mwh(reader.quarters, quantity) == round(expected)
