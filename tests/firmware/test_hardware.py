"""hardware.py under real MicroPython on stand-ins for the chip's modules: what it asks of one, not what one does."""

from collections.abc import Iterator
from typing import Any

import pytest

from contract import wire

from .interpreters import HERE, Interpreter, start

CHIP = HERE / "board" / "chip"
SETTINGS: dict[str, Any] = {"meter": "m-0a1b2c3d4e", "wifi": {"ssid": "home", "password": "secret"}}
POWER_ON, HARD, WATCHDOG, DEEP_SLEEP, SOFT = 1, 2, 3, 4, 5


@pytest.fixture(scope="module")
def board() -> Iterator[Interpreter]:
    running = start("unix", heap="4m", folders=[CHIP])
    yield running
    running.close()


def test_the_relay_is_off_before_anything_else_happens(board: Interpreter) -> None:
    seen = board.call("probe_hardware", "started", SETTINGS)
    assert seen["machine"][:2] == ["pin 25 is 0", "watchdog 30000"]
    assert not seen["error"]


def test_the_relay_is_off_through_a_restart(board: Interpreter) -> None:
    assert board.call("probe_hardware", "relay_calls") == ["pin 25 is 1", "pin 25 is 0", "reset"]


def test_wifi_carries_the_meters_name_and_saves_no_power(board: Interpreter) -> None:
    seen = board.call("probe_hardware", "started", SETTINGS)
    assert seen["network"] == ["named m-0a1b2c3d4e", "off", "on", "pm 0", "connect home"]


def test_a_board_that_is_not_provisioned_arms_no_watchdog(board: Interpreter) -> None:
    seen = board.call("probe_hardware", "started", None)
    assert (seen["error"], seen["machine"]) == ("OSError", ["pin 25 is 0"])


@pytest.mark.parametrize("key", [None, bytes(16)])
def test_a_board_without_its_whole_key_does_not_start(board: Interpreter, key: bytes | None) -> None:
    assert board.call("probe_hardware", "started", SETTINGS, key)["error"] in ("OSError", "ValueError")


@pytest.mark.parametrize(
    ("cause", "register", "is_asked", "told"),
    [
        (POWER_ON, 1, False, "power_on"),
        (POWER_ON, 15, False, "brown_out"),  # the chip's own detector
        (POWER_ON, 12, False, "brown_out"),  # the same through IDF's interrupt, which restarts in software
        (HARD, 1, False, "power_on"),
        (WATCHDOG, 8, False, "watchdog"),
        (WATCHDOG, 15, False, "brown_out"),  # as older MicroPython called it
        (SOFT, 12, True, "software"),
        (SOFT, 12, False, "crash"),
        (DEEP_SLEEP, 5, False, "deep_sleep"),
        (0, 0, False, "unknown"),
    ],
)
def test_why_it_started_is_told(board: Interpreter, cause: int, register: int, is_asked: bool, told: str) -> None:
    found = board.call("probe_hardware", "reset_cause", cause, register, is_asked)
    assert wire.RESET_CAUSES[found[0]] == told


def test_a_restart_that_was_asked_for_explains_one_start_only(board: Interpreter) -> None:
    first, second = board.call("probe_hardware", "reset_cause", SOFT, 12, True)
    assert (wire.RESET_CAUSES[first], wire.RESET_CAUSES[second]) == ("software", "crash")


def test_provisioning_chooses_the_front_end(board: Interpreter) -> None:
    least, most, at_1000, last = board.call("probe_hardware", "pair", "esp32")
    assert 540 <= least < 560
    assert 2320 < most <= 2340
    assert at_1000 == pytest.approx(2 * (1000 * 1100 * 196602 / 65536 / 4096 + 142), abs=12)
    least, most, at_1000, last = board.call("probe_hardware", "pair", "mcp3208")
    assert (least, most) == (0x5A0, 0x5A0)
    assert (at_1000, last) == (1221, 4999)


def test_a_blob_is_replaced_whole_and_nothing_is_left_beside_it(board: Interpreter) -> None:
    assert board.call("probe_hardware", "kept") == [b"new", None, ["registers"], bytes(range(32))]


def test_what_a_reading_says_of_the_board(board: Interpreter) -> None:
    assert board.call("probe_hardware", "health") == [-128, True, 2, ["sunmeter: first good burst"]]
