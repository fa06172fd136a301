"""What an operator reads of an area while it is on the screen."""

from collections.abc import Awaitable, Callable

from .contract import documents
from .data.source import Denied, Query, Source
from .model.area import commands_from, outages_from, roster_from, sheds_from, silent_from
from .model.device import hub_from
from .state import Neighbourhood
from .watches import Key, Work

NEWEST = 20
MOST_HUBS = 50  # listeners of one screen
DENIED_S = 10.0  # until a hub that may not be read is tried again
Sleep = Callable[[float], Awaitable[None]]


def wanted(
    source: Source, seen: Neighbourhood, area: str, changed: Callable[[], None], sleep: Sleep
) -> dict[Key, Work]:
    """changed: the roster names other hubs, so other work is wanted."""
    works: dict[Key, Work] = {
        ("area", area): lambda: _follow_roster(source, seen, area, changed),
        ("area-outages", area): lambda: _follow_outages(source, seen, area),
        ("area-silent", area): lambda: _follow_silent(source, seen, area),
        ("area-commands", area): lambda: _follow_commands(source, seen, area),
        ("area-sheds", area): lambda: _follow_sheds(source, seen, area),
    }
    for hub in (seen.roster.hubs if seen.roster else ())[:MOST_HUBS]:
        works["area-hub", area, hub] = lambda hub=hub: _follow_hub(source, seen, hub, sleep)  # type: ignore[misc]
    return works


async def _follow_roster(source: Source, seen: Neighbourhood, area: str, changed: Callable[[], None]) -> None:
    async for found in source.watch(documents.area(area)):
        seen.roster = roster_from(found)
        changed()


async def _follow_outages(source: Source, seen: Neighbourhood, area: str) -> None:
    newest = Query(f"areas/{area}/outages", order_by=(("start_ms", "desc"),), limit=NEWEST)
    async for found in source.watch_query(newest):
        seen.outages = outages_from(found)


async def _follow_silent(source: Source, seen: Neighbourhood, area: str) -> None:
    async for found in source.watch_query(Query(f"areas/{area}/signals", where=(("kind", "==", "silent"),))):
        seen.silent = silent_from(found)


async def _follow_commands(source: Source, seen: Neighbourhood, area: str) -> None:
    newest = Query(f"areas/{area}/commands", order_by=(("asked_ms", "desc"),), limit=NEWEST)
    async for found in source.watch_query(newest):
        seen.commands = commands_from(found)


async def _follow_sheds(source: Source, seen: Neighbourhood, area: str) -> None:
    newest = Query(f"areas/{area}/sheds", order_by=(("asked_ms", "desc"),), limit=NEWEST)
    async for found in source.watch_query(newest):
        seen.sheds = sheds_from(found)


async def _follow_hub(source: Source, seen: Neighbourhood, hub: str, sleep: Sleep) -> None:
    """A hub is for an area's operators while its document names the area, which it does a moment after the roster."""
    path = documents.hub(hub)
    while True:
        try:
            async for found in source.watch(path):
                told = hub_from(path, found)
                seen.hubs = {**seen.hubs, **({hub: told} if told else {})}
        except Denied:
            seen.hubs = {name: each for name, each in seen.hubs.items() if name != hub}
        await sleep(DENIED_S)
