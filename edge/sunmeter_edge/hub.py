"""The hub whole: wires the verbs together and keeps them running."""

import asyncio
import contextlib
import gc
import logging
import signal
import sqlite3
from collections.abc import Awaitable, Callable

from . import (
    damage,
    failures,
    firmware,
    health,
    live,
    log,
    optional,
    quarters,
    receive,
    relay,
    roster,
    send,
    upkeep,
    watch,
)
from .clock import Clock, system_ms
from .cloud import Cloud, Forbidden, Identity, Item, OutOfReach
from .commit import Outcome, Writer
from .config import Config, ConfigError, Credential, make_data_dir, read_credential
from .contract import wire
from .contract.listen import REOPEN_S, AsyncStore, Denied
from .guard import Guard, fitting
from .serving import listening_socket, server_of
from .store import Damaged, Database
from .verify import Request
from .watchdog import Watchdog, notify

ASSEMBLE_EVERY_S = 0.2
WATCH_EVERY_S = 2.0
RESTART_S = 1.0


class Hub:
    """One hub. `run` serves until `stop`."""

    def __init__(
        self, config: Config, credential: Credential, clock: Clock, make_writer: Callable[[Database], Writer] = Writer
    ):
        self._config, self._credential, self._clock = config, credential, clock
        self.successor: Credential | None = None  # of the hub that this one makes room for: it was enrolled anew
        self._door = listening_socket(config.listen)
        self.database = Database(_connection(config, clock()), self.stop)
        self.roster: roster.Roster = {}
        self._identity = identity = Identity(config, credential)
        self._store = AsyncStore(_token_of(identity), config.project, config.firestore_emulator or None)
        self._live = live.Live(self._store, clock, system_ms)
        self._relay = relay.Relay(
            credential.hub, self._store, self.database, Cloud(config, identity), self.roster, self._live.leased
        )
        self._writer = make_writer(self.database)
        self._guard = Guard(fitting())
        self._receiver = receive.Receiver(
            self.roster, self._writer, clock, system_ms, self._committed, self._sighted, self._guard
        )
        self._firmware = firmware.Firmware(config.data_dir / "firmware", Cloud(config, identity), self.roster)
        weather = asyncio.Event()
        self.health = health.Health(self.roster, identity, weather, lambda: self._standing.queue, clock)
        self._optional = optional.parts(config, credential, self.roster, self.health, clock)
        self._server = server_of(self._receiver.app(self._firmware.route(), self.health.route()), self._guard)
        self._watchdog = Watchdog(self.database, lambda: self._server.started)
        items, intervals = Cloud(config, identity), Cloud(config, identity)
        heart = watch.Heart(self._heartbeat, lambda: intervals.beat_s)  # answers to intervals say how often to beat
        self._items = send.Sender(send.ITEMS, self.database, items, clock, weather, heart)
        self._intervals = send.Sender(send.INTERVALS, self.database, intervals, clock, weather, heart)
        self._sightings, self._seldom = watch.Sightings(), log.Seldom()
        counters = (self._receiver.turned_away, self._guard.counted)
        self._upkeep = upkeep.Upkeep(config, self.database, self.roster, clock, counters)
        self._started_ms = clock()
        self._standing = watch.Standing()
        self._has_cut = False
        self._told_refusal = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serves meters and cloud until stopped, or until the database proves damaged: then it is set aside."""
        try:
            self.roster.update(await self.database.run(roster.load))
            await self.database.run(failures.started, self._clock())
            self._standing = await self.database.run(watch.standing)
            await self._serve()
        except Damaged:
            log.event("hub stops", logging.ERROR, reason=self.database.damage)
        finally:
            self._door.close()
            await self._store.close()
            self.database.close()
        if self.database.damage:
            damage.set_aside(self._config.database, self._clock(), self.database.damage)

    async def _serve(self) -> None:
        loops = (
            self._writer.run,
            self._assemble,
            self._items.run,
            self._intervals.run,
            self._watch,
            self._upkeep.run,
            self._relay.listen,
            self._relay.fetch_keys,
            self._firmware.run,
            self._watchdog.run,
            *(part.run for part in self._optional),
        )
        log.event("hub starts", listen=self._config.listen, meters=len(self.roster))
        running = [asyncio.create_task(_forever(loop)) for loop in loops]
        try:
            await self._server.serve(sockets=[self._door])
        finally:
            notify("STOPPING=1")
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        with contextlib.suppress(sqlite3.Error):  # the disk's last word is not worth a failed stop
            await self._upkeep.keep_counts()

    def stop(self) -> None:
        """Lets `run` end once the requests under way are answered."""
        self._server.should_exit = True

    def _committed(self, meter: roster.Meter, request: Request, outcome: Outcome) -> None:
        """After the commit: events are carried at once, the newest reading is shown if somebody watches."""
        if any(item.kind in (wire.EVENT, wire.RESULT) for item in request.items):
            self._items.wake.set()
        if outcome.newest:
            watch.note_clock(meter, *outcome.newest)
            self._live.offer(meter, *outcome.newest)
            for part in self._optional:
                part.offer(meter, *outcome.newest)

    def _sighted(self, name: str, address: str) -> None:
        if self._sightings.is_news(name, address, self._clock()):
            task = asyncio.create_task(self._tell_sighting(name))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tell_sighting(self, name: str) -> None:
        try:
            await self.database.run(watch.add_item, {"type": "sighting", "meter": name})
        except sqlite3.Error as error:
            self._sightings.forget(name)
            self._seldom.event("sighting not kept", str(error), logging.WARNING, reason=error)
        self._items.wake.set()

    async def _assemble(self) -> None:
        """Cuts what is due; the neighbours' quarters of one moment travel together."""
        while True:
            while await self.database.run(quarters.cut_due, self._clock()):
                self._has_cut = True
            if self._has_cut:
                self._intervals.wake.set()
            self._has_cut = False
            await asyncio.sleep(ASSEMBLE_EVERY_S)

    async def _watch(self) -> None:
        while True:
            changed = watch.changed_silence(self.roster, self._clock(), self._started_ms)
            if changed:
                told = [(meter.meter, meter.silent, meter.last_ms) for meter in changed]
                try:
                    await self.database.run(watch.tell_silence, told)
                except sqlite3.Error:
                    watch.take_back(changed)
                    raise
                self._items.wake.set()
                for name, is_silent, since_ms in told:
                    log.event("meter silent" if is_silent else "meter back", meter=name, since_ms=since_ms)
            self._standing = await self.database.run(watch.standing)
            await self._upkeep.note()
            self._watch_access()
            await asyncio.sleep(WATCH_EVERY_S)

    def _watch_access(self) -> None:
        """Tells when the cloud accepts this hub no more, or again; makes room for the one that it was enrolled as."""
        if self._identity.refusal != self._told_refusal:
            self._told_refusal = self._identity.refusal
            if self._told_refusal:
                log.event("access withdrawn", logging.ERROR, reason=self._told_refusal, do="sunmeter-edge enroll")
            else:
                log.event("access given again")
        with contextlib.suppress(ConfigError):  # none that can be read: what was read at the start holds
            found = read_credential(self._config)
            if found != self._credential:
                log.event("enrolled anew", hub=found.hub)
                self.successor = found
                self.stop()

    def _heartbeat(self) -> Item:
        return watch.heartbeat(self.roster, self._standing, damage.newest_ms(self._config.database))


async def _forever(loop: Callable[[], Awaitable[None]]) -> None:
    """Runs one loop of the hub; whatever it raises is logged, and it starts again."""
    seldom = log.Seldom()
    while True:
        try:
            await loop()
        except Exception as error:
            seldom.event("loop failed", repr(error), logging.ERROR, exc_info=True, loop=loop.__qualname__)
        await asyncio.sleep(RESTART_S)


def _token_of(identity: Identity) -> Callable[[], Awaitable[str]]:
    """Tokens for Firestore: one that opens a listener lasts as long as the listener stays open."""

    async def token() -> str:
        try:
            return await asyncio.to_thread(identity.token, REOPEN_S)
        except Forbidden as error:
            raise Denied(str(error)) from error
        except OutOfReach as error:
            raise OSError(str(error)) from error

    return token


def _connection(config: Config, now_ms: int) -> sqlite3.Connection:
    """The database, opened or begun. Raises ConfigError when the disk refuses."""
    make_data_dir(config)
    try:
        return damage.opened(config.database, now_ms)
    except (sqlite3.OperationalError, OSError) as error:
        raise ConfigError(f"{config.database} cannot be opened ({error}). Run: sunmeter-edge doctor") from error


async def run(
    config: Config, credential: Credential, clock: Clock, make_writer: Callable[[Database], Writer] = Writer
) -> None:
    """A hub until SIGTERM or SIGINT; one whose database proved damaged, or that was enrolled anew, has a successor."""
    gc.collect()
    gc.freeze()  # what was imported lives as long as this process: to look through it would stop the hub for 50 ms
    hub = Hub(config, credential, clock, make_writer)
    asked = asyncio.Event()

    def stop() -> None:
        asked.set()
        hub.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await hub.run()
    while (hub.database.damage or hub.successor) and not asked.is_set():
        credential = hub.successor or credential
        hub = Hub(config, credential, clock, make_writer)
        await hub.run()
