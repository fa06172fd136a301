"""What a meter tells that is no sample, as the cloud reads it: events, and what came of commands. Pure."""

import json

from .contract import wire
from .contract.features import CHANNELS
from .verify import Item


def for_cloud(meter: str, item: Item, at_ms: int) -> str:
    """One event or result as an item for `ingest`; its wall time takes the place of the uptime."""
    record = {name: number for name, number in item.record.items() if name != "uptime_ms"}
    if item.kind == wire.EVENT:
        channel, unit = _channel(record["channel"])
        kind, phase = wire.EVENT_KINDS[record["kind"]], wire.PHASES[record["phase"]]
        named = {"type": "event", "ts_ms": at_ms, "kind": kind, "phase": phase, "channel": channel, "unit": unit}
    else:
        named = {"type": "result", "text": wire.result_text(item.payload)}
    return json.dumps({**record, "v": 1, "meter": meter, **named}, separators=(",", ":"))


def _channel(number: int) -> tuple[str, str]:
    """Name and unit of a channel; one that a newer meter knows goes up by its number."""
    if number >= len(CHANNELS):
        return str(number), ""
    name, unit, *_ = CHANNELS[number]
    return name, unit
