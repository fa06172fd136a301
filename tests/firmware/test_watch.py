"""Readings, and what is told at once."""

from typing import Any

import pytest

from contract import wire
from contract.features import NAMES
from tests.firmware.interpreters import Interpreter

T0 = 1_795_000_000_000 // 900_000 * 900_000
QUIET = [230.0, 500.0, 50.0, 2.2, 0.0]
MORE = [500.0, 50.0, 3.0, 0.0]  # the same power at any voltage


def read(interpreter: Interpreter, bursts: list[list[float]], window_ms: int, *more: Any) -> dict[str, int]:
    return dict(interpreter.call("probe_watch", "read", bursts, window_ms, *more))


def burst(
    v: float = 230.0, w: float = 460.0, var: float = 0.0, a: float = 2.0, pv: float = 0.0, f: int = 50_000
) -> Any:
    return [v, w, var, a, pv, f, 200_000, 0]


def test_a_reading_is_the_mean_with_its_extremes(interpreter: Interpreter) -> None:
    bursts = [burst(229, 400, 10, 2, 900), burst(231, 600, 30, 3, -4), burst(230, -300, 20, 2.5, 1000, 50_030)]
    found = read(interpreter, bursts, 600)
    assert (found["grid_mw"], found["grid_min_mw"], found["grid_max_mw"]) == (233_333, -300_000, 600_000)
    assert (found["pv_mw"], found["pv_min_mw"], found["pv_max_mw"]) == (632_000, -4_000, 1_000_000)
    assert (found["v_min_mv"], found["v_max_mv"], found["f_mhz"]) == (229_000, 231_000, 50_010)
    assert found["house_mw"] == round((1_300_000 + 600_000 + 700_000) / 3)
    assert (found["coverage_permille"], found["bursts"], found["window_ms"]) == (1000, 3, 600)
    assert abs(found["grid_ma"] - 2533) <= 1  # root of the mean square


def test_what_was_not_sampled_shows_as_coverage(interpreter: Interpreter) -> None:
    assert read(interpreter, [burst()] * 40, 10_000)["coverage_permille"] == 800


def test_every_field_of_a_reading_fits_the_wire(interpreter: Interpreter) -> None:
    wild = [[0.0, 90e3, -90e3, 500.0, -90e3, 0, 200_000, 7], [400.0, -90e3, 90e3, 500.0, 90e3, 69_999, 200_000, 7]]
    found = read(interpreter, wild, 400)
    for name, _, least, greatest in wire.READING_FIELDS:
        if name in found and found[name] != wire.PF_NONE:
            assert least is None or found[name] >= least, name
            assert greatest is None or found[name] <= greatest, name


@pytest.mark.parametrize(
    ("mw", "mva", "ma", "is_noise_known", "permille"),
    [
        (1000, 2000, 900, True, 500),
        (-1999, 2000, 900, True, -1000),
        (2100, 2000, 900, True, 1000),
        (10, 20, 249, True, wire.PF_NONE),
        (10, 20, 250, True, 500),
        (10, 20, 999, False, wire.PF_NONE),
        (10, 20, 1000, False, 500),
        (0, 0, 900, True, wire.PF_NONE),
    ],
)
def test_the_power_factor_is_told_where_it_means_something(
    interpreter: Interpreter, mw: int, mva: int, ma: int, is_noise_known: bool, permille: int
) -> None:
    assert interpreter.call("probe_watch", "power_factor", mw, mva, ma, is_noise_known) == permille


def watched(interpreter: Interpreter, spans: list[list[float]], start_ms: int = T0, *more: Any) -> list[list[Any]]:
    return list(interpreter.call("probe_watch", "watch", spans, start_ms, *more)[0])


def test_a_quiet_house_says_nothing(interpreter: Interpreter) -> None:
    assert watched(interpreter, [[300, *QUIET]]) == []


@pytest.mark.parametrize(
    ("v", "kind", "extreme_v"), [(200.0, "sag", 190.0), (260.0, "swell", 265.0), (2.0, "interruption", 1.0)]
)
def test_voltage_events_begin_at_once_and_end_when_it_is_calm(
    interpreter: Interpreter, v: float, kind: str, extreme_v: float
) -> None:
    odd, worse = [v, *QUIET[1:]], [extreme_v, *QUIET[1:]]
    start, end = watched(interpreter, [[10, *QUIET], [2, *odd], [1, *worse], [10, *QUIET]])
    assert start == [10_200, "start", kind, NAMES.index("voltage_burst"), 1000 * v, 207_000, 253_000, 0, 10_000, 10_000]
    assert end[:4] == [13_200, "end", kind, NAMES.index("voltage_burst")]
    assert end[4] == 1000 * extreme_v
    assert end[-2:] == [10_000, 13_000]


def voltages(interpreter: Interpreter, *halves: tuple[float, int]) -> list[tuple[Any, ...]]:
    """(ms at which it is told, phase, kind, volts, ms at which it happened), of half cycles of 10 ms."""
    rows = interpreter.call("probe_watch", "voltages", halves)
    return [(told // 1000, phase, kind, mv / 1000, at // 1000) for told, phase, kind, mv, at, _ in rows]


@pytest.mark.parametrize("first", range(20))
@pytest.mark.parametrize("cycles", [1, 2, 3, 25])
def test_a_sag_has_its_begin_its_depth_and_its_duration(interpreter: Interpreter, first: int, cycles: int) -> None:
    told = voltages(interpreter, (230, 40 + first), (180, 2 * cycles), (230, 100 - first - 2 * cycles))
    begin_ms, end_ms = 400 + 10 * first, 400 + 10 * first + 20 * cycles
    assert [event[1:] for event in told] == [
        ("start", "sag", 180, begin_ms),
        ("end", "sag", 180, end_ms),
    ]
    assert told[0][0] - (begin_ms + 40) < 200
    assert told[1][0] - (end_ms + 40) < 200


def test_several_sags_within_one_burst_are_several_events(interpreter: Interpreter) -> None:
    told = voltages(interpreter, (230, 22), (180, 4), (230, 6), (160, 4), (230, 44))
    assert [event[1:] for event in told] == [
        ("start", "sag", 180, 220),
        ("end", "sag", 180, 260),
        ("start", "sag", 160, 320),
        ("end", "sag", 160, 360),
    ]
    assert {event[0] for event in told} == {400}


def test_a_voltage_that_bounces_for_a_cycle_is_one_event(interpreter: Interpreter) -> None:
    told = voltages(interpreter, (230, 22), (150, 6), (225, 2), (200, 3), (230, 47))
    assert [event[1:3] for event in told] == [("start", "sag"), ("end", "sag")]
    assert told[-1][-1] == 330


def test_an_interruption_is_told_as_one_although_the_voltage_falls_through_a_sag(interpreter: Interpreter) -> None:
    for first in range(20):
        told = voltages(interpreter, (230, 20 + first), (120, 1), (1, 30), (100, 1), (230, 48 - first))
        assert [event[1:3] for event in told] == [("start", "interruption"), ("end", "interruption")]
        assert told[0][3] == 1


def test_an_interruption_that_ends_in_a_sag_is_followed_by_it(interpreter: Interpreter) -> None:
    told = voltages(interpreter, (230, 30), (1, 30), (170, 20), (230, 20))
    assert [event[1:] for event in told] == [
        ("start", "interruption", 1, 300),
        ("end", "interruption", 1, 600),
        ("start", "sag", 170, 600),
        ("end", "sag", 170, 800),
    ]


def test_a_swell_after_a_sag_is_an_event_of_its_own(interpreter: Interpreter) -> None:
    told = voltages(interpreter, (230, 30), (150, 20), (270, 20), (230, 30))
    assert [event[1:] for event in told] == [
        ("start", "sag", 150, 300),
        ("end", "sag", 150, 500),
        ("start", "swell", 270, 500),
        ("end", "swell", 270, 700),
    ]


def test_a_meter_that_starts_without_voltage_tells_it(interpreter: Interpreter) -> None:
    told = voltages(interpreter, (0, 40), (230, 40))
    assert [event[1:3] for event in told] == [("start", "interruption"), ("end", "interruption")]


@pytest.mark.parametrize(("v", "kind"), [(255.0, "swell"), (200.0, "sag")])
def test_a_voltage_that_stays_outside_is_told_once_and_not_again_by_its_ten_minutes(
    interpreter: Interpreter, v: float, kind: str
) -> None:
    told = watched(interpreter, [[900, *QUIET], [1500, v, *MORE], [1800, *QUIET]])
    assert [event[1:4] for event in told] == [
        ["start", kind, NAMES.index("voltage_burst")],
        ["end", kind, NAMES.index("voltage_burst")],
    ]


def test_ten_minutes_outside_of_limits_no_single_cycle_passes_are_told(interpreter: Interpreter) -> None:
    """The supply's own limits may be narrower than ten percent."""
    told = watched(interpreter, [[900, *QUIET], [1500, 251.0, *QUIET[1:]], [1800, *QUIET]], T0, None, True, 200, 2500)
    assert [event[1:4] for event in told] == [
        ["start", "swell", NAMES.index("voltage_10m")],
        ["end", "swell", NAMES.index("voltage_10m")],
    ]


def test_a_swell_does_not_hush_ten_minutes_that_were_low(interpreter: Interpreter) -> None:
    spans = [[900, *QUIET], [900, 206.0, *MORE], [30, 260.0, *MORE], [1800, *QUIET]]
    told = [event[1:4] for event in watched(interpreter, spans)]
    assert told == [
        ["start", "sag", NAMES.index("voltage_burst")],
        ["end", "sag", NAMES.index("voltage_burst")],
        ["start", "swell", NAMES.index("voltage_burst")],
        ["end", "swell", NAMES.index("voltage_burst")],
    ]


def test_a_voltage_that_hovers_at_the_limit_is_one_event(interpreter: Interpreter) -> None:
    spans = [[10, *QUIET]]
    for _ in range(20):
        spans += [[1, 206.5, *QUIET[1:]], [2, 208.0, *QUIET[1:]]]
    assert len(watched(interpreter, [*spans, [10, *QUIET]])) == 2


def test_a_sag_that_becomes_an_interruption_is_told_as_both(interpreter: Interpreter) -> None:
    spans = [[5, *QUIET], [1, 150.0, *QUIET[1:]], [1, 3.0, *QUIET[1:]], [5, *QUIET]]
    told = [event[1:3] for event in watched(interpreter, spans)]
    assert told == [["start", "sag"], ["end", "sag"], ["start", "interruption"], ["end", "interruption"]]


BACKWARDS = [230.0, -2000.0, 50.0, 8.8, 500.0]


def test_the_rules_need_no_clock_and_the_density_does(interpreter: Interpreter, model: bytes) -> None:
    spans = [[400, *BACKWARDS], [1, 195.0, *QUIET[1:]], [1, *QUIET]]
    told, score_milli, _ = interpreter.call("probe_watch", "watch", spans, 0, model)
    assert [event[1:3] for event in told] == [["start", "tamper"], ["start", "sag"], ["end", "sag"]]
    assert told[0][8] == 180_000  # the third minute of three, as uptime
    assert score_milli == 0


@pytest.mark.parametrize("clock_set_ms", [0, 400_000])
def test_what_began_before_the_clock_was_set_ends_with_its_own_duration(
    interpreter: Interpreter, clock_set_ms: int
) -> None:
    spans = [[600, *BACKWARDS], [1200, *QUIET]]
    start, end = watched(interpreter, spans, T0, None, True, 200, 2530, clock_set_ms)
    assert (start[1], end[1]) == ("start", "end")
    duration_ms = end[9] - end[8]
    assert 900_000 <= duration_ms <= 1_300_000


def test_a_house_that_generates_more_than_its_panels_is_told_with_its_end(interpreter: Interpreter) -> None:
    told = watched(interpreter, [[120, *QUIET], [600, *BACKWARDS], [1200, *QUIET]])
    assert [event[1:4] for event in told] == [
        ["start", "tamper", NAMES.index("house_below_zero")],
        ["end", "tamper", NAMES.index("house_below_zero")],
    ]
    assert told[0][4] < 0
    assert told[1][0] > told[0][0]


def test_features_of_another_firmware_are_forgotten_without_harm(interpreter: Interpreter) -> None:
    assert interpreter.call("probe_watch", "restarted", b"not features") == 0


REVERSED, SWAPPED, MISSING = (1 << wire.CHECKS.index(name) for name in ("grid_reversed", "clamps_swapped", "v_missing"))


def test_a_failed_check_is_told_from_its_second_reading_on_and_ends_a_minute_after_the_last(
    interpreter: Interpreter,
) -> None:
    channel = NAMES.index("grid_reversed")
    told = interpreter.call("probe_watch", "checks", [0, REVERSED, 0, REVERSED, REVERSED, *[0] * 8])
    assert told == [[40, "start", "sensor", channel, 40], [100, "end", "sensor", channel, 40]]


def test_two_failed_checks_are_two_events_and_what_a_rule_tells_is_none(interpreter: Interpreter) -> None:
    told = interpreter.call("probe_watch", "checks", [REVERSED | SWAPPED | MISSING] * 30)
    assert [NAMES[event[3]] for event in told] == ["grid_reversed", "clamps_swapped"]


def test_a_failed_check_that_was_open_before_the_restart_ends_once(interpreter: Interpreter) -> None:
    channel = NAMES.index("clamps_swapped")
    assert interpreter.call("probe_watch", "checks", [SWAPPED] * 10, [channel]) == []
    told = interpreter.call("probe_watch", "checks", [SWAPPED] * 10 + [0] * 10, [channel])
    assert [event[1:4] for event in told] == [["end", "sensor", channel]]
    assert interpreter.call("probe_watch", "checks", [0] * 10, [250]) == []  # of another firmware
