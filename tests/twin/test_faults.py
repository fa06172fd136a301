"""Faults are written in one line, refused in one sentence, and may be added and ended at any time."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from twin.faults import FOREVER_MS, BadFault, Fault, Faults, parse_fault

ZONE = ZoneInfo("Europe/Paris")


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


RUN = ms("2026-11-20T12:00")


def parsed(text: str, houses: int = 3) -> Fault:
    return parse_fault(text, RUN, RUN + 60_000, ZONE, houses)


def test_a_fault_says_what_when_how_long_and_how_much() -> None:
    fault = parsed("heater@18:30+2h:1500")
    assert (fault.kind, fault.amount, fault.house) == ("heater", 1500.0, 1)
    assert fault.start_ms == ms("2026-11-20T18:30")
    assert fault.end_ms - fault.start_ms == 2 * 3_600_000


def test_a_time_of_day_before_the_start_is_meant_for_the_next_day() -> None:
    assert parsed("power@03:00+20m").start_ms == ms("2026-11-21T03:00")


@pytest.mark.parametrize(
    ("duration", "duration_ms"), [("500ms", 500), ("90s", 90_000), ("1h30m", 5_400_000), ("1.5d", 129_600_000)]
)
def test_durations_are_written_as_people_write_them(duration: str, duration_ms: int) -> None:
    fault = parsed(f"sag@13:00+{duration}:0.6")
    assert fault.end_ms - fault.start_ms == duration_ms


def test_the_first_of_two_times_after_now_is_a_delay() -> None:
    fault = parsed("sag@now+2m+10s:0.6")
    assert (fault.start_ms, fault.end_ms) == (RUN + 180_000, RUN + 190_000)
    fault = parsed("sag@now+10s")
    assert (fault.start_ms, fault.end_ms) == (RUN + 60_000, RUN + 70_000)


def test_what_is_left_out_has_a_usual_value() -> None:
    fault = parsed("bypass@now")
    assert (fault.amount, fault.channel, fault.end_ms, fault.start_ms) == (0.5, "grid", FOREVER_MS, RUN + 60_000)


def test_channel_house_and_date_can_be_named() -> None:
    fault = parsed("frozen.v#3@2026-11-22T08:15:30+5m")
    assert (fault.channel, fault.house, fault.start_ms) == ("v", 3, ms("2026-11-22T08:15:30"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("heater", "is not KIND"),
        ("heater@", "is not KIND"),
        ("toaster@18:30", "unknown fault 'toaster'; known: heater"),
        ("heater@now+soon+1h", "'soon' is no duration"),
        ("heater@25:00", "is no time"),
        ("heater@2026-02-30T10:00", "is no time"),
        ("heater@18:30+2x", "is no duration"),
        ("heater@18:30+0s", "lasts longer"),
        ("heater@18:30+1h:0", "takes 1 to 9000 W"),
        ("heater@18:30+1h:1.2.3", "is no number"),
        ("power@18:30+1h:5", "takes no amount"),
        ("open.v@18:30", "has no channel 'v'; it has grid, pv"),
        ("wifi.grid@18:30", "has no channel 'grid'"),
        ("power#4@18:30", "there is no house 4; houses count from 1 to 3"),
    ],
)
def test_a_fault_that_is_written_wrongly_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(BadFault, match=reason):
        parsed(text)


def test_a_fault_is_active_from_its_start_to_before_its_end() -> None:
    faults = Faults((Fault("wifi", 1000, 2000),))
    assert [bool(faults.active("wifi", t)) for t in (999, 1000, 1999, 2000)] == [False, True, True, False]


def test_a_fault_can_be_added_and_ended_while_time_runs() -> None:
    faults = Faults()
    faults.add(Fault("hidden", 0, amount=300.0))
    assert faults.end_kind("hidden", 5000) == 1
    assert faults.active("hidden", 4999) is not None
    assert faults.active("hidden", 5000) is None
    assert faults.end_kind("hidden", 6000) == 0


def test_the_next_power_cut_within_a_burst_is_found() -> None:
    late, soon = Fault("power", 900, 2000), Fault("power", 500, 600)
    faults = Faults((late, soon))
    assert faults.next_start("power", 0, 1000) is soon
    assert faults.next_start("power", 650, 1000) is late
    assert faults.next_start("power", 0, 500) is None
