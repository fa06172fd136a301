"""The newest reading, for as long as somebody watches: the one document the hub writes itself, under the rules."""

import asyncio
import datetime as dt
import logging
from collections import defaultdict
from typing import Protocol

import grpc

from . import log
from .assemble import uncertainty_w
from .clock import Clock
from .contract import documents, wire
from .contract.listen import Denied, Fields
from .roster import Meter

EVERY_S = 2.0  # on average, which is also the meter's cadence under a lease
EARLY = 0.25  # of that: so much before its turn may a reading come, for windows end with a burst and networks hesitate
FRESH_MS = 15_000  # an older reading is no first picture of "now"
KEEP_S = 3600  # the document goes by itself when nobody watched for an hour


class Writer(Protocol):
    """Writes a document as this hub."""

    async def set(self, path: str, fields: Fields) -> None: ...


def document(meter: str, at_ms: int, reading: dict[str, int], expires: dt.datetime) -> Fields:
    """The fields of `homes/{home}/live/now`, in the units people read."""
    has_pv = bool(reading["flags"] & wire.FLAG_PV_FITTED)
    return {
        "meter": meter,
        "ts_ms": at_ms,
        "grid_w": reading["grid_mw"] / 1000,
        "pv_w": reading["pv_mw"] / 1000 if has_pv else None,
        "house_w": reading["house_mw"] / 1000,
        "v_v": reading["v_mv"] / 1000,
        "f_hz": reading["f_mhz"] / 1000 if reading["f_mhz"] else None,
        "grid_a": reading["grid_ma"] / 1000,
        "pv_a": reading["pv_ma"] / 1000 if has_pv else None,
        "grid_pf": _power_factor(reading["grid_pf_permille"]),
        "pv_pf": _power_factor(reading["pv_pf_permille"]) if has_pv else None,
        "u_w": uncertainty_w(reading),
        "expires": expires,
    }


def _power_factor(permille: int) -> float | None:
    return None if permille == wire.PF_NONE else permille / 1000


class Pace:
    """One turn in every_s on average, each at most EARLY (the generic cell rate algorithm, ITU-T I.371).

    What comes before its turn is not made to wait for it: it would be shown late, and so would everything that follows
    it at the same pace. The next reading is fresher; should none come, it is shown in the end.
    """

    def __init__(self, every_s: float):
        self._every_s = every_s
        self._due_s = float("-inf")  # when the next turn is

    def takes_turn(self, now_s: float) -> bool:
        """Whether there is a turn to take now; takes it."""
        if now_s < self._due_s - EARLY * self._every_s:
            return False
        self._due_s = max(self._due_s, now_s) + self._every_s
        return True


class Live:
    """Writes the newest reading of each watched meter, one in every_s on average, and only within its lease."""

    def __init__(self, store: Writer, clock: Clock, real: Clock, every_s: float = EVERY_S):
        self._store, self._clock, self._real = store, clock, real
        self._every_s = every_s
        self._newest: dict[str, tuple[int, dict[str, int]]] = {}
        self._written_ms: dict[str, int] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._waiting: set[str] = set()  # meters of which a reading came before its turn
        self._paces: defaultdict[str, Pace] = defaultdict(lambda: Pace(every_s))

    def offer(self, meter: Meter, at_ms: int, reading: dict[str, int]) -> None:
        """A reading was committed: it is shown if somebody watches and it is the newest."""
        if at_ms <= self._newest.get(meter.meter, (0, {}))[0]:
            return
        self._newest[meter.meter] = (at_ms, reading)
        self.leased(meter)

    def leased(self, meter: Meter) -> None:
        """Somebody begins to watch: the last reading is shown at once, if it is still true."""
        if meter.meter in self._busy or not self._is_due(meter):
            return
        loop = asyncio.get_running_loop()
        if self._paces[meter.meter].takes_turn(loop.time()):
            task = loop.create_task(self._write(meter))
            self._busy[meter.meter] = task
            task.add_done_callback(lambda done: self._written(meter, done))
        elif meter.meter not in self._waiting:
            self._waiting.add(meter.meter)
            loop.call_later(2 * self._every_s, self._show_the_last, meter)

    def _written(self, meter: Meter, done: "asyncio.Task[None]") -> None:
        """What became newer while it was written is judged like any other."""
        self._busy.pop(meter.meter, None)
        if not done.cancelled():
            self.leased(meter)

    def _show_the_last(self, meter: Meter) -> None:
        self._waiting.discard(meter.meter)
        self.leased(meter)

    def _is_due(self, meter: Meter) -> bool:
        """Whether somebody watches, and the newest reading is news and still true."""
        is_leased = meter.downlink is not None and meter.downlink.lease_until_ms > self._real()
        at_ms, _ = self._newest.get(meter.meter, (0, {}))
        return is_leased and at_ms > max(self._clock() - FRESH_MS, self._written_ms.get(meter.meter, 0))

    async def _write(self, meter: Meter) -> None:
        """Writes what is newest."""
        assert meter.downlink is not None
        at_ms, reading = self._newest[meter.meter]
        self._written_ms[meter.meter] = at_ms
        expires = dt.datetime.fromtimestamp(self._real() / 1000 + KEEP_S, dt.UTC)
        try:
            await self._store.set(documents.live(meter.downlink.home), document(meter.meter, at_ms, reading, expires))
        except (Denied, grpc.aio.AioRpcError, OSError) as error:
            log.event("live not written", logging.WARNING, meter=meter.meter, reason=error)
