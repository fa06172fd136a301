"""The lockstep server with real MicroPython processes: what they hear, how they end, and that none is left."""

import binascii
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from twin.clock import Timeline, wall_ms
from twin.faults import Fault, Faults
from twin.house import House
from twin.profile import Steady
from twin.provision import Identity, provision
from twin.sensors import Board, codes_to_lut, make_board
from twin.server import Event, Firmware, Meter, Twin, TwinError

BOARD_DIR = Path(__file__).parents[2] / "twin" / "board"
PROBES = Path(__file__).parent / "probes"
START_MS = 1_763_856_000_000
SOURCE = Steady({"kettle": 800.0, "fridge": 100.0})
PATIENCE_S = 60.0


class Run:
    """A street of probes, with everything that was told about it."""

    def __init__(
        self,
        folder: Path,
        probe: str,
        seconds: float,
        names: tuple[str, ...] = ("m-aaaaaaaaaa",),
        faults: tuple[Fault, ...] = (),
        start_ms: int = START_MS,
        watchdog_s: float = 20.0,
    ) -> None:
        self.events: list[Event] = []
        self.timeline = Timeline(start_ms, start_ms + round(seconds * 1000), folder / "clock")
        firmware = Firmware(module=probe, path=(BOARD_DIR, PROBES), watchdog_s=watchdog_s)
        self.meters = []
        for number, name in enumerate(names):
            board = board_of(number)
            provision(folder / name, Identity(meter=name, k_meter=bytes(range(32))), board)
            house = House(SOURCE, board, start_ms, faults=Faults(faults), relay_w=500.0)
            self.timeline.join_in(name)
            self.meters.append(Meter(name, house, folder / name, self.timeline, firmware, self.events.append))
        self.twin = Twin(self.meters, self.timeline)

    def play(self) -> None:
        with self.twin:
            assert self.twin.join(PATIENCE_S)


def board_of(number: int) -> Board:
    return make_board(number + 1)


def lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_firmware_hears_every_sample_of_its_house_in_order(tmp_path: Path) -> None:
    Run(tmp_path, "listen", 30).play()
    facts = lines(tmp_path / "m-aaaaaaaaaa" / "facts.txt")
    lut = codes_to_lut(board_of(0).efuse)
    assert facts[0] == ["m-aaaaaaaaaa", "32", "4096", str(lut[2000])]
    reference = House(SOURCE, board_of(0), START_MS)
    for number, (first_us, checksum, in_step) in enumerate(facts[3:23]):
        assert int(first_us) == number * 840 * 250
        assert int(checksum) == binascii.crc32(reference.take(840).tobytes())
        assert in_step == "1"


def test_capture_allocates_nothing_and_blobs_are_replaced_whole(tmp_path: Path) -> None:
    run = Run(tmp_path, "listen", 30)
    run.play()
    facts = lines(tmp_path / "m-aaaaaaaaaa" / "facts.txt")
    assert facts[23] == ["0"]
    assert facts[24] == ["second", "None"]
    assert {"event": "relay", "on": True}.items() <= next(e for e in run.events if e["event"] == "relay").items()
    assert run.meters[0].house.relay_on


def test_the_first_boot_says_power_on_network_up_and_playing_the_past(tmp_path: Path) -> None:
    Run(tmp_path, "listen", 30).play()
    facts = lines(tmp_path / "m-aaaaaaaaaa" / "facts.txt")
    cause, network, rssi, idle_ms = map(int, facts[1])
    assert (cause, network, idle_ms) == (1, 1, 0)
    assert -90 < rssi < -30
    assert 0 <= int(facts[2][0]) < 5000  # ticks begin with the power


def test_a_power_cut_ends_the_firmware_and_the_return_starts_it_anew(tmp_path: Path) -> None:
    cut = Fault("power", START_MS + 10_000, START_MS + 40_000)
    run = Run(tmp_path, "lives", 60, faults=(cut,))
    run.play()
    assert lines(tmp_path / "m-aaaaaaaaaa" / "lives.txt") == [["1", "0", "1"], ["1", "0", "1"]]
    told = [(e["event"], e["at_ms"] - START_MS) for e in run.events]
    assert told == [("boot", 0), ("power_cut", 10_000), ("power_back", 40_000), ("boot", 41_500)]
    dark = run.meters[0].house.energy_between(START_MS + 11_500, START_MS + 38_500)
    assert dark.import_wh == pytest.approx(0.0, abs=1e-9)


def heard_by_a_slow_meter(folder: Path, *faults: Fault) -> list[tuple[int, int]]:
    """Of each chunk of 250 ms: its end in the meter's time, and what the clock file said then [ms from the start]."""
    Run(folder, "slow", 30, faults=faults).play()
    return [(int(end), int(clock) - START_MS) for end, clock in lines(folder / "m-aaaaaaaaaa" / "slow.txt")]


def test_all_that_was_sampled_before_a_power_cut_is_heard(tmp_path: Path) -> None:
    told = heard_by_a_slow_meter(tmp_path, Fault("power", START_MS + 10_000, START_MS + 40_000))
    assert told[-1][0] >= 9_750


def test_what_a_meter_asks_for_ahead_has_not_happened_to_it_yet(tmp_path: Path) -> None:
    told = heard_by_a_slow_meter(tmp_path)
    assert told[-1][0] == 30_000
    assert max(clock_ms - heard_ms for heard_ms, clock_ms in told) <= 250  # never past the chunk it waits for


def test_without_wifi_the_meter_is_told_so_and_keeps_hearing(tmp_path: Path) -> None:
    loss = Fault("wifi", START_MS + 5_000, START_MS + 15_000)
    Run(tmp_path, "lives", 30, faults=(loss,)).play()
    network = (tmp_path / "m-aaaaaaaaaa" / "network.txt").read_text()
    assert network.strip("1") == network.lstrip("1").rstrip("1")
    assert abs(network.count("0") - 100) <= 2  # bursts of 100 ms


def test_each_end_of_the_firmware_is_the_reset_cause_of_its_next_life(tmp_path: Path) -> None:
    run = Run(tmp_path, "ends", 30, watchdog_s=1.5)
    run.play()
    causes = [line[0] for line in lines(tmp_path / "m-aaaaaaaaaa" / "ends.txt")]
    assert causes == ["1", "4", "6", "3"]  # power on, software, crash, watchdog
    assert "a mistake in the firmware" in (tmp_path / "m-aaaaaaaaaa" / "console.log").read_text()
    assert run.meters[0].boots == 4


def test_a_firmware_that_never_starts_ends_the_run_with_its_own_words(tmp_path: Path) -> None:
    run = Run(tmp_path, "broken", 30)
    with pytest.raises(TwinError, match="no such pin"), run.twin:
        run.twin.join(PATIENCE_S)


def test_houses_stay_within_seconds_and_the_clock_file_with_the_slowest(tmp_path: Path) -> None:
    run = Run(tmp_path, "lives", 120, names=("m-aaaaaaaaaa", "m-bbbbbbbbbb", "m-cccccccccc"))
    apart: list[int] = []
    behind: list[int] = []
    with run.twin:
        while not run.twin.join(0.01):
            clock_ms = int.from_bytes((tmp_path / "clock").read_bytes(), "little")
            positions = [meter.house.now_ms for meter in run.meters]
            apart.append(max(positions) - min(positions))
            behind.append(max(positions) - clock_ms)
    assert max(apart[:-1], default=0) <= 10_000
    assert max(behind[:-1], default=0) <= 10_000


def test_the_present_is_played_in_real_time(tmp_path: Path) -> None:
    start_ms = wall_ms() - 2000
    run = Run(tmp_path, "lives", 5, start_ms=start_ms)
    run.play()
    assert wall_ms() >= start_ms + 5000 - 250
    clock_ms = int.from_bytes((tmp_path / "clock").read_bytes(), "little")
    assert clock_ms >= start_ms + 5000 - 250


def test_a_stop_leaves_no_process_and_no_thread(tmp_path: Path) -> None:
    run = Run(tmp_path, "lives", 86_400, names=("m-aaaaaaaaaa", "m-bbbbbbbbbb"))
    with run.twin:
        wait_for(lambda: all(meter.house.now_us > 2_000_000 for meter in run.meters))
        processes = [meter.process_id for meter in run.meters]
    for process_id in processes:
        assert process_id is not None
        with pytest.raises(ProcessLookupError):
            os.kill(process_id, 0)
    assert not {"m-aaaaaaaaaa", "m-bbbbbbbbbb", "clock"} & {thread.name for thread in threading.enumerate()}
