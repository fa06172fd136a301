"""The provisioning of a meter against real MicroPython on a terminal: its file system, its REPL, and then its start."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contract import wire
from dev.meter import __main__ as tool
from dev.meter import firmware
from dev.meter.board import Board
from dev.meter.order import Mistake, Order

from .terminal import Terminal

MASTER = bytes(range(32))
METER = "m-0a1b2c3d4e"
PASSWORD = "correct horse"
ORDER = Order(ssid="home", hub_host="192.168.1.20")


def unix_firmware(meter: str, key: bytes) -> firmware.Files:
    """The same firmware for this machine's processor."""
    return firmware.files(meter, key, march="x64")


def three_files(meter: str, key: bytes) -> firmware.Files:
    return {"/boot.py": b"", "/main.py": b"print('sunmeter: first good burst')\n", "/contract/wire.mpy": bytes(3000)}


def no_start(meter: str, key: bytes) -> firmware.Files:
    return {"/boot.py": b"", "/main.py": b"raise OSError('no mains')\n"}


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path)
    yield made
    made.close()


def job(terminal: Terminal, tmp_path: Path) -> tool.Job:
    return tool.Job(
        order=ORDER,
        master=MASTER,
        wifi_password=PASSWORD,
        port=terminal.port,
        meter=METER,
        labels=tmp_path / "labels",
        waits=False,
    )


@pytest.mark.slow
def test_a_bare_board_becomes_a_meter_that_meters(
    terminal: Terminal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its firmware starts from its flash on a simulated sine, and the first good burst is heard."""
    path = tool.make(replace(job(terminal, tmp_path), waits=True), unix_firmware)
    drawn = path.read_text()
    claim = wire.claim_code(wire.meter_key(MASTER, METER, 1))
    assert METER in drawn
    assert claim in drawn
    assert path.stat().st_mode & 0o077 == 0
    printed = capsys.readouterr().out
    for secret in (MASTER.hex(), wire.meter_key(MASTER, METER, 1).hex(), PASSWORD, claim):
        assert secret not in printed


@pytest.mark.slow
def test_at_a_desk_without_mains_the_first_burst_is_good_as_well(terminal: Terminal, tmp_path: Path) -> None:
    board = Board(terminal.port)
    board.run("import machine\nmachine.is_quiet = True")
    board.close()
    tool.make(replace(job(terminal, tmp_path), waits=True), unix_firmware)


def test_settings_and_key_are_on_the_board(terminal: Terminal, tmp_path: Path) -> None:
    board = Board(terminal.port)
    board.write("/old.py", b"x")
    board.write("/lib/old.py", b"x")
    key = wire.meter_key(MASTER, METER, 1)
    assert board.holds_key(key) is None
    _provision_only(job(terminal, tmp_path), board)
    assert board.holds_key(key)
    assert board.holds_key(bytes(32)) is False
    assert set(board.files()) == {"/boot.py", "/main.py", "/contract/wire.mpy", "/settings.json"}
    settings = json.loads(board.read("/settings.json"))
    assert settings["wifi"] == {"ssid": "home", "password": PASSWORD}
    assert settings["meter"] == METER
    assert "key_hex" not in settings
    board.close()


def test_run_again_it_writes_nothing_and_keeps_the_registers(
    terminal: Terminal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = Board(terminal.port)
    _provision_only(job(terminal, tmp_path), board)
    board.write("/blobs/registers", b"energy")
    board.write("/blobs/calibration1", b"points")
    capsys.readouterr()
    unnamed = replace(job(terminal, tmp_path), meter=None, keeps_calibration=True)  # the board says who it is
    _provision_only(unnamed, board)
    assert "0 files to write (0 bytes), 0 to remove" in capsys.readouterr().out
    assert board.read("/blobs/registers") == b"energy"
    assert board.read("/blobs/calibration1") == b"points"
    _provision_only(job(terminal, tmp_path), board)
    assert "/blobs/calibration1" not in board.files()
    other = replace(job(terminal, tmp_path), meter="m-zzzzzzzzzz")
    _provision_only(other, board)
    assert "/blobs/registers" not in board.files()
    board.close()


def test_a_wrong_master_key_does_not_orphan_a_meter(terminal: Terminal, tmp_path: Path) -> None:
    board = Board(terminal.port)
    _provision_only(job(terminal, tmp_path), board)
    before = board.files()
    wrong = replace(job(terminal, tmp_path), master=bytes(32))
    with pytest.raises(Mistake, match="the right master key"):
        _provision_only(wrong, board)
    assert board.files() == before
    assert board.holds_key(wire.meter_key(MASTER, METER, 1))
    _provision_only(replace(wrong, replaces_key=True), board)
    assert board.holds_key(wire.meter_key(bytes(32), METER, 1))
    board.close()


def test_a_calibration_is_not_kept_for_another_front_end(terminal: Terminal, tmp_path: Path) -> None:
    board = Board(terminal.port)
    _provision_only(job(terminal, tmp_path), board)
    other = replace(job(terminal, tmp_path), order=replace(ORDER, front_end="mcp3208"), keeps_calibration=True)
    with pytest.raises(Mistake, match="other front end"):
        _provision_only(other, board)
    _provision_only(replace(other, keeps_calibration=False), board)
    assert json.loads(board.read("/settings.json"))["front_end"] == "mcp3208"
    board.close()


def _provision_only(asked: tool.Job, board: Board) -> None:
    """Everything but the restart, which ends this board's REPL."""
    board.restart = lambda: None  # type: ignore[method-assign]
    tool._provision(asked, board, three_files, {}, {})


def test_a_board_that_does_not_meter_is_told_with_its_last_words(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "_BURST_S", 1.0)
    with pytest.raises(Mistake, match=r"(?s)no good burst.*OSError: no mains"):
        tool.make(replace(job(terminal, tmp_path), waits=True), no_start)


def test_a_board_that_goes_silent_is_told(terminal: Terminal) -> None:
    board = Board(terminal.port)
    terminal.pull()
    with pytest.raises(Mistake, match="went silent"):
        board.files()
    board.close()


def test_what_the_board_refuses_is_told_without_its_source(terminal: Terminal) -> None:
    board = Board(terminal.port)
    with pytest.raises(Mistake, match=r"^the board refused a step: OSError: \[Errno 2\] ENOENT$"):
        board.remove("/nothing")
    board.close()


def test_a_port_where_nothing_answers_is_told(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.pull()
    with pytest.raises(Mistake, match="no MicroPython answers"):
        Board(terminal.port, wait_s=0)
    terminal.close()
