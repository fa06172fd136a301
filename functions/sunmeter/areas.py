"""Areas: who belongs to one (`areas/{area}`), the call that its hubs answer, and how its task is asked for."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from . import log, queries
from .clients import Cloud
from .contract import documents
from .domain import farewell, presence
from .domain.outages import Size
from .store import Fields, Transaction

QUEUE = "watcharea"
SLOT_MS = 5_000  # signals of so long are looked at together: most of a street falls silent within it
LAG_MS = 1_000  # the clocks of two instances differ: whoever stored within the slot is seen by its task
EARLY_MS = 2 * SLOT_MS  # a task that comes no more than this too soon is tried again
MOST_HOMES = 5000  # about 100 bytes each: a document holds 1 MiB
FRESH_MS = 24 * 3_600_000
OF_ONE_HOME = ("signals", "commands")
OF_MANY_HOMES: dict[str, Callable[[Any, str], Any]] = {
    "outages": farewell.unnamed_member,
    "sheds": farewell.unnamed_home,
}


def ask(cloud: Cloud, area: str, at_ms: int | None = None, *, refresh: bool = False) -> None:
    """Asks for the area's task at the end of this slot, or of that of a moment. Key: (area, slot).

    To be called once what it is to see is stored.
    """
    slot = (cloud.now_ms() if at_ms is None else at_ms) // SLOT_MS + 1
    at = slot * SLOT_MS + LAG_MS
    key = f"{area}-{slot}-roster" if refresh else f"{area}-{slot}"
    cloud.enqueue(QUEUE, key, {"area": area, "refresh": refresh, "at_ms": at}, at)


def of(cloud: Cloud, area: str) -> Fields:
    """The area's roster, made anew where there is none, or an old one."""
    roster = cloud.store.read(documents.area(area))
    if roster is None or roster["refreshed_ms"] < cloud.now_ms() - FRESH_MS:
        return refresh(cloud, area)
    return roster


def size(roster: Fields) -> Size:
    return Size(homes=len(roster["homes"]), hubs=len(roster["hubs"]))


def refresh(cloud: Cloud, area: str) -> Fields:
    """Writes who belongs to an area today, and tells its hubs so. Key: the area: the last look holds."""
    before = cloud.store.read(documents.area(area)) or {"hubs": []}
    found = cloud.store.find(queries.homes_in_area(cloud.store.db, area, MOST_HOMES))
    homes = {home.id: _entry(home.fields) for home in found}
    hubs = sorted({entry["hub"] for entry in homes.values() if entry["hub"]})
    roster = {"v": documents.VERSION, "homes": homes, "hubs": hubs, "refreshed_ms": cloud.now_ms()}
    cloud.store.set(documents.area(area), roster)
    for hub in {*hubs, *before["hubs"]}:
        _belongs(cloud, hub, area, hub in hubs)
    log.info("area listed", area=area, homes=len(homes), hubs=len(hubs))
    return roster


def forget(cloud: Cloud, area: str, home: str) -> None:
    """Takes a home that is gone out of all that an area tells. Key: (area, home).

    What was told of its meter goes; records of outages and sheds keep that there was one home more, and not which.
    """
    refresh(cloud, area)
    for collection in OF_ONE_HOME:
        for found in cloud.store.find(
            queries.naming(cloud.store.db, f"{documents.area(area)}/{collection}", "home", home)
        ):
            cloud.store.delete(found.path)
    for collection, without in OF_MANY_HOMES.items():
        for found in cloud.store.find(queries.homes_in(cloud.store.db, f"{documents.area(area)}/{collection}")):
            if home in found.fields["homes"]:
                cloud.store.transact(partial(_take_out, path=found.path, home=home, without=without))


def _take_out(transaction: Transaction, path: str, home: str, without: Callable[[Any, str], Any]) -> None:
    stored = transaction.read(path)
    if stored is not None:
        transaction.update(path, {"homes": without(stored["homes"], home)})


def of_hub(cloud: Cloud, hub: str) -> set[str]:
    """The areas whose homes a hub carries today."""
    found = cloud.store.find(queries.homes_of_hub(cloud.store.db, hub))
    return {home.fields["area"] for home in found if home.fields.get("area")}


def call(cloud: Cloud, area: str, suspects: Iterable[str] = ()) -> None:
    """Asks every hub of an area, and the suspects, whether it is there: its next heartbeat answers with a write.

    Key: (hub, when it was last heard): one that was asked since is not asked again.
    """
    hubs = {*of(cloud, area)["hubs"], *suspects}
    for hub in sorted(hubs):
        call_hub(cloud, hub)
    log.info("hubs called", area=area, hubs=len(hubs))


def call_hub(cloud: Cloud, hub: str) -> None:
    """Asks one hub whether it is there. Key: as `call`."""
    cloud.store.transact(partial(_ask, path=documents.hub(hub), now_ms=cloud.now_ms()))


def _ask(transaction: Transaction, path: str, now_ms: int) -> None:
    hub = transaction.read(path)
    if hub is None or hub["revoked"] or hub.get("silent_ms") is not None or presence.is_asked(hub):
        return
    if hub["last_ms"] < now_ms:
        answer_ms = presence.answer_ms(in_area=bool(hub.get("areas")))
        transaction.update(path, {"asked_ms": now_ms, "due_ms": now_ms + answer_ms})


def _entry(home: Fields) -> dict[str, Any]:
    return {
        "meter": home["meter"],
        "hub": home.get("hub"),
        "consents": bool((home.get("relay") or {}).get("consent")),
    }


def _belongs(cloud: Cloud, hub: str, area: str, does: bool) -> None:
    path = documents.hub(hub)

    def write(transaction: Transaction) -> None:
        document = transaction.read(path)
        if document is None:
            return
        areas = set(document.get("areas") or ())
        after = areas | {area} if does else areas - {area}
        if after != areas:
            transaction.update(path, {"areas": sorted(after)})

    cloud.store.transact(write)
