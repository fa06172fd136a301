"""The task of an area: makes outages of its signals, tells the members, and sees to it that loads return after it.

All of it is made of what is stored, under keys: a task that runs twice, late or half changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from . import alerts, areas, containment, log, parts, queries
from .clients import Cloud
from .contract import documents
from .domain import correlation, outage_alerts, outages, presence, shedding, verdicts
from .domain.darkness import HUB, METER, Darkness, Signal
from .domain.outages import Outage
from .store import Fields, Found, Transaction

MOST_SIGNALS = 5000
MOST_OUTAGES = 50
MARK_EVERY = 25  # homes told between two notes of it


@dataclass(frozen=True)
class Look:
    """An area as one look found it."""

    area: str
    roster: Fields
    outages: list[Outage]
    next_ms: int | None  # when time alone changes something

    def dark_homes(self) -> set[str]:
        """Homes that an outage holds at this moment."""
        return {
            home
            for outage in self.outages
            for home, member in outage.homes.items()
            if member.state in (outages.DARK, outages.UNHEARD, outages.RETURNING)
        }


@dataclass(frozen=True)
class Return:
    """A load that is to return."""

    home: str
    meter: str
    returned_ms: int  # when its meter did
    mark: str
    at_ms: int


def watch(cloud: Cloud, area: str) -> Look:
    """Looks at an area and does what follows. Key: the area; for each home what it was told last."""
    roster = areas.of(cloud, area)
    look, returned, is_new = cloud.store.transact(lambda transaction: _look(transaction, cloud, area, roster))
    if is_new:
        areas.call(cloud, area)  # who else is gone is known after one heartbeat
        areas.ask(cloud, area, cloud.now_ms() + presence.ANSWER_MS)
    for outage in look.outages:
        _tell(cloud, look, outage)
    for each in returned:
        containment.ask_switch(cloud, each.home, each.mark, each.at_ms)
        cloud.store.update(documents.signal(area, each.meter), {"load_ms": each.returned_ms})
    if look.next_ms is not None:
        areas.ask(cloud, area, look.next_ms)
    open_ones = sum(outage.end_ms is None for outage in look.outages)
    log.info("area watched", area=area, open=open_ones, dark=len(look.dark_homes()))
    return look


def look_again(cloud: Cloud) -> int:
    """Part of `watchhubs`: looks at areas whose task was lost. One read while there is none."""
    found = cloud.store.find(queries.outages_to_look_at(cloud.store.db, cloud.now_ms(), MOST_OUTAGES))
    names = sorted({each.path.split("/")[1] for each in found})
    for area in names:
        watch(cloud, area)
    return len(names)


def _look(transaction: Transaction, cloud: Cloud, area: str, roster: Fields) -> tuple[Look, list["Return"], bool]:
    """Makes the outages anew and writes what changed; also the loads to return, and whether an outage is new."""
    now_ms, db = cloud.now_ms(), cloud.store.db
    found = transaction.find(queries.signals_of_now(db, area, now_ms, MOST_SIGNALS))
    stored = {each.id: each for each in transaction.find(queries.outages_of_now(db, area, now_ms, MOST_OUTAGES))}
    known = [Outage.of(each.fields) for each in stored.values()]
    signals = {each.id: _signal(each) for each in found}
    size = areas.size(roster)
    after = correlation.correlate(known, _darknesses(signals, roster), size, now_ms)
    for outage in after:
        document = outage.document(size, now_ms)
        if outage.id not in stored or document != stored[outage.id].fields:
            transaction.set(documents.outage(area, outage.id), document)
    look = Look(area, roster, after, _next_look_ms(signals.values(), after, now_ms))
    dark = look.dark_homes()
    for each in found:
        says = verdicts.of(signals[each.id], _is_in_outage(signals[each.id], roster, dark), now_ms)
        if each.fields.get("says", "") != says:
            transaction.update(each.path, {"says": says})
    returned = [
        _return(each.id, signals[each.id], after)
        for each in found
        if roster["homes"].get(signals[each.id].home, {}).get("consents")
        and signals[each.id].returned_ms > each.fields.get("load_ms", 0)
    ]
    return look, returned, any(outage.id not in stored and outage.end_ms is None for outage in after)


def _signal(found: Found) -> Signal:
    return Signal.of(found.fields, found.fields["subject"], found.fields["home"], found.fields["hub"])


def _darknesses(signals: dict[str, Signal], roster: Fields) -> list[Darkness]:
    """Of every meter by itself, and of all that a silent hub carries. The roster has homes that never told anything."""
    dark: list[Darkness] = []
    for name, signal in signals.items():
        if signal.subject == METER:
            dark += signal.darknesses(name)
            continue
        carried = [
            (home, entry["meter"], signals.get(entry["meter"], Signal(METER, home, name)))
            for home, entry in roster["homes"].items()
            if entry["hub"] == name
        ]
        dark += signal.darknesses_of_hub(carried)
    return dark


def _is_in_outage(signal: Signal, roster: Fields, dark: set[str]) -> bool:
    if signal.subject == HUB:
        return any(entry["hub"] == signal.hub and home in dark for home, entry in roster["homes"].items())
    return signal.home in dark


def _return(meter: str, signal: Signal, after: list[Outage]) -> Return:
    """When the load of a consenting home returns whose meter started anew, and with it without its load."""
    returned_ms = signal.returned_ms
    member = next((outage.homes[signal.home] for outage in reversed(after) if signal.home in outage.homes), None)
    spread = 0  # a house alone
    if member is not None and member.to_ms is not None and member.to_ms <= returned_ms:
        spread = shedding.spread_ms(member.to_ms - member.from_ms)
    mark = f"back-{returned_ms}"
    return Return(signal.home, meter, returned_ms, mark, shedding.return_ms(mark, signal.home, returned_ms, spread))


def _next_look_ms(signals: Iterable[Signal], after: Iterable[Outage], now_ms: int) -> int | None:
    moments = [outages.next_look_ms(after, now_ms), *(verdicts.next_look_ms(each, now_ms) for each in signals)]
    return min((moment for moment in moments if moment is not None), default=None)


def _tell(cloud: Cloud, look: Look, outage: Outage) -> None:
    """Tells the members of each home what they have not been told yet; what was told is noted a few homes at a time."""
    untold = [home for home, member in outage.homes.items() if member.told != outage_alerts.wanted(outage, home)]
    exist = cloud.store.read_all(documents.home(home) for home in untold)
    for start in range(0, len(untold), MARK_EVERY):
        some = untold[start : start + MARK_EVERY]
        for home in some:
            if exist[documents.home(home)] is not None:
                _tell_home(cloud, look, outage, home)
        words = {home: outage_alerts.wanted(outage, home) for home in some}
        path = documents.outage(look.area, outage.id)
        cloud.store.transact(partial(_mark, path=path, words=words))


def _tell_home(cloud: Cloud, look: Look, outage: Outage, home: str) -> None:
    """One alert for one home and darkness; the meter's silence is no news beside it, what it measured a part of it."""
    condition = outage_alerts.condition(look.area, outage, home, cloud.now_ms())
    is_known = parts.fold(cloud, home, condition)
    alerts.store_condition(cloud, home, replace(condition, is_news=condition.is_news and not is_known))
    silence = documents.cloud_alert_id("silent", condition.meter, condition.start_ms)
    alerts.hush(cloud, home, silence)


def _mark(transaction: Transaction, path: str, words: dict[str, str]) -> None:
    stored = transaction.read(path)
    if stored is None:
        return
    homes = {
        home: {**member, "told": words[home]} if home in words else member for home, member in stored["homes"].items()
    }
    if homes != stored["homes"]:
        transaction.update(path, {"homes": homes})
