"""MicroPython's raw REPL on a terminal, as docs.micropython.org/en/latest/reference/repl.html describes it.

The unix port has only the friendly one. Run as a program on a pseudo-terminal it is a board without firmware: an empty
flash at /, stand-ins for the chip's modules, and whatever is sent is executed by MicroPython. A reset starts what lies
on the flash, boot.py and then main.py, as the board would.
"""

import gc  # noqa: F401 - what a board has built in must be there before the host's files are gone
import hashlib  # noqa: F401
import json  # noqa: F401
import os
import sys
import time  # noqa: F401

import esp32  # noqa: F401
import flash
import machine
import network  # noqa: F401

_BANNER = b"raw REPL; CTRL-B to exit\r\n>"


class _Esp32Sys:
    """What the chip's own MicroPython says of itself."""

    class implementation:
        version = (1, 28, 0, "")
        _machine = "Generic ESP32 module with ESP32"
        _mpy = 6 | 3 << 8 | 10 << 10

    platform = "esp32"
    print_exception = sys.print_exception
    path = sys.path
    modules = sys.modules


def _byte():
    got = sys.stdin.buffer.read(1)
    if not got:
        sys.exit(0)
    return got


def _run(source, world):
    """One command: OK, what it prints, 4, its error, 4, and the next prompt."""
    sys.stdout.write("OK")
    error = None
    try:
        exec(source.decode(), world)
    except SystemExit:
        _start()
    except BaseException as raised:
        error = raised
    sys.stdout.write("\x04")
    if error is not None:
        sys.print_exception(error, sys.stdout)
    sys.stdout.write("\x04>")


def _start():
    """After a reset."""
    sys.path[:] = ["", ".frozen"]
    for name in ("/boot.py", "/main.py"):
        try:
            with open(name) as f:
                exec(f.read(), {"__name__": "__main__"})
        except Exception as error:
            sys.print_exception(error)


def serve():
    world = {"__name__": "__main__"}
    source = b""
    while True:
        byte = _byte()
        if byte == b"\x01":
            source = b""
            sys.stdout.buffer.write(_BANNER)
        elif byte == b"\x05" and not source:
            _byte()
            _byte()
            sys.stdout.write("R\x00")  # knows the paste mode by name only: then commands come plain
        elif byte == b"\x04":
            _run(source, world)
            source = b""
        elif byte not in b"\x02\x03":
            source += byte


if __name__ == "__main__":
    os.chdir("/")
    machine.resets = True
    flash.mount(256)  # a firmware in source fits
    sys.modules["sys"] = _Esp32Sys
    serve()
