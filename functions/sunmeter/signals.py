"""Signals of an area: which meters fell silent or lost their mains, for the operator who correlates them."""

from collections.abc import Iterable

from .clients import Cloud
from .domain.items import Event, Status
from .store import Transaction


def store_status(cloud: Cloud, hub: str, home: str, area: str | None, status: Status) -> None:
    """Tells an area of a meter that fell silent or came back. Key: (meter, time): of two signals the later holds."""
    _store(cloud, area, status.meter, {"kind": status.state, "ts_ms": status.since_ms, "home": home, "hub": hub})


def store_interruptions(cloud: Cloud, hub: str, home: str, area: str | None, events: Iterable[Event]) -> None:
    """Tells an area of mains lost and returned, as the meter saw it."""
    for event in events:
        if event.kind == "interruption":
            kind = "interruption" if event.phase == "start" else "back"
            _store(cloud, area, event.meter, {"kind": kind, "ts_ms": event.ts_ms, "home": home, "hub": hub})


def _store(cloud: Cloud, area: str | None, meter: str, signal: dict[str, str | int]) -> None:
    if area is None:
        return
    path = f"areas/{area}/signals/{meter}"

    def write(transaction: Transaction) -> None:
        stored = transaction.read(path)
        if stored is None or stored["ts_ms"] < signal["ts_ms"]:
            transaction.set(path, signal)

    cloud.store.transact(write)
