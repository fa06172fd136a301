"""Connections and their limits: no client, slow, half-open, many-handed or hostile, keeps the others from the hub.

A connection is *proven* once a known meter's own request, and no replay of one, came over it. What is not proven is
held to little: so many connections and requests of an address, so many connections in all, and of those too many the
oldest gives way, since an honest meter proves itself within milliseconds. A meter holds two connections, so that those
which its Wi-Fi left half-open end when it comes back; and it has its own rate, which no other meter pays for.
"""

import asyncio
import resource
from collections import Counter, defaultdict
from dataclasses import dataclass

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

SPARE_FILES = 64  # database, cloud, log
ADDRESSES_KEPT = 4096


@dataclass(frozen=True)
class Limits:
    """Each with what honest meters need at most beside it."""

    connections: int = 1000  # one a meter
    unproven: int = 512  # a street that comes back from a power cut, all at once
    unproven_of_address: int = 64  # a Wi-Fi repeater that hides a house row behind one address
    lines_of_meter: int = 2  # the one it speaks on, and the one that it does not know to be dead
    arrival_s: float = 15.0  # head and body; a meter gives up after five
    requests_per_s: float = 200.0  # of a proven connection; a meter that empties its outbox sends fifty
    unproven_per_s: float = 20.0  # of an address; an unknown meter knocks every few seconds
    wait_s: float = 5.0  # who would have to wait longer for its turn is let go: a meter has given up by then


class Bucket:
    """Turns at a steady rate, five seconds of them at once (a token bucket). Whoever takes one early waits for it."""

    BURST_S = 5.0

    def __init__(self, per_s: float):
        self._step_s = 1 / per_s
        self._due_s = float("-inf")  # when the next turn would be if turns were not saved up

    def wait_s(self, now_s: float) -> float:
        """How long the next turn is away."""
        return max(0.0, self._due_s - now_s)

    def take(self, now_s: float) -> None:
        self._due_s = max(self._due_s, now_s - self.BURST_S) + self._step_s

    def is_full(self, now_s: float) -> bool:
        return self._due_s <= now_s - self.BURST_S


class Line(H11Protocol):
    """One connection. A request that does not arrive in time ends it, and so does a client that does not read."""

    guard: "Guard"
    meter = ""  # "": not proven

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self.bucket = Bucket(self.guard.limits.requests_per_s)
        self._has_asked = False
        self._arrival: asyncio.TimerHandle | None = None
        self._watch_arrival()
        self.guard.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._arrival:
            self._arrival.cancel()
        self._unset_keepalive_if_required()  # uvicorn leaves it running when a connection breaks
        self.guard.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_arrival()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_arrival()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        self.guard.counted["let go malformed http"] += 1
        super().send_400_response(msg)

    def pause_writing(self) -> None:
        """Several answers lie unread: their reader asks and does not listen."""
        super().pause_writing()
        self.let_go("too_slow answer")

    def let_go(self, reason: str) -> None:
        """Ends the connection now; who is slow to hear of it is not waited for."""
        self.guard.counted[f"let go {reason}"] += 1
        self.transport.abort()

    def _watch_arrival(self) -> None:
        """Starts the time for a request with the connection or its first byte; stops it with its last."""
        state = self.conn.their_state
        has_begun = state is h11.IDLE and bool(self.conn.trailing_data[0])
        self._has_asked = self._has_asked or state is h11.DONE
        if state is h11.SEND_BODY or has_begun or not self._has_asked:
            if self._arrival is None:
                self._arrival = self.loop.call_later(self.guard.limits.arrival_s, self._too_slow)
        elif self._arrival:
            self._arrival.cancel()
            self._arrival = None

    def _too_slow(self) -> None:
        self.let_go("too_slow request" if self._has_asked or self.conn.trailing_data[0] else "too_slow silence")


class Guard:
    """All connections of a hub. The server has `protocol` and `app`; `proved` and `doubted` are told of requests."""

    def __init__(self, limits: Limits | None = None):
        self.limits = limits or Limits()
        self.counted: Counter[str] = Counter()
        self._lines: dict[tuple[str, int], Line] = {}
        self._unproven: dict[Line, None] = {}  # the oldest first, here and below
        self._of_address: defaultdict[str, dict[Line, None]] = defaultdict(dict)
        self._of_meter: defaultdict[str, dict[Line, None]] = defaultdict(dict)
        self._buckets: dict[str, Bucket] = {}

    @property
    def protocol(self) -> type[Line]:
        """The protocol of this guard's connections, for uvicorn."""
        return type("GuardedLine", (Line,), {"guard": self})

    def app(self, served: ASGIApp) -> ASGIApp:
        """`served`, to which each request comes when it is its client's turn."""

        async def in_turn(scope: Scope, receive: Receive, send: Send) -> None:
            line = self._lines.get(scope["client"])
            if line is None or not await self._turn(line):
                return  # it is gone, and nobody listens
            await served(scope, receive, send)

        return in_turn

    async def _turn(self, line: Line) -> bool:
        """Waits for it; False when there is none soon, and the client was let go."""
        now_s = line.loop.time()
        bucket = line.bucket if line.meter else self._bucket(line.address, now_s)
        wait_s = bucket.wait_s(now_s)
        if wait_s > self.limits.wait_s:
            line.let_go("too_many requests")
            return False
        bucket.take(now_s)
        if wait_s:
            await asyncio.sleep(wait_s)
        return not line.transport.is_closing()

    def _bucket(self, address: str, now_s: float) -> Bucket:
        if address not in self._buckets and len(self._buckets) >= ADDRESSES_KEPT:
            self._buckets = {name: kept for name, kept in self._buckets.items() if not kept.is_full(now_s)}
        return self._buckets.setdefault(address, Bucket(self.limits.unproven_per_s))

    def admit(self, line: Line) -> None:
        """A client came. Where there are too many, the oldest of those that proved nothing goes."""
        assert line.client is not None
        self._lines[line.client] = line
        self._unproven[line] = None
        of_address = self._of_address[line.address]
        of_address[line] = None
        if len(of_address) > self.limits.unproven_of_address:
            self._give_way(next(iter(of_address)))
        elif len(self._unproven) > self.limits.unproven or len(self._lines) > self.limits.connections:
            self._give_way(next(iter(self._unproven)))

    def _give_way(self, line: Line) -> None:
        line.let_go("too_many connections")
        self.forget(line)

    def proved(self, client: object, meter: str) -> None:
        """A known meter's own request came over this connection."""
        line = self._line(client)
        if line is None or line.meter == meter:
            return
        self._take_out(line)
        line.meter = meter
        lines = self._of_meter[meter]
        lines[line] = None
        if len(lines) > self.limits.lines_of_meter:
            oldest = next(iter(lines))
            oldest.let_go("too_many connections")
            self.forget(oldest)

    def doubted(self, client: object) -> None:
        """What came over this connection was turned away: it has to prove itself again."""
        line = self._line(client)
        if line is not None and line.meter:
            self._take_out(line)
            line.meter = ""
            self._unproven[line] = self._of_address[line.address][line] = None

    def forget(self, line: Line) -> None:
        """A connection ended."""
        if line.client is not None and self._lines.get(line.client) is line:
            del self._lines[line.client]
            self._take_out(line)

    def _line(self, client: object) -> Line | None:
        return self._lines.get(tuple(client)) if isinstance(client, tuple) else None

    def _take_out(self, line: Line) -> None:
        self._unproven.pop(line, None)
        for group, name in ((self._of_address, line.address), (self._of_meter, line.meter)):
            if line in group[name]:
                del group[name][line]
            if not group[name]:
                del group[name]


def fitting() -> Limits:
    """The usual limits, and no more connections than files may be open."""
    may_open, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    connections = min(Limits.connections, max(16, may_open - SPARE_FILES))
    return Limits(connections=connections, unproven=min(Limits.unproven, connections // 2))
