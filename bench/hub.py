"""How much one hub takes, and how fast it answers: `make bench NAME=hub`.

A real hub in a process of its own, on a disk that is synced; meters in another, with keep-alive connections. Every
reading is signed, verified, committed with a sync, acknowledged, and cut into quarters meanwhile. The peer is the same
hub with one commit per request. `readings_per_s`, `vs_commit_each`: one reading a request, as fast as answers come.
`backlog_readings_per_s`: 64 a request. `ack_ms_p99`: at half of readings_per_s, at even times, from when each was due.
"""

import ast
import asyncio
import contextlib
import io
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tokenize
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

METERS = 100
ONE_BY_ONE = 60  # requests of one reading a meter
FULL = 10  # requests of 64 readings a meter
HALF_LOAD_S = 8.0
CORE = ("verify", "place", "commit", "acknowledge", "chain", "assemble", "quarters", "send", "forget")
CREDENTIAL = Credential("bench-hub", "hub@example.org", "none")


class CommitEach(Writer):
    """The peer: a commit, and a sync, for each request."""

    async def flush(self, gathered: list[tuple[Batch, "asyncio.Future[Outcome]"]]) -> None:
        for one in gathered:
            await super().flush([one])


def config_in(folder: Path, port: int) -> Config:
    """A hub whose cloud is out of reach: what it takes in is kept and cut, not sent."""
    nowhere = "127.0.0.1:9"
    return Config(folder, f"127.0.0.1:{port}", "demo-bench", "key", f"http://{nowhere}", nowhere, nowhere)


@dataclass
class BenchMeter:
    """Signs its readings ahead of time, 10 s apart, so that the load costs little while the clock runs."""

    meter: str
    seq: int = 0
    request_no: int = 0
    signer: wire.Signer = field(init=False)
    key: bytes = field(init=False)
    start_ms: int = field(default_factory=lambda: system_ms() - 20 * 86_400_000)

    def __post_init__(self) -> None:
        self.key = wire.link_key(wire.meter_key(bytes(32), self.meter, 1), CREDENTIAL.hub, 1)
        self.signer = wire.Signer(self.key)
        self._plain = {name: 0 for name, *_ in wire.READING_FIELDS}
        self._poll = {name: 0 for name, *_ in wire.POLL_FIELDS}

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
        told = {
            "boot_id": 1,
            "seq": self.seq,
            "ts_ms": self.start_ms + self.seq * 10_000,
            "uptime_ms": self.seq * 10_000,
            "window_ms": 10_000,
            "v_mv": 230_000,
            "grid_mw": 500_000 + self.seq,
            "import_mwh": self.seq * 1_389,
            "coverage_permille": 1000,
            "flags": wire.FLAG_CLOCK_SET | wire.FLAG_REGISTERS_RESUMED,
        }
        return wire.encode(wire.READING, {**self._plain, **told})


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
    async def open(cls, port: int) -> "Line":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def acknowledged(self, request: bytes) -> int:
        """How many readings the hub's answer acknowledges."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert head.startswith(b"HTTP/1.1 200"), head
        assert length
        body = await self._reader.readexactly(int(length[1]))
        return sum(last - first + 1 for _, first, last in json.loads(body)["ack"])

    def close(self) -> None:
        self._writer.close()


async def as_fast_as_possible(port: int, meters: list[BenchMeter], requests: int, readings: int) -> Run:
    """Each meter sends its next request, of so many readings, when the last one is acknowledged."""
    ready = [[meter.request(readings) for _ in range(requests)] for meter in meters]
    lines = [await Line.open(port) for _ in meters]
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


async def at_even_times(port: int, meters: list[BenchMeter], per_s: float) -> Run:
    """One reading a request at this rate over all meters; a late answer is late from when its request was due."""
    each = int(per_s * HALF_LOAD_S / len(meters))
    ready = [[meter.request(1) for _ in range(each)] for meter in meters]
    lines = [await Line.open(port) for _ in meters]
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


@contextlib.contextmanager
def running(build: str, meters: list[BenchMeter]) -> Iterator[int]:
    """A hub of this build, in its own process and folder; gives its port."""
    port = Ports.free().hub
    with tempfile.TemporaryDirectory(prefix="sunmeter-bench-") as folder:
        config = config_in(Path(folder), port)
        with contextlib.closing(connect(config.database)) as connection:
            for meter in meters:
                connection.execute(KEEP_KEY, (meter.meter, meter.key, 1))
        command = [sys.executable, "-m", "bench.hub", "serve", build, folder, str(port)]
        environment = {**os.environ, "PYTHONPATH": python_path()}
        with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
            try:
                asyncio.run(_answering(port))
                yield port
            finally:
                process.terminate()


async def _answering(port: int) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            (await Line.open(port)).close()
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the hub does not answer")


def core_lines() -> int:
    """Lines of code between a frame and the cloud's acknowledgement: no blanks, comments or docstrings."""
    return sum(code_lines((ROOT / "edge" / "sunmeter_edge" / f"{name}.py").read_text()) for name in CORE)


def code_lines(source: str) -> int:
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.OP, tokenize.NAME, tokenize.NUMBER, tokenize.STRING):
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def serve(build: str, folder: str, port: str) -> None:
    writer = CommitEach if build == "each" else Writer
    asyncio.run(hub.run(config_in(Path(folder), int(port)), CREDENTIAL, system_ms, writer))


def main() -> None:
    meters = [BenchMeter(f"m-{number:010d}") for number in range(METERS)]
    with running("group", meters) as port:
        asyncio.run(as_fast_as_possible(port, meters, 3, 1))  # connections, caches, statements
        group = asyncio.run(as_fast_as_possible(port, meters, ONE_BY_ONE, 1))
        half = asyncio.run(at_even_times(port, meters, group.per_s / 2))
        backlog = asyncio.run(as_fast_as_possible(port, meters, FULL, wire.MAX_FRAMES - 1))
    peers = [BenchMeter(f"m-{number:010d}") for number in range(METERS)]
    with running("each", peers) as port:
        asyncio.run(as_fast_as_possible(port, peers, 3, 1))
        each = asyncio.run(as_fast_as_possible(port, peers, ONE_BY_ONE, 1))
    print(f"one reading a request, {METERS} meters, group commit   {group.per_s:8.0f} readings/s")
    print(f"one reading a request, a commit for each       {each.per_s:8.0f} readings/s")
    print(f"64 readings a request, group commit            {backlog.per_s:8.0f} readings/s")
    print(f"acknowledged at half load, p50                 {statistics.median(half.took_ms):8.1f} ms")
    print(f"acknowledged at half load, p99                 {half.p99_ms:8.1f} ms")
    figures = {
        "readings_per_s": round(group.per_s),
        "vs_commit_each": round(group.per_s / each.per_s, 2),
        "backlog_readings_per_s": round(backlog.per_s),
        "ack_ms_p99": round(half.p99_ms, 1),
        "core_lines": core_lines(),
    }
    print(json.dumps({"name": "hub", "figures": figures}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(*sys.argv[2:])
    else:
        main()
