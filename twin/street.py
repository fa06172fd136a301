"""Several houses in one street, wired up: sources, boards, meter directories, faults, one timeline."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from .clock import Timeline, is_outside
from .faults import Fault, Faults
from .house import House
from .mains import Mains
from .people import demo_households
from .profile import Source
from .provision import Identity, provision
from .pv import PvArray
from .recordings import read_recording
from .replay import Replay
from .sensors import Board, ideal_board, make_board
from .server import Event, Firmware, Meter, Twin

BoardKind = Literal["ideal", "smooth", "harsh"]
_RELAY_W = 2000.0  # a water heater hangs on each meter's relay


@dataclass(frozen=True, kw_only=True)
class HousePlan:
    """One house: who it is, what it does, and how well its meter hears."""

    identity: Identity
    source: Source
    board: Board
    relay_w: float = _RELAY_W


@dataclass(frozen=True, kw_only=True)
class StreetPlan:
    """A run of the twin. end_ms None: until it is stopped, in real time from the wall clock on."""

    houses: Sequence[HousePlan]
    start_ms: int
    state: Path  # each meter's directory is made in it
    end_ms: int | None = None
    clock_file: Path | None = None
    nominal_hz: float = 50.0
    seed: int = 1
    faults: Sequence[Fault] = ()
    firmware: Firmware = field(default_factory=Firmware)


@dataclass
class Street:
    """A run that can be watched and disturbed; houses count from 1."""

    twin: Twin
    outages: Faults

    @property
    def meters(self) -> tuple[Meter, ...]:
        return self.twin.meters

    def inject(self, fault: Fault) -> None:
        """Add a fault while the street runs."""
        (self.outages if is_outside(fault) else self.meters[fault.house - 1].house.faults).add(fault)

    def end(self, kind: str, house: int = 1) -> int:
        """End the active faults of a kind now; how many there were."""
        if kind in ("hub", "internet"):
            return self.outages.end_kind(kind, self.twin.timeline.slowest_ms)
        there = self.meters[house - 1].house
        return there.faults.end_kind(kind, there.now_ms)


def open_street(
    plan: StreetPlan,
    on_event: Callable[[Event], None],
    on_outage: Callable[[str, bool, int], None] | None = None,
) -> Street:
    """Provision the meters and make a street that is ready to start: `with open_street(...).twin: ...`."""
    outages = Faults(tuple(f for f in plan.faults if is_outside(f)))
    lock = threading.Lock()

    def tell(event: Event) -> None:
        with lock:
            on_event(event)

    timeline = Timeline(
        plan.start_ms,
        plan.end_ms,
        plan.clock_file,
        outages,
        on_outage,
        lambda at_ms: tell({"event": "hour", "at_ms": at_ms}),
    )
    mains = Mains(plan.nominal_hz, plan.seed)
    meters = []
    for number, house_plan in enumerate(plan.houses, 1):
        name = house_plan.identity.meter
        directory = plan.state.resolve() / name
        provision(directory, house_plan.identity, house_plan.board, plan.nominal_hz)
        faults = Faults(tuple(f for f in plan.faults if not is_outside(f) and f.house == number))
        house = House(house_plan.source, house_plan.board, plan.start_ms, mains, faults, house_plan.relay_w)
        timeline.join_in(name)
        meters.append(Meter(name, house, directory, timeline, plan.firmware, tell))
    return Street(Twin(meters, timeline), outages)


def demo_sources(
    houses: int,
    zone: ZoneInfo,
    onto: date,
    recording: str | None = None,
    day: date | None = None,
    overlay_w: float = 0.0,
) -> list[Source]:
    """What the houses of a street do: the recording first, where there is one, then households in turn.

    overlay_w lays a PV array of that peak power over a recording that has none.
    """
    sources: list[Source] = []
    if recording is not None:
        read = read_recording(recording)
        position = read.typical_day() if day is None else read.position_of(day)
        overlay = PvArray(overlay_w) if overlay_w and read.pv_w is None else None
        sources.append(Replay(read, position, onto, zone.key, overlay))
    people = demo_households(zone.key)
    while len(sources) < houses:
        sources.append(people[len(sources) % len(people)])
    return sources[:houses]


def board_of(kind: BoardKind, seed: int) -> Board:
    return ideal_board() if kind == "ideal" else make_board(seed, inl=kind)


def has_pv(source: Source, at_ms: int) -> bool:
    """Whether a second clamp is fitted in a house of this source."""
    minute_s = at_ms // 60_000 * 60
    return source.minutes(minute_s, minute_s + 60).has_pv


def plan_houses(
    identities: Iterable[Identity], sources: Iterable[Source], board: BoardKind, seed: int
) -> list[HousePlan]:
    return [
        HousePlan(identity=identity, source=source, board=board_of(board, seed + number))
        for number, (identity, source) in enumerate(zip(identities, sources, strict=True))
    ]


def moment_ms(text: str, now_ms: int, zone: ZoneInfo) -> int:
    """`now`, `today 06:00`, `yesterday 00:00` or `2026-11-20T00:00`, in the zone; ValueError otherwise."""
    words = text.split()
    if words == ["now"]:
        return now_ms
    if words and words[0] in ("today", "yesterday") and len(words) <= 2:
        today = datetime.fromtimestamp(now_ms / 1000, zone).date()
        day = today if words[0] == "today" else date.fromordinal(today.toordinal() - 1)
        clock = datetime.strptime(words[1], "%H:%M") if len(words) == 2 else datetime.min
        at = datetime(day.year, day.month, day.day, clock.hour, clock.minute, tzinfo=zone)
        return int(at.timestamp() * 1000)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no moment; write now, yesterday 00:00 or 2026-11-20T00:00") from None
    return int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)
