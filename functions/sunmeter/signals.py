"""Signals of an area: which meters and hubs fell silent, lost their mains or came back. `grid` makes outages of them.

One document for each meter and hub that ever had something to tell; it is written only when that is new.
"""

from collections.abc import Callable, Iterable
from functools import partial

from . import areas
from .clients import Cloud
from .contract import documents
from .contract.ledger import Interval
from .domain import days
from .domain.darkness import HUB, METER, Signal
from .domain.items import Event, Status
from .store import Transaction


def store_status(cloud: Cloud, hub: str, home: str, area: str | None, status: Status) -> None:
    """Tells an area of a meter that fell silent or came back. Key: (meter, state, time): any order, once."""
    told_ms = cloud.now_ms()
    _store(
        cloud, area, status.meter, METER, home, hub, lambda known: known.told(status.state, status.since_ms, told_ms)
    )


def store_interruptions(cloud: Cloud, hub: str, home: str, area: str | None, events: Iterable[Event]) -> None:
    """Tells an area of mains lost and returned, as the meter measured it. Key: (meter, time)."""
    told_ms = cloud.now_ms()

    def told(known: Signal, event: Event) -> Signal:
        after = known.told("silent", event.start_ms, told_ms, measured=True)
        return after if event.end_ms is None else after.told("back", event.end_ms, told_ms)

    for event in events:
        if event.kind == "interruption":
            _store(cloud, area, event.meter, METER, home, hub, partial(told, event=event))


def store_restarts(cloud: Cloud, hub: str, home: str, area: str | None, intervals: Iterable[Interval]) -> None:
    """Tells an area of meters that started because power had been lost. Key: (meter, quarter)."""
    for interval in intervals:
        if days.lost_power(interval):
            started = partial(Signal.restarted, quarter_ms=interval.start_s * 1000)
            _store(cloud, area, interval.meter, METER, home, hub, started)


def store_hub(cloud: Cloud, hub: str, of: Iterable[str], state: str, ts_ms: int) -> None:
    """Tells areas of a hub that fell silent or is back. Key: (hub, state, time)."""
    told_ms = cloud.now_ms()
    for area in of:
        _store(cloud, area, hub, HUB, "", hub, lambda known: known.told(state, ts_ms, told_ms, found=True))


def store_cut_off(cloud: Cloud, hub: str, of: Iterable[str], silent_ms: int) -> None:
    """Tells areas that a silent hub went on without its line. Key: (hub, when it fell silent)."""
    for area in of:
        _store(cloud, area, hub, HUB, "", hub, lambda known: known.cut_off(silent_ms))


def _store(
    cloud: Cloud, area: str | None, name: str, subject: str, home: str, hub: str, word: Callable[[Signal], Signal]
) -> None:
    """Brings one word into a signal, and asks for the area's task: also where it was known, for that may be undone."""
    if area is None:
        return
    path = documents.signal(area, name)

    def write(transaction: Transaction) -> None:
        known = Signal.of(transaction.read(path), subject, home, hub)
        after = word(known)
        if after != known:
            transaction.merge(path, after.document(cloud.now_ms()))

    cloud.store.transact(write)
    areas.ask(cloud, area)
