"""A neighbourhood as its operators see it: who belongs to it, who is silent, outages, and what was asked of whom."""

from collections.abc import Mapping
from dataclasses import dataclass

from . import fields as read


@dataclass(frozen=True)
class Place:
    """One home of the area, by its devices: operators see no more of it."""

    meter: str
    hub: str | None
    consents: bool  # to its load being shed


@dataclass(frozen=True)
class Roster:
    """`areas/{id}`."""

    places: tuple[Place, ...]
    hubs: tuple[str, ...]

    @property
    def meters(self) -> tuple[str, ...]:
        return tuple(sorted(place.meter for place in self.places))

    @property
    def consenting(self) -> int:
        return sum(place.consents for place in self.places)


def roster_from(found: read.Fields | None) -> Roster:
    homes = read.mapping(found or {}, "homes")
    places = (_place(each) for each in homes.values() if isinstance(each, Mapping))
    hubs = (found or {}).get("hubs") or ()
    return Roster(tuple(place for place in places if place.meter), tuple(str(each) for each in hubs))


def _place(found: read.Fields) -> Place:
    return Place(read.text(found, "meter") or "", read.text(found, "hub"), found.get("consents") is True)


@dataclass(frozen=True)
class Outage:
    """One outage of the area."""

    id: str
    start_ms: int
    end_ms: int | None  # None: somebody is still dark
    says: str  # suspected, likely, confirmed or refuted
    dark: int
    homes: int  # that were ever dark in it
    of: int  # homes of the area


def outages_from(found: Mapping[str, read.Fields]) -> tuple[Outage, ...]:
    """The newest first."""
    every = [_outage(path, each) for path, each in found.items()]
    return tuple(sorted(every, key=lambda each: (-each.start_ms, each.id)))


def _outage(path: str, found: read.Fields) -> Outage:
    extent = read.mapping(found, "extent")
    return Outage(
        id=path.rpartition("/")[2],
        start_ms=read.whole(found, "start_ms") or 0,
        end_ms=read.whole(found, "end_ms"),
        says=read.text(found, "says") or "suspected",
        dark=read.whole(extent, "dark") or 0,
        homes=read.whole(extent, "homes") or 0,
        of=read.whole(extent, "of") or 0,
    )


@dataclass(frozen=True)
class Silent:
    """A meter or a hub that is not heard."""

    id: str
    is_hub: bool
    since_ms: int
    says: str  # what it may have lost, in the words of the area's task; "": not judged yet


def silent_from(found: Mapping[str, read.Fields]) -> tuple[Silent, ...]:
    """Who fell silent last, first."""
    every = (
        Silent(
            id=path.rpartition("/")[2],
            is_hub=each.get("subject") == "hub",
            since_ms=read.whole(each, "ts_ms") or 0,
            says=read.text(each, "says") or "",
        )
        for path, each in found.items()
    )
    return tuple(sorted(every, key=lambda each: (-each.since_ms, each.id)))


@dataclass(frozen=True)
class Asked:
    """A command to a meter, or a shed: who asked for what, why, and what came of it."""

    id: str
    name: str  # ping, reboot, relay or shed
    subject: str  # the meter; of a shed, how many homes
    reason: str
    state: str  # sent, done or failed; "": a shed
    asked_ms: int
    back_by_ms: int | None  # when every load is back; None: no load is off


def commands_from(found: Mapping[str, read.Fields]) -> tuple[Asked, ...]:
    every = [
        _asked(path, each, read.text(each, "name") or "", read.text(each, "meter") or "")
        for path, each in found.items()
    ]
    return _newest_first(every)


def sheds_from(found: Mapping[str, read.Fields]) -> tuple[Asked, ...]:
    return _newest_first(
        [_asked(path, each, "shed", str(len(each.get("homes") or ()))) for path, each in found.items()]
    )


def _newest_first(asked: list[Asked]) -> tuple[Asked, ...]:
    return tuple(sorted(asked, key=lambda each: (-each.asked_ms, each.id)))


def _asked(path: str, found: read.Fields, name: str, subject: str) -> Asked:
    return Asked(
        id=path.rpartition("/")[2],
        name=name,
        subject=subject,
        reason=read.text(found, "reason") or "",
        state=read.text(found, "state") or "",
        asked_ms=read.whole(found, "asked_ms") or 0,
        back_by_ms=read.whole(found, "back_by_ms"),
    )
