"""The outbox: bounded, oldest dropped and counted, torn records noticed, nothing lost in a restart."""

import struct
from pathlib import Path
from typing import Any

import pytest

from tests.firmware.interpreters import Interpreter

BOOT = 7
SIZES = [6, 4, 3]  # records in RAM, records in a segment, segments


def record(seq: int, boot: int = BOOT) -> list[Any]:
    return [2, struct.pack("<II", boot, seq) + b"x" * (seq % 5)]


def adds(first: int, last: int) -> list[Any]:
    return [["add", *record(seq)] for seq in range(first, last + 1)]


def seqs(records: list[Any]) -> list[int]:
    return [struct.unpack("<II", payload[:8])[1] for _, payload in records]


@pytest.fixture
def folder(interpreter: Interpreter, tmp_path: Path) -> str:
    """A directory that the interpreter sees: WASM has files of its own, in memory."""
    if interpreter.name != "wasm":
        return str(tmp_path)
    path = f"/{tmp_path.name}"
    interpreter.call("os", "mkdir", path)
    return path


def play(interpreter: Interpreter, folder: str, steps: list[Any]) -> list[Any]:
    found = interpreter.call("probe_flash", "outbox_steps", folder, SIZES, steps)
    return [answer for answer in found if answer is not None]


def test_the_newest_come_first_and_payloads_come_back_whole(interpreter: Interpreter, folder: str) -> None:
    found = play(interpreter, folder, [*adds(1, 5), ["newest", 3], ["len"]])
    assert found == [[record(3), record(4), record(5)], 5]


def test_what_is_acknowledged_is_not_sent_again(interpreter: Interpreter, folder: str) -> None:
    steps = [*adds(1, 5), ["acknowledge", BOOT, 2, 4], ["newest", 9], ["acknowledge", BOOT + 1, 1, 9], ["len"]]
    found = play(interpreter, folder, steps)
    assert (seqs(found[0]), found[1]) == ([1, 5], 2)


def test_older_records_move_to_flash_and_are_sent_after_the_newer(interpreter: Interpreter, folder: str) -> None:
    steps = [*adds(1, 9), ["newest", 9], ["acknowledge", BOOT, 7, 9], ["newest", 9], ["acknowledge", BOOT, 5, 6]]
    found = play(interpreter, folder, [*steps, ["newest", 9], ["acknowledge", BOOT, 1, 4], ["newest", 9], ["files"]])
    assert seqs(found[0]) == [7, 8, 9]
    assert seqs(found[1]) == [5, 6]
    assert seqs(found[2]) == [1, 2, 3, 4]
    assert found[3:] == [[], []]


def test_a_restart_keeps_what_was_flushed(interpreter: Interpreter, folder: str) -> None:
    steps = [*adds(1, 5), ["flush", 5], ["again"], ["len"], ["newest", 2], *adds(6, 7), ["len"]]
    found = play(interpreter, folder, steps)
    assert (found[0], seqs(found[1]), found[2]) == (5, [5], 7)


def test_when_there_is_no_room_the_oldest_go_and_are_counted(interpreter: Interpreter, folder: str) -> None:
    found = play(interpreter, folder, [*adds(1, 40), ["len"], ["dropped"], ["files"], ["newest", 99]])
    kept, dropped, files, newest = found
    assert kept + dropped == 40
    assert dropped == 40 - kept >= 20
    assert len(files) <= SIZES[2]
    assert seqs(newest)[-1] == 40


def test_segments_are_not_appended_to_after_a_restart(interpreter: Interpreter, folder: str) -> None:
    steps = [*adds(1, 2), ["flush", 2], ["again"], *adds(3, 4), ["flush", 2], ["files"]]
    assert play(interpreter, folder, steps)[-1] == ["00000001.seg", "00000002.seg"]


@pytest.mark.parametrize("cut", [1, 5, 12, 13, 20, 31])
def test_a_record_torn_by_a_power_cut_ends_its_segment(unix: Interpreter, tmp_path: Path, cut: int) -> None:
    play(unix, str(tmp_path), [*adds(1, 4), ["flush", 4]])
    segment = tmp_path / "00000001.seg"
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-cut])
    found = play(unix, str(tmp_path), [["len"], ["newest", 9]])
    lengths = [15 + seq % 5 for seq in range(1, 5)]
    kept = sum(sum(lengths[: n + 1]) <= len(whole) - cut for n in range(4))
    assert (found[0], seqs(found[1])) == (kept, list(range(1, kept + 1)))


def test_a_flipped_bit_is_noticed(unix: Interpreter, tmp_path: Path) -> None:
    play(unix, str(tmp_path), [*adds(1, 4), ["flush", 4]])
    segment = tmp_path / "00000001.seg"
    damaged = bytearray(segment.read_bytes())
    damaged[40] ^= 16
    segment.write_bytes(damaged)
    assert play(unix, str(tmp_path), [["len"]]) == [2]


def test_a_flash_that_is_full_keeps_the_newest_and_counts_the_rest(unix: Interpreter) -> None:
    kept, dropped, newest, erases = unix.call("probe_littlefs", "fill", 40, 1500, 182)
    assert kept + dropped == 1500
    assert newest == 1500
    assert kept > 500  # 40 blocks of 4 kB hold 800 records of 189 bytes
    assert erases < 1500
