"""For `bench.hub`: hubs in processes of their own, and meters that sign ahead of time and send as fast as wanted."""

import asyncio
import contextlib
import json
import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dev.paths import ROOT, python_path
from dev.ports import Ports
from sunmeter_edge import hub
from sunmeter_edge.clock import system_ms
from sunmeter_edge.commit import Batch, Outcome, Writer
from sunmeter_edge.config import Config, Credential
from sunmeter_edge.contract import wire
from sunmeter_edge.relay import KEEP_KEY
from sunmeter_edge.store import connect

NOWHERE = "127.0.0.1:9"
CREDENTIAL = Credential("bench-hub", "hub@example.org", "correct horse")
CADENCE_MS = 10_000
STEP_MWH = 1_389  # half a kilowatt for ten seconds
_NAMES = [name for name, *_ in wire.READING_FIELDS]
_CODES = [code for _, code, *_ in wire.READING_FIELDS]


class CommitEach(Writer):
    """The peer: a commit, and a sync, for each request."""

    async def flush(self, gathered: list[tuple[Batch, "asyncio.Future[Outcome]"]]) -> None:
        for one in gathered:
            await super().flush([one])


def _offset(name: str) -> int:
    return struct.calcsize("<" + "".join(_CODES[: _NAMES.index(name)]))


_SEQ, _UPTIME, _TS, _IMPORT = (_offset(name) for name in ("seq", "uptime_ms", "ts_ms", "import_mwh"))
_GRID = _offset("grid_mw")


@dataclass
class BenchMeter:
    """Signs its readings ahead of time, 10 s apart, so that the load costs little while the clock runs."""

    number: int
    start_ms: int = field(default_factory=lambda: system_ms() - 20 * 86_400_000)
    seq: int = 0
    request_no: int = 0

    def __post_init__(self) -> None:
        self.meter = f"m-{self.number:010d}"
        self.address = f"127.0.{1 + self.number // 200}.{1 + self.number % 200}"  # a house has its own
        self.key = wire.link_key(wire.meter_key(bytes(32), self.meter, 1), CREDENTIAL.hub, 1)
        self.signer = wire.Signer(self.key)
        self._poll = {name: 0 for name, *_ in wire.POLL_FIELDS}
        told = {
            "boot_id": 1,
            "seq": 1,
            "window_ms": CADENCE_MS,
            "v_mv": 230_000,
            "v_min_mv": 229_000,
            "v_max_mv": 231_000,
            "grid_ma": 4_600,
            "grid_max_mw": 1_000_000,
            "coverage_permille": 1000,
            "flags": wire.FLAG_CLOCK_SET | wire.FLAG_REGISTERS_RESUMED | wire.FLAG_PV_FITTED,
        }
        self._payload = bytearray(wire.encode(wire.READING, {**dict.fromkeys(_NAMES, 0), **told}))

    def request(self, readings: int) -> bytes:
        """One HTTP request with so many new readings."""
        self.request_no += 1
        poll = {**self._poll, "boot_id": 1, "request_no": self.request_no}
        frames = [wire.seal(self.signer, self.meter, wire.POLL, wire.encode(wire.POLL, poll))]
        for _ in range(readings):
            self.seq += 1
            frames.append(wire.seal(self.signer, self.meter, wire.READING, self._reading()))
        body = b"".join(frames)
        head = f"POST /v1/meters/{self.meter}/frames HTTP/1.1\r\nHost: hub\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    def _reading(self) -> bytes:
        struct.pack_into("<I", self._payload, _SEQ, self.seq)
        struct.pack_into("<Q", self._payload, _UPTIME, self.seq * CADENCE_MS)
        struct.pack_into("<Q", self._payload, _TS, self.start_ms + self.seq * CADENCE_MS)
        struct.pack_into("<Q", self._payload, _IMPORT, self.seq * STEP_MWH)
        struct.pack_into("<i", self._payload, _GRID, self.seq * 7_919 % 1_000 * 1_000)  # no two minutes alike
        return bytes(self._payload)


@dataclass
class Run:
    """What was acknowledged, and how long each acknowledgement took."""

    readings: int = 0
    seconds: float = 0.0
    took_ms: list[float] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        return self.readings / self.seconds

    @property
    def p99_ms(self) -> float:
        return statistics.quantiles(self.took_ms, n=100)[98]


class Line:
    """A meter's keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int, address: str = "127.0.0.1") -> "Line":
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0)))

    async def acknowledged(self, request: bytes) -> int:
        """How many readings the hub's answer acknowledges."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert head.startswith(b"HTTP/1.1 200"), head
        assert length
        told = json.loads(await self._reader.readexactly(int(length[1])))
        assert not told["refused"], told["refused"]
        return sum(last - first + 1 for _, first, last in told["ack"])

    def close(self) -> None:
        self._writer.close()


async def as_fast_as_possible(port: int, meters: list[BenchMeter], requests: int, readings: int) -> Run:
    """Each meter sends its next request, of so many readings, when the last one is acknowledged."""
    ready = [[meter.request(readings) for _ in range(requests)] for meter in meters]
    lines = [await Line.open(port, meter.address) for meter in meters]
    run = Run()

    async def pour(line: Line, requests: list[bytes]) -> None:
        for request in requests:
            told = await line.acknowledged(request)
            run.readings += told

    begins_s = time.monotonic()
    await asyncio.gather(*[pour(*pair) for pair in zip(lines, ready, strict=True)])
    run.seconds = time.monotonic() - begins_s
    for line in lines:
        line.close()
    return run


async def at_even_times(port: int, meters: list[BenchMeter], per_s: float, seconds: float) -> Run:
    """One reading a request at this rate over all meters; a late answer is late from when its request was due."""
    each = int(per_s * seconds / len(meters))
    ready = [[meter.request(1) for _ in range(each)] for meter in meters]
    lines = [await Line.open(port, meter.address) for meter in meters]
    begins_s = time.monotonic() + 0.2
    run = Run()

    async def pour(number: int, line: Line, requests: list[bytes]) -> None:
        for turn, request in enumerate(requests):
            due_s = begins_s + (turn + number / len(meters)) * len(meters) / per_s
            await asyncio.sleep(due_s - time.monotonic())
            told = await line.acknowledged(request)
            run.readings += told
            run.took_ms.append((time.monotonic() - due_s) * 1000)

    await asyncio.gather(*[pour(number, *pair) for number, pair in enumerate(zip(lines, ready, strict=True))])
    for line in lines:
        line.close()
    return run


@dataclass(frozen=True)
class Running:
    """A hub in its own process and folder."""

    port: int
    config: Config
    pid: int

    def memory_mb(self, name: str) -> float:
        """`VmRSS` now, or `VmHWM`, the most so far."""
        told = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert told
        return int(told[1]) / 1024


def config_in(folder: Path, port: int, cloud: str) -> Config:
    """A hub whose functions and accounts are at this address; its Firestore is out of reach."""
    return Config(folder, f"127.0.0.1:{port}", "demo-bench", "key", f"http://{cloud}", cloud, NOWHERE)


@contextlib.contextmanager
def running(build: str, meters: list[BenchMeter], cloud: str = NOWHERE) -> Iterator[Running]:
    """A hub of this build that knows these meters. Without a cloud what it takes in is kept and cut, not sent."""
    port = Ports.free().hub
    with tempfile.TemporaryDirectory(prefix="sunmeter-bench-") as folder:
        config = config_in(Path(folder), port, cloud)
        with contextlib.closing(connect(config.database)) as connection:
            for meter in meters:
                connection.execute(KEEP_KEY, (meter.meter, meter.key, 1))
        command = [sys.executable, "-m", "bench._hub_load", build, folder, str(port), cloud]
        environment = {**os.environ, "PYTHONPATH": python_path()}
        with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
            try:
                asyncio.run(_answering(port))
                yield Running(port, config, process.pid)
            finally:
                process.terminate()


async def _answering(port: int) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            (await Line.open(port)).close()
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the hub does not answer")


def serve(build: str, folder: str, port: str, cloud: str) -> None:
    writer = CommitEach if build == "each" else Writer
    asyncio.run(hub.run(config_in(Path(folder), int(port), cloud), CREDENTIAL, system_ms, writer))


if __name__ == "__main__":
    serve(*sys.argv[1:])
