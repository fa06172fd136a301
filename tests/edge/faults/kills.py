"""kill -9 of a real hub at random points, while meters and cloud are joined to it by a bad network."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE

from sunmeter_edge import relay, store
from sunmeter_edge.config import Config, Credential, write_credential
from tests.edge.fakes import EMAIL, HUB, PASSWORD
from tests.edge.faults.books import Findings, judge, judge_whole
from tests.edge.faults.builds import built
from tests.edge.faults.meters import Books, BusyMeter, Time, make_meters
from tests.edge.faults.network import Line, StormyCloud

ROOT = Path(__file__).parents[3]
METERS = 6
LIFE_S = 0.25  # the longest that a hub lives once it acknowledges
EARLY = 0.15  # part of the kills that may come before it does
START_S = 10.0
DRAIN_S = 60.0
ERA = 50  # kills of one database; then all of it is carried, and another begins
TICK_S = 0.005
LEAP_EVERY_S, LONGEST_LEAP_MS = 0.015, 120_000
LOG = "hub.log"

WAITING = """SELECT (SELECT count(*) FROM item WHERE state = 1) + (SELECT count(*) FROM quarter WHERE state = 1)
  + (SELECT count(*) FROM dirty JOIN meter USING (meter) WHERE (start_s + 900) * 1000 <= newest_ms)"""


@dataclass
class Tally:
    """What a run of faults did, and found."""

    faults: int = 0
    acknowledged: int = 0
    harmed: int = 0  # power cuts that found writes not yet synced
    findings: Findings = field(default_factory=Findings)


Progress = Callable[[Tally], None]


def kill_again_and_again(kills: int, build: str = "", seed: int = 1, progress: Progress = lambda _: None) -> Tally:
    """So many kills of this build. A broken build is let go once it is caught."""
    tally = Tally()
    while tally.faults < kills and not (build and tally.findings):
        with tempfile.TemporaryDirectory(prefix="sunmeter-kills-") as folder, StormyCloud() as cloud:
            cloud.chance = random.Random(f"cloud {seed} {tally.faults}")
            era = _Era(Path(folder), cloud, build, random.Random(f"{seed} {tally.faults}"))
            asyncio.run(era.run(min(ERA, kills - tally.faults), tally, progress))
    return tally


class _Era:
    """One database, its meters and its cloud: killed again and again, then brought to an end in good weather."""

    def __init__(self, folder: Path, cloud: StormyCloud, build: str, chance: random.Random):
        self._cloud, self._build, self._chance = cloud, build, chance
        self._config = _config(folder, cloud)
        self._clock = folder / "clock"
        self._books = Books()
        self._time = Time()
        self._meters = make_meters(METERS, self._books, self._time, chance)
        self._lines = [Line(self._config.port, random.Random(chance.random())) for _ in self._meters]
        self._heard = asyncio.Event()  # an acknowledgement came
        self._under_way = 0  # requests
        self._idle = asyncio.Event()  # none is
        self._idle.set()
        self._gate = asyncio.Event()  # requests may begin
        self._gate.set()
        self._news = False  # something was acknowledged since time last went on

    async def run(self, kills: int, tally: Tally, progress: Progress) -> None:
        self._prepare()
        before, findings = tally.acknowledged, tally.findings
        with nursery(self._config, str(self._clock), self._build) as start:
            pouring = [asyncio.create_task(self._pour(*pair)) for pair in zip(self._meters, self._lines, strict=True)]
            pouring.append(asyncio.create_task(self._pass_time()))
            promised = Books()
            for _ in range(kills):
                hub = start()
                await self._life(promised, findings)
                self._kill(hub)
                promised = Books(set(self._books.acknowledged), set(self._books.events))
                tally.faults += 1
                tally.acknowledged = before + len(promised.acknowledged)
                progress(tally)
                if self._build and findings:
                    break
            hub = start()
            await self._drain(promised, findings, pouring)
            tally.acknowledged = before + len(self._books.acknowledged)
            self._kill(hub)
            for task in pouring:
                task.cancel()
            await asyncio.gather(*pouring, return_exceptions=True)

    def _prepare(self) -> None:
        self._tell_time()
        write_credential(self._config, Credential(HUB, EMAIL, PASSWORD))
        with built(self._build), contextlib.closing(store.connect(self._config.database)) as connection:
            for meter in self._meters:
                connection.execute(relay.KEEP_KEY, (meter.meter, meter.link_key, meter.key_version))

    async def _pour(self, meter: BusyMeter, line: Line) -> None:
        """One meter, for ever: sends, hears, sends again what was not acknowledged."""
        while True:
            await self._gate.wait()
            self._under_way += 1
            self._idle.clear()
            told = await line.ask(meter, meter.next_frames())
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()
            if told is None:
                await asyncio.sleep(TICK_S)
                continue
            meter.hear(told)
            self._heard.set()
            self._news = True
            if not meter.outbox:
                await asyncio.sleep(TICK_S)

    async def _pass_time(self) -> None:
        """Time goes on, for hub and meters at once, in leaps between requests, while there is a hub that hears."""
        while True:
            await asyncio.sleep(LEAP_EVERY_S)
            if not self._news:
                continue
            self._gate.clear()
            await self._idle.wait()
            self._news = False
            self._time.now_ms += self._chance.randint(1, LONGEST_LEAP_MS)
            self._tell_time()
            self._gate.set()

    def _tell_time(self) -> None:
        self._clock.write_bytes(self._time.now_ms.to_bytes(8, "little"))

    async def _life(self, promised: Books, findings: Findings) -> None:
        """Of one hub, until it is to be killed; what was promised before it began is looked for meanwhile."""
        self._heard.clear()
        if self._chance.random() < EARLY:
            await asyncio.sleep(self._chance.uniform(0.0, 0.1))
            return
        try:
            await asyncio.wait_for(self._heard.wait(), START_S)
        except TimeoutError as error:
            raise AssertionError(f"the hub acknowledges nothing:\n{self._log()}") from error
        ends_s = time.monotonic() + self._chance.uniform(0.0, LIFE_S)
        findings.add(self._judged(promised))
        await asyncio.sleep(ends_s - time.monotonic())

    def _kill(self, hub: int) -> None:
        try:
            os.kill(hub, signal.SIGKILL)
        except ProcessLookupError as error:
            raise AssertionError(f"the hub ended by itself:\n{self._log()}") from error

    def _log(self) -> str:
        return (self._config.data_dir.parent / LOG).read_text(errors="replace")[-4000:]

    def _judged(self, promised: Books) -> Findings:
        with self._reading() as connection:
            return judge(promised, connection, self._cloud)

    async def _drain(self, promised: Books, findings: Findings, pouring: list["asyncio.Task[None]"]) -> None:
        """Good weather: everything is measured, acknowledged, cut and carried."""
        self._cloud.is_bad = False
        for line in self._lines:
            line.is_bad = False
        self._time.end()
        self._tell_time()
        ends_s = time.monotonic() + DRAIN_S
        while not self._is_through() and time.monotonic() < ends_s:
            assert not any(task.done() for task in pouring), pouring
            await asyncio.sleep(0.05)
        findings.add(self._judged(promised))
        findings.add(judge_whole(self._meters, self._cloud))

    def _is_through(self) -> bool:
        if any(meter.outbox or meter.last_ms != self._time.ends_ms for meter in self._meters):
            return False
        with self._reading() as connection:
            return bool(connection.execute(WAITING).fetchone() == (0,))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The file beside the running hub; its own code has recovered it."""
        opened = sqlite3.connect(f"file:{self._config.database}?mode=ro", uri=True, timeout=5)
        with contextlib.closing(opened) as connection:
            yield connection


def _free_port() -> int:
    """One that no client is given: a meter that knocks while no hub listens must not meet itself there."""
    while True:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", random.randrange(20_000, 30_000)))
            return int(probe.getsockname()[1])


def _config(folder: Path, cloud: StormyCloud) -> Config:
    return Config(
        data_dir=folder / "hub",
        listen=f"127.0.0.1:{_free_port()}",
        project="demo-sunmeter",
        api_key="key",
        functions_url=f"http://{cloud.address}",
        auth_emulator=cloud.address,
        firestore_emulator="127.0.0.1:9",
    )


@contextlib.contextmanager
def nursery(config: Config, *arguments: str) -> Iterator[Callable[[], int]]:
    """Gives a function that starts a hub over this configuration and returns its process id."""
    command = [sys.executable, "-m", "tests.edge.faults.hub_process", *arguments]
    log = config.data_dir.parent / LOG
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=environment(config), stdin=PIPE, stdout=PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdin
        assert process.stdout
        reader, writer = process.stdout, process.stdin

        def start() -> int:
            print("start", file=writer, flush=True)
            return int(reader.readline())

        yield start
        writer.close()


def environment(config: Config) -> dict[str, str]:
    """What a hub's process reads of its configuration."""
    return {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'edge'}",
        "SUNMETER_DATA_DIR": str(config.data_dir),
        "SUNMETER_LISTEN": config.listen,
        "SUNMETER_PROJECT": config.project,
        "SUNMETER_API_KEY": config.api_key,
        "SUNMETER_FUNCTIONS_URL": config.functions_url,
        "SUNMETER_AUTH_EMULATOR": config.auth_emulator,
        "SUNMETER_FIRESTORE_EMULATOR": config.firestore_emulator,
    }
