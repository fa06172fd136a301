"""What a hub may send to `ingest`, item by item. Pure: judges form and time, knows no home."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..contract import ledger, wire
from ..contract.ledger import Interval
from ..contract.refusal import Refusal
from . import fields

SCHEMAS = (1,)
OLDEST_S = 400 * 86_400  # a hub keeps its intervals until they are acknowledged; beyond 13 months the years are closed
FUTURE_S = 600  # a hub's clock may run ahead of ours by this much
MAX_METERS = 200  # on one hub

_U32 = (1 << 32) - 1
_I32 = (1 << 31) - 1
_MS = 1 << 48


@dataclass(frozen=True)
class Event:
    """Something the meter noticed, at its start or at its end."""

    meter: str
    boot_id: int
    seq: int
    ts_ms: int
    kind: str
    phase: str
    channel: str  # "": no single quantity is to blame
    value: int | None  # None: the kind has no value
    usual_lo: int | None  # None: nothing is usual for this kind
    usual_hi: int | None
    unit: str
    score_milli: int
    model_version: int  # 0: found by a rule, not by a model
    duration_ms: int
    start_seq: int
    start_boot: int

    @property
    def start_ms(self) -> int:
        return self.ts_ms - self.duration_ms if self.phase == "end" else self.ts_ms

    @property
    def end_ms(self) -> int | None:
        return self.ts_ms if self.phase == "end" else None


@dataclass(frozen=True)
class Sighting:
    """A meter that the hub has no key for asks to be let in."""

    meter: str


@dataclass(frozen=True)
class Status:
    """A meter fell silent or came back, as its hub saw it."""

    meter: str
    state: str
    since_ms: int


@dataclass(frozen=True)
class Result:
    """What came of a command."""

    meter: str
    command_id: int
    code: int
    text: str


@dataclass(frozen=True)
class Heartbeat:
    """The hub is alive."""

    version: str
    queue: int
    meters: dict[str, dict[str, int]]
    damaged_ms: int  # when it set a damaged database aside; 0: none lies aside


Item = Interval | Event | Sighting | Status | Result | Heartbeat


def parse(raw: Any, now_s: int) -> Item:
    """Reads one item. Refusals: malformed, out_of_range, unknown_schema, too_old, future, each with its field."""
    record = fields.mapping(raw)
    reader = _READERS.get(str(record.get("type")))
    if reader is None:
        raise Refusal("unknown_schema", "type")
    if record.get("v", SCHEMAS[-1]) not in SCHEMAS:
        raise Refusal("unknown_schema", "v")
    return reader(record, now_s)


def _interval(record: dict[str, Any], now_s: int) -> Interval:
    fields.meter_id(record)
    interval = ledger.parse_interval(record)
    _check_time(interval.start_s + ledger.QUARTER_S, "start_s", now_s)
    # Against a cut that claims to be of the future nothing would hold that an honest hub cuts later.
    return replace(interval, rev=min(interval.rev, (now_s + FUTURE_S) * 1000))


def _event(record: dict[str, Any], now_s: int) -> Event:
    event = Event(
        meter=fields.meter_id(record),
        boot_id=fields.integer(record, "boot_id", 0, _U32),
        seq=fields.integer(record, "seq", 1, _U32),
        ts_ms=fields.integer(record, "ts_ms", 0, _MS),
        kind=fields.choice(record, "kind", wire.EVENT_KINDS),
        phase=fields.choice(record, "phase", wire.PHASES),
        channel=fields.text(record, "channel", shortest=0, longest=32, pattern="[a-z0-9_]*"),
        value=fields.optional_integer(record, "value", -_I32, _I32),
        usual_lo=fields.optional_integer(record, "usual_lo", -_I32, _I32),
        usual_hi=fields.optional_integer(record, "usual_hi", -_I32, _I32),
        unit=fields.text(record, "unit", shortest=0, longest=12),
        score_milli=fields.integer(record, "score_milli", -_I32, _I32),
        model_version=fields.integer(record, "model_version", 0, _U32),
        duration_ms=fields.integer(record, "duration_ms", 0, _U32),
        start_seq=fields.integer(record, "start_seq", 1, _U32),
        start_boot=fields.integer(record, "start_boot", 0, _U32),
    )
    _check_time(event.ts_ms // 1000, "ts_ms", now_s)
    return event


def _sighting(record: dict[str, Any], now_s: int) -> Sighting:
    return Sighting(fields.meter_id(record))


def _status(record: dict[str, Any], now_s: int) -> Status:
    status = Status(
        meter=fields.meter_id(record),
        state=fields.choice(record, "state", ("silent", "back")),
        since_ms=fields.integer(record, "since_ms", 0, _MS),
    )
    _check_time(status.since_ms // 1000, "since_ms", now_s)
    return status


def _result(record: dict[str, Any], now_s: int) -> Result:
    return Result(
        meter=fields.meter_id(record),
        command_id=fields.integer(record, "command_id", 1, _MS),
        code=fields.integer(record, "code", 0, 255),
        text=fields.text(record, "text", shortest=0, longest=wire.MAX_RESULT_TEXT_BYTES),
    )


def _heartbeat(record: dict[str, Any], now_s: int) -> Heartbeat:
    meters = fields.mapping(record.get("meters"), "meters")
    if len(meters) > MAX_METERS:
        raise Refusal("too_many", "meters")
    return Heartbeat(
        version=fields.text(record, "version", longest=32),
        queue=fields.integer(record, "queue", 0, 1 << 40),
        meters={meter: _health(meter, health) for meter, health in meters.items()},
        damaged_ms=fields.optional_integer(record, "damaged_ms", 0, _MS) or 0,
    )


def _health(meter: str, raw: Any) -> dict[str, int]:
    if not wire.is_meter_id(meter):
        raise Refusal("malformed", "meters")
    health = fields.mapping(raw, "meters")
    known = {
        "last_ms": fields.integer(health, "last_ms", 0, _MS),
        "firmware": fields.integer(health, "firmware", 0, 65_535),
        "model": fields.integer(health, "model", 0, _U32),
    }
    if "refusal" in health:
        known["refusal"] = fields.integer(health, "refusal", 0, 255)
        known["refused_ms"] = fields.integer(health, "refused_ms", 0, _MS)
    if "clock_ms" in health:
        known["clock_ms"] = fields.integer(health, "clock_ms", -_MS, _MS)
        known["clocked_ms"] = fields.integer(health, "clocked_ms", 0, _MS)
    return known


_READERS: dict[str, Callable[[dict[str, Any], int], Item]] = {
    "interval": _interval,
    "event": _event,
    "sighting": _sighting,
    "status": _status,
    "result": _result,
    "heartbeat": _heartbeat,
}


def _check_time(moment_s: int, field: str, now_s: int) -> None:
    if moment_s > now_s + FUTURE_S:
        raise Refusal("future", field)
    if moment_s < now_s - OLDEST_S:
        raise Refusal("too_old", field)
