"""Power cuts at random operations of a simulated disk, under the hub's own receiving, cutting, sending and forgetting.

The hub's verbs run in this process on a disk that forgets what was not synced (disk.py). After each cut a copy of what
is left is opened by the hub's own recovery with the real SQLite, and judged; the next hub begins on what is left, so
that recovery itself is cut too.
"""

import asyncio
import random
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import cast

from sunmeter_edge import acknowledge, commit, damage, forget, quarters, relay, roster, send, verify
from sunmeter_edge.clock import Clock
from sunmeter_edge.cloud import Cloud, Forbidden, Item, OutOfReach, Refused
from sunmeter_edge.store import Database
from tests.edge.fakes import Heartless
from tests.edge.faults import through_apsw
from tests.edge.faults.books import Findings, judge, judge_whole
from tests.edge.faults.builds import built
from tests.edge.faults.disk import Disk
from tests.edge.faults.kills import WAITING, Progress, Tally
from tests.edge.faults.meters import Books, BusyMeter, Time, make_meters
from tests.edge.faults.network import BAD, StormyCloud

METERS = 4
ERA = 40  # cuts of one database
ROUNDS = 25  # the longest that a hub lives
MOST_OPERATIONS = 300  # writes and syncs until the power fails; a round takes about twenty
CHECKPOINTS = (8, 60, 1000)  # pages of the log; SQLite's own is the last, which short lives seldom reach
STOPPING_ROUNDS = 300
LONGEST_LEAP_MS = 120_000  # of time, between two rounds
MOST_ROOM = 100_000  # bytes, about what three rounds write


def cut_again_and_again(cuts: int, build: str = "", seed: int = 1, progress: Progress = lambda _: None) -> Tally:
    """So many power cuts of this build. A broken build is let go once it is caught."""
    tally = Tally()
    while tally.faults < cuts and not (build and tally.findings):
        with tempfile.TemporaryDirectory(prefix="sunmeter-power-") as folder, built(build):
            era = Era(Path(folder), random.Random(f"power {seed} {tally.faults}"), bool(build))
            asyncio.run(era.run(min(ERA, cuts - tally.faults), tally, progress))
    return tally


class Era:
    """One database: cut again and again, then brought to an end with steady power."""

    def __init__(self, folder: Path, chance: random.Random, ends_early: bool):
        self._folder, self._chance, self._ends_early = folder, chance, ends_early
        self._database = folder / "hub" / "hub.db"
        self._database.parent.mkdir()
        self._disk = Disk("power", random.Random(chance.random()))
        self._cloud = StormyCloud(late_s=0.0, chance=random.Random(chance.random()))
        self._books = Books()
        self._time = Time()
        self._meters = make_meters(METERS, self._books, self._time, chance)

    async def run(self, cuts: int, tally: Tally, progress: Progress) -> None:
        before, harmed_before = tally.acknowledged, tally.harmed
        for _ in range(cuts):
            self._disk.power_up(self._chance.randrange(1, MOST_OPERATIONS))
            tally.findings.add(await self._live(ROUNDS))
            self._disk.cut()
            tally.findings.add(self._recovered())
            tally.faults += 1
            tally.acknowledged = before + len(self._books.acknowledged)
            tally.harmed = harmed_before + self._disk.harmed
            progress(tally)
            if self._ends_early and tally.findings:
                return
        self._disk.power_up()
        tally.findings.add(await self._end_well())
        tally.acknowledged = before + len(self._books.acknowledged)

    async def fill_again_and_again(self, rounds: int) -> Findings:
        """One hub that goes on while its disk is full at any write, and has room again at any other."""
        core = Core(through_apsw.connect(self._database, self._disk), lambda: self._time.now_ms, self._cloud)
        await core.begin(self._meters)
        for _ in range(rounds):
            self._disk.room = self._chance.choice((None, None, self._chance.randrange(MOST_ROOM)))
            try:
                await self._round(core, stops=False)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                    raise
        self._disk.room = None
        await core.end()
        return await self._end_well()

    async def _end_well(self) -> Findings:
        """Steady power, room, a good cloud: all is acknowledged, cut and carried, and judged."""
        self._cloud.is_bad = False
        self._time.end()
        found = await self._live(STOPPING_ROUNDS, stops=True)
        found.add(self._recovered())
        found.add(judge_whole(self._meters, self._cloud))
        return found

    def _recovered(self) -> Findings:
        """What the hub's recovery makes of a copy, judged. A database it sets aside is replaced here too."""
        copy = self._folder / "copy"
        shutil.copytree(self._database.parent, copy)
        try:
            with closing(damage.opened(copy / "hub.db", self._time.now_ms)) as connection:
                found = judge(self._books, connection, self._cloud)
            if damage.found(copy / "hub.db"):
                shutil.rmtree(self._database.parent)
                shutil.copytree(copy, self._database.parent)
            return found
        except sqlite3.Error as error:
            return Findings(lost={("database", str(error))})
        finally:
            shutil.rmtree(copy)

    async def _live(self, rounds: int, stops: bool = False) -> Findings:
        """One hub, until the power fails, its rounds are over or, when it stops, all is carried.

        A database that is out of order while the power is on is lost.
        """
        try:
            connection = through_apsw.connect(self._database, self._disk)
            connection.execute(f"PRAGMA wal_autocheckpoint = {self._chance.choice(CHECKPOINTS)}")
        except sqlite3.Error as error:
            return self._out_of_order(error)
        core = Core(connection, lambda: self._time.now_ms, self._cloud)
        try:
            await core.begin(self._meters)
            for _ in range(rounds):
                if self._disk.is_dead or (stops and await self._is_through(core)):
                    break
                await self._round(core, stops)
            return Findings()
        except sqlite3.Error as error:
            return self._out_of_order(error)
        finally:
            await core.end()

    def _out_of_order(self, error: sqlite3.Error) -> Findings:
        return Findings() if self._disk.is_dead else Findings(lost={("database", str(error))})

    async def _round(self, core: "Core", stops: bool) -> None:
        """Some meters send at once; then the hub's other verbs have their turn."""
        self._time.now_ms += self._chance.randint(1, LONGEST_LEAP_MS)
        speaking = self._meters if stops else self._chance.sample(self._meters, self._chance.randint(1, METERS))
        await asyncio.gather(*[self._exchange(core, meter, stops) for meter in speaking])
        while await core.database.run(quarters.cut_due, self._time.now_ms):
            pass
        for lane in core.lanes:
            if stops or self._chance.random() < 0.4:
                await lane.once()
        if self._chance.random() < 0.1:
            await core.database.run(forget.forget_settled, self._time.now_ms)

    async def _exchange(self, core: "Core", meter: BusyMeter, stops: bool) -> None:
        """One request and its reply, of which one may be lost, or the request doubled."""
        body = meter.body(*meter.next_frames())
        is_bad = not stops and self._chance.random() < BAD
        is_double = is_bad and self._chance.random() < 0.5
        answer, *_ = await asyncio.gather(*[core.answer(meter.meter, body) for _ in range(1 + is_double)])
        if answer and (is_double or not is_bad):
            meter.hear(meter.checked(*answer))

    async def _is_through(self, core: "Core") -> bool:
        if any(meter.outbox or meter.last_ms != self._time.ends_ms for meter in self._meters):
            return False
        return bool(await core.database.run(lambda connection: connection.execute(WAITING).fetchone() == (0,)))


class Core:
    """The hub's verbs around one connection, without sockets and without its endless loops."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock, cloud: StormyCloud):
        self._clock = clock
        self.database = Database(connection)
        self._roster: roster.Roster = {}
        self._writer = commit.Writer(self.database)
        near = cast(Cloud, _Near(cloud))
        weather = asyncio.Event()
        self.lanes = [
            send.Sender(lane, self.database, near, clock, weather, Heartless()) for lane in (send.ITEMS, send.INTERVALS)
        ]

    async def begin(self, meters: list[BusyMeter]) -> None:
        """As a hub begins: its meters come from the database, or the first time from the cloud."""
        self._running = asyncio.create_task(self._writer.run())
        self._roster.update(await self.database.run(roster.load))
        if len(self._roster) < len(meters):
            await self.database.run(_keep_keys, meters)
            self._roster.update(await self.database.run(roster.load))

    async def answer(self, name: str, body: bytes) -> tuple[bytes, str] | None:
        """What a request is answered, once it is committed, and the mac; None: it was not kept."""
        meter, now_ms = self._roster[name], self._clock()
        assert meter.signer
        request = verify.judge(meter.signer, name, body)
        try:
            outcome = await self._writer.commit(commit.Batch(request, now_ms))
        except commit.NotKept:
            return None
        meter.registers = outcome.registers
        answer = acknowledge.reply(meter, request, now_ms, now_ms)
        return answer, acknowledge.mac(meter, request, answer)

    async def end(self) -> None:
        """At once, as a process ends: whatever was under way is dropped."""
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)
        self.database.close()


class _Near:
    """The cloud without the sockets between: what a status means is what `sunmeter_edge.cloud` says."""

    def __init__(self, cloud: StormyCloud):
        self._cloud = cloud

    def ingest(self, items: list[Item], _: int) -> list[Item]:
        status, told, headers = self._cloud._ingest(items) or (0, {}, {})
        if status in (400, 413):
            raise Refused("too_large")
        if status in (401, 403):
            raise Forbidden(f"HTTP {status}")
        if status != 200:
            raise OutOfReach(f"HTTP {status}", float(headers.get("Retry-After", 0)) or None)
        assert isinstance(told, dict)
        results: list[Item] = told["results"]
        return results


def _keep_keys(connection: sqlite3.Connection, meters: list[BusyMeter]) -> None:
    for meter in meters:
        connection.execute(relay.KEEP_KEY, (meter.meter, meter.link_key, meter.key_version))
