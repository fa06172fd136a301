"""The gain from the utility's bill: found where it is, as uncertain as it is, and not where something else is wrong."""

import datetime as dt
import json
import random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sunmeter.contract import ledger
from sunmeter.contract.ledger import MINUTES, QUARTER_S, SERIES, Interval, Registers
from sunmeter.contract.refusal import Refusal
from sunmeter.domain import billfit, corrections, days, downlinks
from sunmeter.domain.billfit import Point, Reading
from sunmeter.domain.days import Day
from sunmeter.domain.refusals import Refused

ZONE = ZoneInfo("Europe/Paris")
HOUR_MS = 3_600_000


def day_of(date: str, regs0: Registers, minutes_w: list[int] | None) -> Day:
    """A day whose every quarter runs through the same minutes; None: a day of 400 W without minutes."""
    local = ledger.day_of(dt.date.fromisoformat(date), ZONE)
    watts = minutes_w or [400] * MINUTES
    bought, sold = (sum(max(sign * w, 0) for w in watts) * 1000 // 60 for sign in (1, -1))
    energy, made = Registers(bought, sold, 0, 0), []
    for index in range(local.quarters):
        series: dict[str, tuple[int | None, ...]] = dict.fromkeys(SERIES, (None,) * MINUTES)
        if minutes_w:
            series["grid_w"] = tuple(minutes_w)
        extremes: dict[str, int | None] = {**dict.fromkeys(ledger.EXTREMES, 0), "u_w": 8}
        start_s, regs1 = local.start_s + index * QUARTER_S, regs0.plus(energy)
        made.append(Interval("m-0123456789", start_s, 1, regs0, regs1, 1000, series, extremes, {}))
        regs0 = regs1
    return days.merge(days.empty(local, ZONE.key), made)


def point(hour: float, minutes_w: list[int] | None = None, within_s: int = 60) -> Point:
    day = day_of("2026-11-22", Registers(5_000_000, 0, 0, 0), minutes_w)
    return billfit.point(day, round(day.local.start_s * 1000 + hour * HOUR_MS), within_s)


def test_registers_stand_at_a_boundary_where_the_day_has_them() -> None:
    assert point(10.0).registers.import_mwh == 5_000_000 + 4_000_000
    assert point(10.0, within_s=0).u_import_mwh == 0


def test_within_a_quarter_the_minutes_tell_how_far_the_register_came() -> None:
    kettle = [2000] * 3 + [0] * 12
    quarter_mwh = 100_000
    assert point(1 + 3 / 60, kettle).registers.import_mwh == 5_000_000 + 4 * quarter_mwh + quarter_mwh
    assert point(1 + 9 / 60, kettle, within_s=60).u_import_mwh == 0  # nothing flowed around then
    assert point(1 + 2 / 60, kettle, within_s=60).u_import_mwh == pytest.approx(quarter_mwh / 3)


def test_without_minutes_the_quarter_is_a_straight_line_and_more_uncertain() -> None:
    found = point(1 + 7.5 / 60, within_s=0)
    assert found.registers.import_mwh == 5_000_000 + 4 * 100_000 + 50_000
    assert found.u_import_mwh == 25_000


def test_a_gap_is_gone_around_from_the_other_end_of_the_day_or_refused() -> None:
    whole = day_of("2026-11-22", Registers(0, 0, 0, 0), None)
    local = whole.local
    made = [
        Interval(
            "m-0123456789",
            local.start_s + index * QUARTER_S,
            1,
            Registers(index * 1000, 0, 0, 0),
            Registers((index + 1) * 1000, 0, 0, 0),
            1000,
            dict.fromkeys(SERIES, (None,) * MINUTES),
            dict.fromkeys(ledger.EXTREMES),
            {},
        )
        for index in range(96)
        if index not in (20, 21)
    ]
    day = days.merge(days.empty(local, ZONE.key), made)
    noon_ms = (local.start_s + 12 * 3600) * 1000
    assert billfit.point(day, noon_ms, 0).registers.import_mwh == 48_000
    with pytest.raises(Refused) as refused:
        billfit.point(day, (local.start_s + 20 * QUARTER_S) * 1000, 0)
    assert refused.value.code == "not_measured"
    torn = days.merge(days.empty(local, ZONE.key), [each for each in made if (each.start_s // QUARTER_S) % 7])
    with pytest.raises(Refused):
        billfit.point(torn, noon_ms, 0)


def a_point(import_wh: float, export_wh: float = 0.0, u_wh: float = 10.0) -> Point:
    return Point(Registers(round(import_wh * 1000), round(export_wh * 1000), 0, 0), u_wh * 1000, u_wh * 1000, 8.0)


def readings(*shown: tuple[float, float | None]) -> list[Reading]:
    """One every thirty days, as a display in whole kWh shows it."""

    def whole(wh: float) -> int:
        return int(wh // 1000) * 1_000_000

    return [
        Reading(number * 720 * HOUR_MS, whole(bought), None if sold is None else whole(sold))
        for number, (bought, sold) in enumerate(shown)
    ]


def proposal(shown: list[Reading], points: list[Point], step_mwh: int = 1_000_000) -> dict[str, Any]:
    return billfit.proposal(shown, points, step_mwh)


def test_the_gain_is_theirs_over_ours() -> None:
    found = proposal(readings((1_000_000, None), (1_309_000, None)), [a_point(0), a_point(300_000)])
    assert found["gain_ppm"] == 1_030_000
    assert found["verdict"] == "proposed"
    assert found["lines"][0]["residual_mwh"] == 0
    assert found["reading_ppm"] == pytest.approx(1.96 / 6**0.5 * 1000 / 300_000 * 1e6, abs=1)
    assert found["ends_ppm"] == pytest.approx(2**0.5 * 10 / 300_000 * 1e6, abs=2)
    assert found["own_ppm"] == round(8 * 720 / 300_000 * 1e6)
    assert found["third"] is None


def test_the_interval_holds_the_true_gain_in_95_of_100_cases() -> None:
    chance, held = random.Random(3), 0
    for _ in range(2_000):
        gain, ours, start = chance.uniform(0.9, 1.1), chance.uniform(100_000, 400_000), chance.uniform(0, 1e6)
        ends = [chance.gauss(0, 10 / 1.96) for _ in range(2)]
        shown = readings((start + gain * ends[0], None), (start + gain * (ours + ends[1]), None))
        found = proposal(shown, [a_point(0), a_point(ours)])
        held += abs(found["gain_ppm"] - gain * 1e6) <= found["u_ppm"]
    assert 0.93 < held / 2_000 < 0.98


def test_too_little_energy_is_poor_and_tells_how_much_would_do() -> None:
    found = proposal(readings((1_000_000, None), (1_020_000, None)), [a_point(0), a_point(20_000)])
    assert found["verdict"] == "poor"
    assert found["wanted_wh"] == pytest.approx(200 * 1000 * 1.96 / 6**0.5, rel=0.01)


def test_no_error_that_is_shown_needs_no_correction() -> None:
    found = proposal(readings((1_000_000, None), (1_301_000, None)), [a_point(0), a_point(300_500)])
    assert found["verdict"] == "right"


def test_a_gain_that_no_clamp_has_is_another_fault() -> None:
    found = proposal(readings((1_000_000, None), (1_600_000, None)), [a_point(0), a_point(300_000)])
    assert found["verdict"] == "another_fault"


def test_export_has_its_say_and_a_contradiction_is_told() -> None:
    points = [a_point(0), a_point(300_000, 200_000)]
    both = proposal(readings((1_000_000, 0), (1_309_000, 206_000)), points)
    assert (both["verdict"], both["gain_ppm"]) == ("proposed", pytest.approx(1_030_000, abs=10))
    apart = proposal(readings((1_000_000, 0), (1_309_000, 194_000)), points)
    assert apart["verdict"] == "unlike"
    assert apart["lines"][0]["residual_mwh"] > 0 > apart["lines"][1]["residual_mwh"]


def test_a_third_reading_confirms_and_makes_the_gain_surer() -> None:
    points = [a_point(0), a_point(300_000), a_point(600_000)]
    two = proposal(readings((1_000_000, None), (1_309_000, None)), points[:2])
    three = proposal(readings((1_000_000, None), (1_309_000, None), (1_618_000, None)), points)
    assert three["third"]["verdict"] == "confirmed"
    assert three["verdict"] == "proposed"
    assert three["u_ppm"] == pytest.approx(two["u_ppm"] / 2, abs=1)


def test_a_third_reading_that_disagrees_refutes() -> None:
    points = [a_point(0), a_point(300_000), a_point(600_000)]
    found = proposal(readings((1_000_000, None), (1_309_000, None), (1_639_000, None)), points)
    assert (found["verdict"], found["third"]["verdict"]) == ("refuted", "refuted")
    assert found["third"]["difference_ppm"] == 70_000


def test_nothing_that_flowed_tells_nothing() -> None:
    with pytest.raises(Refused) as refused:
        proposal(readings((1_000_000, None), (1_000_000, None)), [a_point(0), a_point(0)])
    assert refused.value.code == "too_little"


def test_registers_that_fall_or_leap_are_not_of_one_run() -> None:
    one = ("2026-11-20", [0, 0, 0, 0], [10, 0, 0, 0])
    assert billfit.is_one_run([one, ("2026-11-23", [12, 0, 0, 0], [20, 0, 0, 0])])
    assert not billfit.is_one_run([one, ("2026-11-21", [9, 0, 0, 0], [20, 0, 0, 0])])
    assert not billfit.is_one_run([one, ("2026-11-21", [10**12, 0, 0, 0], [2 * 10**12, 0, 0, 0])])


GOOD = {"readings": [{"at_ms": 5, "import_wh": 100, "export_wh": 7}, {"at_ms": 9, "import_wh": 120, "export_wh": 9}]}


@pytest.mark.parametrize(
    ("told", "code", "field"),
    [
        ({}, "malformed", "readings"),
        ({"readings": GOOD["readings"] * 2}, "too_many", "readings"),
        ({"readings": GOOD["readings"][:1]}, "out_of_range", "readings"),
        ({**GOOD, "resolution_wh": 0}, "out_of_range", "resolution_wh"),
        ({**GOOD, "within_s": 1.5}, "malformed", "within_s"),
        ({"readings": [GOOD["readings"][0], 4]}, "malformed", "readings.1"),
        ({"readings": [GOOD["readings"][0], {"at_ms": 9}]}, "malformed", "readings.1.import_wh"),
        ({"readings": [*GOOD["readings"], {"at_ms": 8, "import_wh": 130}]}, "out_of_range", "readings.2.at_ms"),
        (
            {"readings": [GOOD["readings"][0], {**GOOD["readings"][1], "export_wh": 6}]},
            "out_of_range",
            "readings.1.export_wh",
        ),
        ({"readings": [GOOD["readings"][0], {"at_ms": 1 << 40, "import_wh": 130}]}, "out_of_range", "readings.1.at_ms"),
    ],
)
def test_readings_that_cannot_be_are_refused_by_their_name(told: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        billfit.parse(told)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_correction_leaves_the_rest_of_the_configuration_as_it_is() -> None:
    config = downlinks.default_config(7)
    found = corrections.corrected(config, 8, 1_013_000, 12)
    assert found == {**config, "version": 12, "calibration": {"version": 9, "of": 8, "grid": {"trim_ppm": 1_013_000}}}
    assert json.dumps(found)


def test_a_correction_on_top_of_one_in_force_starts_below_it() -> None:
    first = corrections.corrected(downlinks.default_config(7), 8, 1_020_000, 12)
    second = corrections.corrected(first, 9, 990_000, 13)
    assert second["calibration"] == {"version": 10, "of": 8, "grid": {"trim_ppm": 1_009_800}}


def test_a_correction_of_a_calibration_that_was_changed_since_starts_from_the_new_one() -> None:
    first = corrections.corrected(downlinks.default_config(7), 8, 1_020_000, 12)
    assert corrections.corrected(first, 11, 990_000, 13)["calibration"] == {
        "version": 12,
        "of": 11,
        "grid": {"trim_ppm": 990_000},
    }


def test_corrections_that_add_up_to_another_fault_are_refused() -> None:
    first = corrections.corrected(downlinks.default_config(7), 8, 1_200_000, 12)
    with pytest.raises(Refused) as refused:
        corrections.corrected(first, 9, 1_100_000, 13)
    assert (refused.value.code, refused.value.field) == ("out_of_range", "gain_ppm")


def test_a_whole_calibration_in_the_configuration_is_left_alone() -> None:
    config = {**downlinks.default_config(7), "calibration": {"version": 3, "grid": {"amps_per_step": 1.0}}}
    with pytest.raises(Refused) as refused:
        corrections.corrected(config, 3, 1_010_000, 12)
    assert refused.value.code == "calibration_unknown"
