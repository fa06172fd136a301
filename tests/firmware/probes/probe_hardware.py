"""hardware.py itself under MicroPython, with stand-ins for the chip's modules and an empty littlefs for its flash."""

import json
import os
from array import array

import adc_esp32  # noqa: F401 - chosen after the host's files are gone
import adc_mcp3208  # noqa: F401
import esp32
import flash
import hardware
import machine
import network

KEY = bytes(range(32))
_RESET_STATE = 0x3FF48034


def started(settings, key=KEY):
    """What the chip's modules saw when a board with these settings (None: without) started; its error, if any."""
    flash.mount()
    machine.calls.clear()
    network.calls.clear()
    esp32.blobs.clear()
    if key is not None:
        esp32.blobs["meter", "key"] = key
    if settings is not None:
        with open("/settings.json", "w") as f:
            json.dump(settings, f)
    error = ""
    try:
        hardware.Hardware()
    except (OSError, ValueError) as raised:
        error = type(raised).__name__
    return {"machine": list(machine.calls), "network": list(network.calls), "error": error}


def reset_cause(cause, register, asked):
    """What a reading says of a start with this cause of MicroPython's and this of the chip's, after reboot() or not."""
    board = _board()
    machine.rtc_memory = b""
    if asked:
        board.reboot()
    machine.cause, machine.mem32[_RESET_STATE] = cause, register
    first = hardware.Hardware().reset_cause()
    second = hardware.Hardware().reset_cause()  # the word of an asked restart counts once
    machine.cause, machine.mem32[_RESET_STATE] = machine.PWRON_RESET, 1
    return first, second


def _board(front_end="esp32"):
    started({"meter": "m-0a1b2c3d4e", "wifi": {"ssid": "home", "password": "secret"}, "front_end": front_end})
    return hardware.Hardware()


def pair(front_end):
    """(the greatest and least voltage code of five cycles, the table's end) with this front end."""
    board = _board(front_end)
    buf = array("H", bytes(6 * 400))
    board.capture(buf, 400)
    lut = board.codes_to_lut()
    volts = [buf[k] for k in range(0, len(buf), 3)]
    return min(volts), max(volts), lut[1000], lut[4095]


def kept():
    """What a blob reads after it was replaced, what one reads that was never kept, and the files there are."""
    board = _board()
    board.store("registers", b"old")
    board.store("registers", b"new")
    return board.load("registers"), board.load("features"), os.listdir("/blobs"), board.settings()["key"]


def relay_calls():
    board = _board()
    machine.calls.clear()
    board.relay(True)
    board.reboot()
    return list(machine.calls)


def health():
    """(dBm without a connection, whether memory is free, and after two good bursts how often the watchdog was fed and
    what stands on the console)."""
    board = _board()
    console = []
    hardware.print = console.append
    board.feed()
    board.feed()
    del hardware.print
    return board.rssi_dbm(), board.free_bytes() > 0, machine.calls.count("fed"), console
