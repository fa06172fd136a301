"""What is checked before a board is touched: order, secrets, image, port; what is kept; and the label."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from serial.tools import list_ports

from contract import wire
from dev.meter import __main__ as tool
from dev.meter import board, order, plan
from dev.meter.label import label
from dev.meter.order import Mistake, Order
from sunmeter_edge.config import DEFAULTS

GOOD = Order(ssid="home", hub_host="raspberrypi.local")
METER = "m-0a1b2c3d4e"
HUB_PORT = int(DEFAULTS["listen"].rpartition(":")[2])
HEAP = 2_000_000
MASTER = "00112233445566778899aabbccddeeff" * 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ssid": ""}, "Wi-Fi name"),
        ({"ssid": "ü" * 17}, "34 bytes"),
        ({"hub_host": ""}, "host name"),
        ({"hub_host": "http://hub"}, "host name"),
        ({"hub_port": 0}, "TCP port"),
        ({"front_end": "ads1115"}, "esp32, mcp3208"),
        ({"reference_mv": 5000}, "2048 to 3300"),
        ({"nominal_v": 24}, "100 to 277"),
        ({"grid_input": 3}, "input 1 or 2"),
        ({"pv_sign": 0}, "1 or -1"),
    ],
)
def test_an_order_no_meter_could_live_with_is_told(change: dict[str, object], said: str) -> None:
    order.check(GOOD)
    with pytest.raises(Mistake, match=said):
        order.check(replace(GOOD, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize("meter", ["", "m-123", "m-0A1B2C3D4E", "x-0a1b2c3d4e", "m-0a1b2c3d4e5"])
def test_an_id_that_is_none_is_told(meter: str) -> None:
    with pytest.raises(Mistake, match="m- and ten of"):
        order.checked_meter(meter)


def test_new_ids_are_ids_and_differ() -> None:
    made = {order.new_meter_id() for _ in range(50)}
    assert len(made) == 50
    assert all(map(wire.is_meter_id, made))


def never(prompt: str) -> str:
    raise AssertionError("asked")


def test_the_master_key_comes_from_a_file_the_environment_or_the_keyboard(tmp_path: Path) -> None:
    file = tmp_path / "master"
    file.write_text(MASTER + "\n")
    file.chmod(0o600)
    for found in (
        order.master_key({}, file, never),
        order.master_key({order.MASTER_VARIABLE: MASTER}, None, never),
        order.master_key({}, None, lambda prompt: MASTER),
    ):
        assert found == bytes.fromhex(MASTER)


def test_a_wrong_master_key_is_told_without_being_shown(tmp_path: Path) -> None:
    for wrong in ("ab", "zz" * 32):
        with pytest.raises(Mistake) as told:
            order.master_key({}, None, lambda prompt, typed=wrong: typed)  # type: ignore[misc]
        assert wrong not in str(told.value)
    file = tmp_path / "master"
    file.write_text(MASTER)
    file.chmod(0o644)
    with pytest.raises(Mistake, match="chmod 600"):
        order.master_key({}, file, never)
    with pytest.raises(Mistake, match="No such file"):
        order.master_key({}, tmp_path / "none", never)


def test_a_wifi_password_wpa2_would_refuse_is_told() -> None:
    assert order.wifi_password({order.WIFI_VARIABLE: ""}, never) == ""
    assert order.wifi_password({}, lambda prompt: "long enough") == "long enough"
    with pytest.raises(Mistake, match="5 characters"):
        order.wifi_password({order.WIFI_VARIABLE: "short"}, never)


def test_the_settings_are_what_the_firmware_reads() -> None:
    written = order.settings(replace(GOOD, grid_input=2, grid_sign=-1, has_pv=False), METER, "secret", {"v": {}})
    record = json.loads(written)
    assert record["config"]["clamps"] == {"grid": {"input": 2, "sign": -1}, "pv": {"input": 1, "sign": 1}}
    assert record["config"]["pv_fitted"] is False
    assert record["config"]["calibration"] == {"v": {}}
    assert (record["meter"], record["hub_host"], record["hub_port"]) == (METER, "raspberrypi.local", HUB_PORT)


def test_an_image_for_something_else_is_told(tmp_path: Path) -> None:
    image = tmp_path / "image.bin"
    header = bytearray(16)
    header[0] = 0xE9
    image.write_bytes(bytes(header) + bytes(600_000))
    order.check_image(image)
    header[12] = 9  # an ESP32-S3
    image.write_bytes(bytes(header) + bytes(600_000))
    with pytest.raises(Mistake, match="another chip"):
        order.check_image(image)
    image.write_bytes(b"\x7fELF" + bytes(600_000))
    with pytest.raises(Mistake, match="no image"):
        order.check_image(image)
    with pytest.raises(Mistake, match="No such file"):
        order.check_image(tmp_path / "none")


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (board.About("esp32", "Generic ESP32S3 module with ESP32S3", (1, 28), 6 | 10 << 10, True, HEAP), "not S2, S3"),
        (board.About("rp2", "Raspberry Pi Pico with RP2040", (1, 28), 6 | 4 << 10, True, HEAP), "Pico"),
        (board.About("esp32", "Generic ESP32 module with ESP32", (1, 19), 6 | 10 << 10, True, HEAP), "too old"),
        (
            board.About("esp32", "Generic ESP32 module with ESP32", (1, 28), 7 | 10 << 10, True, HEAP),
            r"other \.mpy files",
        ),
        (board.About("esp32", "Generic ESP32 module with ESP32", (1, 28), 6 | 10 << 10, False, HEAP), "not littlefs"),
        (board.About("esp32", "Generic ESP32 module with ESP32", (1, 28), 6 | 10 << 10, True, 160_000), "PSRAM"),
    ],
)
def test_a_board_the_firmware_is_not_made_for_is_told(about: board.About, said: str) -> None:
    board.check_about(
        board.About("esp32", "Generic ESP32 module with ESP32", (1, 28), 6 | 3 << 8 | 10 << 10, True, HEAP)
    )
    with pytest.raises(Mistake, match=said):
        board.check_about(about)


def test_a_port_that_is_not_there_is_told() -> None:
    with pytest.raises(Mistake, match="is the board plugged in"):
        board.check_port("/dev/ttyNOTHING9")


def test_ports_are_chosen_only_where_there_is_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = [argparse.Namespace(device="/dev/ttyS0", vid=None), argparse.Namespace(device="/dev/ttyUSB0", vid=0x10C4)]
    monkeypatch.setattr(list_ports, "comports", lambda: bench)
    assert board.choose_port(None) == "/dev/ttyUSB0"
    bench.append(argparse.Namespace(device="/dev/ttyUSB1", vid=0x1A86))
    with pytest.raises(Mistake, match="/dev/ttyUSB0, /dev/ttyUSB1"):
        board.choose_port(None)
    assert board.choose_port("/dev/ttyUSB1") == "/dev/ttyUSB1"
    bench.clear()
    with pytest.raises(Mistake, match="CP210x"):
        board.choose_port(None)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("A fatal error occurred: This chip is ESP32-S3, not ESP32. Wrong --chip argument?", "no ESP32"),
        ("A fatal error occurred: Failed to connect to ESP32: No serial data received.", "hold the BOOT button"),
        ("odd\n\n", "esptool failed: odd"),
    ],
)
def test_what_esptool_says_becomes_what_to_do(told: str, said: str) -> None:
    assert said in board._boot_loader_trouble(told)


class Esptool:
    """Answers each command in turn with an exit status, and keeps the commands."""

    def __init__(self, *statuses: int) -> None:
        self.commands: list[list[str]] = []
        self._statuses = iter(statuses)

    def __call__(self, command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        self.commands.append(command[3:])
        return subprocess.CompletedProcess(command, next(self._statuses), "Failed to connect to ESP32", "")


def test_the_flash_is_erased_before_micropython_is_written_where_the_chip_looks() -> None:
    esptool = Esptool(0, 0)
    board.flash_micropython("/dev/ttyUSB0", Path("image.bin"), esptool)
    port = ["--chip", "esp32", "--port", "/dev/ttyUSB0", "--baud", "460800"]
    assert esptool.commands == [[*port, "erase-flash"], [*port, "write-flash", "0x1000", "image.bin"]]
    with pytest.raises(Mistake, match="hold the BOOT button"):
        board.flash_micropython("/dev/ttyUSB0", Path("image.bin"), Esptool(2))


def test_the_installed_esptool_takes_these_words(tmp_path: Path) -> None:
    """It gets as far as the port, which is none."""
    with pytest.raises(Mistake, match=r"(?i)esptool failed.*(port|open)"):
        board.flash_micropython(str(tmp_path / "none"), tmp_path / "image.bin")


FILES = {"/main.py": b"new", "/same.mpy": b"same", plan.SETTINGS: b"{}"}
PRESENT = {
    path: plan.digest(content)
    for path, content in {
        "/main.py": b"old",
        "/same.mpy": b"same",
        "/a/app.mpy": b"an update",
        "/blobs/registers": b"energy",
        "/blobs/calibration0": b"points",
        "/flash/outbox/1": b"readings",
    }.items()
}


def test_only_what_differs_is_written_and_the_settings_last() -> None:
    made = plan.plan(PRESENT, FILES, is_same_meter=True, keeps_calibration=True)
    assert made == plan.Plan(remove=("/a/app.mpy",), write=("/main.py", plan.SETTINGS))


def test_another_meters_registers_go_and_the_boards_calibration_may_stay() -> None:
    made = plan.plan(PRESENT, FILES, is_same_meter=False, keeps_calibration=True)
    assert made.remove == ("/a/app.mpy", "/blobs/registers", "/flash/outbox/1")
    made = plan.plan(PRESENT, FILES, is_same_meter=True, keeps_calibration=False)
    assert made.remove == ("/a/app.mpy", "/blobs/calibration0")


def test_the_label_is_an_svg_with_id_claim_code_and_a_qr_code() -> None:
    key = wire.meter_key(bytes.fromhex(MASTER), METER, 1)
    drawn = label(METER, key)
    texts = [node.text for node in ET.fromstring(drawn).iter() if node.tag.endswith("text")]
    claim = wire.claim_code(key)
    assert f"{METER}-" in texts
    assert claim in texts
    assert re.search(r'<path [^>]*d="M4 4\.5h7', drawn), "the finder of a QR code, behind four modules of white"
    assert key.hex() not in drawn


def test_a_dry_run_names_every_step_and_touches_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--wifi", "home", "--hub", "10.0.0.2", "--port", "/dev/ttyNOTHING9", "--dry-run"]
    assert tool.main(asked, {}, never) == 0
    printed = capsys.readouterr().out
    assert "check the port /dev/ttyNOTHING9" in printed
    assert "MAC of a challenge" in printed
    assert "erase" not in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hub", "10.0.0.2"], "Wi-Fi name"),
        (["--wifi", "home"], "host name"),
        (["--wifi", "home", "--hub", "h", "--meter", "m-1"], "ten of"),
        (["--wifi", "home", "--hub", "h", "--image", "/none.bin"], "No such file"),
        (["--wifi", "home", "--hub", "h", "--port", "/dev/ttyNOTHING9"], "plugged in"),
    ],
)
def test_a_mistake_ends_with_a_sentence_and_before_anything_is_typed(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.main(arguments, {}, never) == 1
    told = capsys.readouterr().err
    assert told.startswith("Not done: ")
    assert said in told


def test_no_secret_can_be_given_on_the_command_line() -> None:
    options = tool._parser().format_help()
    assert "--master-file" in options
    assert not re.search(r"--(key|master|password|wifi-password)\b(?!-file)", options)
