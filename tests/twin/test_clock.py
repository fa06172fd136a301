"""The timeline keeps houses together, keeps real time once it is reached, and tells the hub what time it is."""

import struct
import threading
from pathlib import Path

from twin.clock import ClockFile, Timeline
from twin.faults import Fault, Faults

START_MS = 1_763_856_000_000
STOP = threading.Event()


class Wall:
    """A wall clock that stands until it is moved."""

    def __init__(self, ms: int) -> None:
        self.ms = ms

    def __call__(self) -> int:
        return self.ms


def read(path: Path) -> int:
    ms: int = struct.unpack("<Q", path.read_bytes())[0]
    return ms


def test_the_clock_file_is_eight_bytes_and_never_turned_back(tmp_path: Path) -> None:
    clock = ClockFile(tmp_path / "clock", 1000)
    assert read(tmp_path / "clock") == 1000
    for ms in (2000, 5000, 4000):
        clock.write(ms)
    assert read(tmp_path / "clock") == 5000
    clock.close()


def test_a_new_run_writes_into_the_file_that_a_hub_may_hold_open(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    ClockFile(path, 9000).close()
    with path.open("rb") as held:
        ClockFile(path, 2000).close()
        assert struct.unpack("<Q", held.read(8)) == (2000,)


def test_playing_the_past_the_clock_is_that_of_the_slowest_house(tmp_path: Path) -> None:
    timeline = Timeline(START_MS, clock_file=tmp_path / "clock", now_ms=Wall(START_MS + 86_400_000))
    for name in ("a", "b"):
        timeline.join_in(name)
    timeline.reached("a", START_MS + 900)
    timeline.reached("b", START_MS + 400)
    assert timeline.catching_up
    assert read(tmp_path / "clock") == START_MS + 400
    timeline.close()


def test_live_the_clock_is_the_wall_s(tmp_path: Path) -> None:
    wall = Wall(START_MS + 86_400_000)
    timeline = Timeline(START_MS, clock_file=tmp_path / "clock", now_ms=wall)
    timeline.join_in("a")
    timeline.reached("a", wall.ms - 300)
    assert not timeline.catching_up
    assert read(tmp_path / "clock") == wall.ms
    timeline.close()


def test_a_slow_burst_is_not_the_past_but_falling_far_behind_is() -> None:
    wall = Wall(START_MS)
    timeline = Timeline(START_MS, now_ms=wall)
    timeline.join_in("a")
    seen = []
    for lag_ms in (300, 4000, 6000, 3000, 900):
        wall.ms = START_MS + lag_ms
        timeline.reached("a", START_MS)
        seen.append(timeline.catching_up)
    assert seen == [False, False, True, True, False]


def test_a_house_waits_for_the_slowest_and_the_slowest_never_waits() -> None:
    timeline = Timeline(START_MS, now_ms=Wall(START_MS + 86_400_000))
    for name in ("fast", "slow"):
        timeline.join_in(name)
    assert timeline.wait("slow", START_MS + 60_000, STOP)
    went_on = threading.Event()

    def run() -> None:
        timeline.wait("fast", START_MS + 60_000, STOP)
        went_on.set()

    timeline.reached("fast", START_MS + 1)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert not went_on.wait(0.2)
    timeline.reached("slow", START_MS + 59_500)
    assert went_on.wait(2.0)


def test_a_house_that_has_left_holds_nobody_back() -> None:
    timeline = Timeline(START_MS, now_ms=Wall(START_MS + 86_400_000))
    for name in ("a", "b"):
        timeline.join_in(name)
    timeline.reached("a", START_MS + 1)
    timeline.leave("b")
    assert timeline.wait("a", START_MS + 60_000, STOP)


def waits_until_it_is_stopped(timeline: Timeline, until_ms: int) -> None:
    stop = threading.Event()
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(timeline.wait("a", until_ms, stop)), daemon=True)
    thread.start()
    thread.join(0.2)
    assert answers == []
    stop.set()
    thread.join(2.0)
    assert answers == [False]


def test_nobody_goes_beyond_the_wall_clock_and_a_stop_ends_the_wait() -> None:
    timeline = Timeline(START_MS, now_ms=Wall(START_MS))
    timeline.join_in("a")
    waits_until_it_is_stopped(timeline, START_MS + 60_000)


def test_a_pace_holds_back_what_the_wall_clock_would_let_go() -> None:
    timeline = Timeline(START_MS, now_ms=Wall(START_MS + 86_400_000))
    timeline.pace = 60
    timeline.join_in("a")
    timeline.start()
    assert timeline.wait("a", START_MS, STOP)
    assert timeline.wait("a", START_MS + 600, STOP), "ten milliseconds at that pace"
    waits_until_it_is_stopped(timeline, START_MS + 60_000_000)
    timeline.close()


def test_outages_are_told_when_the_slowest_house_passes_them() -> None:
    told: list[tuple[str, bool, int]] = []
    outages = Faults((Fault("internet", START_MS + 1000, START_MS + 3000),))
    timeline = Timeline(
        START_MS,
        outages=outages,
        on_outage=lambda kind, active, at_ms: told.append((kind, active, at_ms - START_MS)),
        now_ms=Wall(START_MS + 86_400_000),
    )
    for name in ("a", "b"):
        timeline.join_in(name)
    timeline.reached("a", START_MS + 1500)
    assert told == []
    timeline.reached("b", START_MS + 1200)
    timeline.reached("b", START_MS + 2000)
    outages.end_kind("internet", START_MS + 1400)
    timeline.reached("a", START_MS + 2100)
    assert told == [("internet", True, 1200), ("internet", False, 2000)]


def test_hours_are_told_once() -> None:
    hours: list[int] = []
    start_ms = START_MS // 3_600_000 * 3_600_000
    timeline = Timeline(start_ms, on_hour=hours.append, now_ms=Wall(start_ms + 86_400_000))
    timeline.join_in("a")
    for minutes in (30, 61, 62, 119, 121):
        timeline.reached("a", start_ms + minutes * 60_000)
    assert hours == [start_ms + 3_600_000, start_ms + 7_200_000]
