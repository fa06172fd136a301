"""The conversation with the hub: when to speak, what to send, what its answers change, and a firmware's pieces."""

import struct

import session
from config import MAX_CADENCE_MS, MIN_CADENCE_MS
from link import Unreachable

from contract import wire
from contract.refusal import Refusal

POLL_MS = 2500  # so that a lease reaches the meter within 5 s, an exchange that fails included
_PAST_POLL_MS = 20000  # while the twin plays the past nobody watches; after 25 s the hub would call the meter silent
_PAST_RECORDS = 2  # … and readings travel in company
_MOST_WAIT_MS = 15000  # with a request that times out still heard before the hub, which is back, calls it silent
_AWAY_FAILURES = 6  # waits of 2.5, 5, 10 and three times 15 s
_BATCH = 8  # records in a request: 2 kB, which a small heap can still give in one piece
_SNAPSHOTS = 8
_BEFORE_FLAGS = [field[0] for field in wire.READING_FIELDS].index("flags")
_FLAGS_AT = struct.calcsize("<" + "".join([field[1] for field in wire.READING_FIELDS[:_BEFORE_FLAGS]]))
_WHOLE = wire.FLAG_CLOCK_SET | wire.FLAG_REGISTERS_RESUMED


class Uplink:
    """One meter's uplink.

    `changed` names what the last answers brought (assignment, config, model, cadence, and registers when they were
    resumed), `commands` holds what is to be carried out; `taken` gives both, and empties them.
    """

    def __init__(self, link, talk, clock, registers, outbox, snapshots, downlink, update, random32):
        """link: a Link; talk: a Session; random32: spreads the meters of a hub that comes back."""
        self._link = link
        self._session = talk
        self._clock = clock
        self._registers = registers
        self._outbox = outbox
        self._snapshots = snapshots
        self._downlink = downlink
        self._update = update
        self._random32 = random32
        self._path = "/v1/meters/%s/frames" % talk.meter
        self.boot_id = talk.boot_id
        self._heard = False
        self.is_accepted = False  # whether the hub has acknowledged a record of this boot
        self._urgent = False
        self._new = 0
        self._next_ms = 0
        self._failures = 0
        self.busy = False
        self.changed = []
        self.commands = []
        self.hub_cadence_ms = 0  # 0: the hub has not asked for one
        self.lease_until_ms = 0
        key = downlink.link_key()
        if key is not None:
            talk.use_key(key)

    @property
    def is_away(self) -> bool:
        """Whether the hub has not been heard for about a minute."""
        return self._failures >= _AWAY_FAILURES

    def tell(self, is_urgent: bool) -> None:
        """Something was put into the outbox."""
        self._new += 1
        if is_urgent:
            self._urgent = True

    def taken(self) -> tuple:
        changed, self.changed = self.changed, []
        commands, self.commands = self.commands, []
        return changed, commands

    def is_due(self, now_ms: int, plays_past: bool) -> bool:
        """Whether to speak now: time to poll, or something to say or to fetch, and a hub that listens."""
        if self.busy:
            return False
        return self._speaks(now_ms, plays_past) or (not self._failures and self._update.is_due(now_ms))

    def _speaks(self, now_ms: int, plays_past: bool) -> bool:
        if now_ms >= self._next_ms:
            return True
        if self._failures or not self._new:
            return False
        return self._urgent or not plays_past or self._new >= _PAST_RECORDS

    def postpone(self, now_ms: int) -> None:
        """The network is away: look again later."""
        self._failures += 1
        self._next_ms = now_ms + POLL_MS

    async def exchange(self, now_ms, firmware: int, plays_past: bool) -> None:
        """One request and its answer. now_ms(): uptime. Failures are counted and waited out, never raised."""
        self.busy = True
        try:
            if self._speaks(now_ms(), plays_past):
                await self._talk(now_ms, firmware)
                self._next_ms = now_ms() + (_PAST_POLL_MS if plays_past else POLL_MS)
            elif self._update.is_due(now_ms()):
                await self._fetch(now_ms)
        except (Unreachable, Refusal, MemoryError) as error:
            if isinstance(error, MemoryError):
                error = Refusal("too_large", "reply")
            if isinstance(error, Refusal):
                self._downlink.refuse(error)
            self._failures += 1
            wait_ms = min(_MOST_WAIT_MS, POLL_MS << min(self._failures - 1, 8))
            self._next_ms = now_ms() + wait_ms + self._random32() % 500
        finally:
            self.busy = False

    async def _talk(self, now_ms, firmware: int) -> None:
        self._new = 0
        self._urgent = False
        records = self._records() if self._heard else []
        versions = self._downlink.poll_versions(firmware, self._update.held)
        body = self._session.request(now_ms(), versions, records)
        status, mac, answer = await self._link.post(self._path, body)
        self._judge(status, mac, answer, now_ms())
        self._failures = 0
        if len(self._outbox) + len(self._snapshots):
            self.tell(True)

    async def _fetch(self, now_ms) -> None:
        """One piece of a firmware, or one step that needs none."""
        wanted = self._update.wanted(now_ms())
        if wanted is None:
            return
        self._update.wait(now_ms())  # unless the piece comes
        status, _, piece = await self._link.get("/v1/firmware/%s?at=%d" % wanted)
        if status == 404:
            return  # not there yet
        if status != 200:
            raise Unreachable("status %d" % status)
        self._update.put(piece, now_ms())

    def _records(self) -> list:
        records = self._outbox.newest(_BATCH) + self._snapshots.newest(_SNAPSHOTS)
        return [(kind, self._completed(payload) if kind == wire.READING else payload) for kind, payload in records]

    def _completed(self, payload: bytes) -> bytes:
        """A reading made before the hub was heard gets the time and the registers that it could not know."""
        flags = payload[_FLAGS_AT] | payload[_FLAGS_AT + 1] << 8
        if flags & _WHOLE == _WHOLE:
            return payload
        record = wire.decode(wire.READING, wire.SCHEMA, payload)
        if not flags & wire.FLAG_CLOCK_SET and record["boot_id"] == self.boot_id and self._clock.is_set:
            record["ts_ms"] = self._clock.unix_ms(record["uptime_ms"])
            record["flags"] |= wire.FLAG_CLOCK_SET
        if not flags & wire.FLAG_REGISTERS_RESUMED:
            for name, mwh in zip(wire.REGISTERS, self._registers.correction):
                record[name] += mwh
            record["flags"] |= wire.FLAG_REGISTERS_RESUMED
        return wire.encode(wire.READING, record)

    def _judge(self, status: int, mac: str, answer: bytes, now_ms: int) -> None:
        if status in (401, 404):
            self._take({"assignment": session.unsigned_assignment(answer)})
            raise Unreachable("unknown to this hub")
        if status != 200:
            raise Unreachable("status %d" % status)
        reply = self._session.reply(answer, mac)
        self._heard = True
        self._clock.hear(reply.get("now_ms", 0), now_ms)
        for boot_id, first_seq, last_seq in reply["ack"]:
            self._forget(boot_id, first_seq, last_seq)
            self.is_accepted = self.is_accepted or boot_id == self.boot_id
        for boot_id, seq in reply["refused"]:
            self._forget(boot_id, seq, seq)
        if self._registers.resume(reply.get("regs")):
            self.changed.append("registers")
        self._follow_cadence(reply.get("cadence_ms", 0))
        self.lease_until_ms = reply.get("lease_until_ms", 0)
        self._take(reply)
        self.commands += self._downlink.commands(reply["commands"], self._clock.unix_ms(now_ms))

    def _follow_cadence(self, cadence_ms: int) -> None:
        if cadence_ms:
            cadence_ms = max(MIN_CADENCE_MS, min(MAX_CADENCE_MS, cadence_ms))
        if cadence_ms != self.hub_cadence_ms:
            self.hub_cadence_ms = cadence_ms
            self.changed.append("cadence")

    def _forget(self, boot_id: int, first_seq: int, last_seq: int) -> None:
        self._outbox.acknowledge(boot_id, first_seq, last_seq)
        self._snapshots.acknowledge(boot_id, first_seq, last_seq)

    def _take(self, blobs: dict) -> None:
        changed = self._downlink.take(blobs)
        self.changed += changed
        if blobs.get("manifest") is not None:
            try:
                self._update.take(blobs["manifest"])
            except Refusal as refusal:
                self._downlink.refuse(refusal)
        if "assignment" in changed:
            self._session.use_key(self._downlink.link_key())
            self._next_ms = 0
