"""What happened to meter and hub: alerts about them, losses of data, answers and changes in one list. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from ..contract import ledger
from .alert import Alert
from .day import Day, Gap, Quarter
from .device import Hub, Meter, Outcome

ALERT_KINDS = frozenset(
    {"tamper", "sensor", "sag", "swell", "interruption", "health", "silent", "hub_silent", "outage", "calibration_due"}
)
_TOLD_BY = {  # cause of a loss → alerts that tell the same
    "power_cut": {"interruption", "outage"},
    "wifi": {"silent"},
    "meter": {"silent"},
    "hub": {"hub_silent"},
    "internet": {"hub_silent"},
    "cloud": {"hub_silent"},
}
_SAME_MS = 60_000  # a calibration and the answer that tells of it


@dataclass(frozen=True)
class Change:
    """Something that became another on its device. what: connected, calibrated, updated, refused, damaged or clock."""

    what: str
    at_ms: int
    told: str = ""  # the firmware's number, the code of what was refused, or how far a clock was ahead [ms]


@dataclass(frozen=True)
class Event:
    """One line of the log."""

    at_ms: int
    about: Alert | Gap | Outcome | Change


@dataclass(frozen=True)
class Told:
    """Everything known of a home's meter and hub; None: a document that is not read, or not for one to see."""

    meter: Meter | None = None
    hub: Hub | None = None
    alerts: tuple[Alert, ...] = ()  # newest first
    outcomes: tuple[Outcome, ...] = ()
    days: tuple[Day, ...] = ()
    are_all_alerts: bool = True  # False: there are older ones, and nothing before the oldest known is listed


def events_of(told: Told, now_ms: int) -> tuple[Event, ...]:
    """The newest first, each thing once."""
    alerts = [each for each in told.alerts if each.kind in ALERT_KINDS]
    losses = [each for each in losses_of(told.days) if not _is_told(each, alerts, now_ms)]
    events = [
        *(Event(each.start_ms, each) for each in alerts),
        *(Event(each.start_s * 1000, each) for each in losses),
        *(Event(each.finished_s * 1000, each) for each in told.outcomes if each.finished_s),
        *(Event(each.at_ms, each) for each in _changes(told)),
    ]
    since_ms = 0 if told.are_all_alerts or not told.alerts else told.alerts[-1].start_ms
    return tuple(sorted((each for each in events if each.at_ms >= since_ms), key=lambda each: -each.at_ms))


def losses_of(days: Iterable[Day]) -> tuple[Gap, ...]:
    """Runs of quarters with one cause, over midnight too; those without a cause that is known are no event."""
    quarters = [each for day in sorted(days, key=lambda day: day.span.start_s) for each in day.quarters]
    return tuple(_loss(run) for run in _runs(quarters))


def _runs(quarters: list[Quarter]) -> Iterator[list[Quarter]]:
    told = [each for each in quarters if each.cause in _TOLD_BY]
    if not told:
        return
    run = [told[0]]
    for before, each in pairwise(told):
        if (each.cause, each.start_s) != (before.cause, before.start_s + ledger.QUARTER_S):
            yield run
            run = []
        run.append(each)
    yield run


def _loss(run: list[Quarter]) -> Gap:
    """Of quality MEASURED where next to nothing is missing in all of it."""
    quality = next((each.quality for each in run if each.quality != ledger.MEASURED), ledger.MEASURED)
    return Gap(run[0].start_s, run[-1].start_s + ledger.QUARTER_S, quality, run[0].cause)


def _is_told(loss: Gap, alerts: list[Alert], now_ms: int) -> bool:
    """Does an alert tell of the same?"""
    return any(
        each.kind in _TOLD_BY[loss.cause]
        and each.start_ms < loss.end_s * 1000
        and (now_ms if each.end_ms is None else each.end_ms) > loss.start_s * 1000
        for each in alerts
    )


def _changes(told: Told) -> Iterator[Change]:
    meter, hub = told.meter, told.hub
    if meter is not None and meter.since_s:
        yield Change("connected", meter.since_s * 1000)
    if meter is not None and meter.calibrated_ms and not _is_answered(meter.calibrated_ms, told.outcomes):
        yield Change("calibrated", meter.calibrated_ms)
    if hub is not None and hub.damaged_ms:
        yield Change("damaged", hub.damaged_ms)
    carried = hub.meters.get(meter.id) if hub is not None and meter is not None else None
    if carried is not None and carried.updated_ms and carried.firmware:
        yield Change("updated", carried.updated_ms, str(carried.firmware))
    if carried is not None and carried.refused_ms:
        yield Change("refused", carried.refused_ms, carried.refusal)
    if carried is not None and carried.clocked_ms:
        yield Change("clock", carried.clocked_ms, str(carried.clock_ms))


def _is_answered(at_ms: int, outcomes: tuple[Outcome, ...]) -> bool:
    return any(abs((each.finished_s or 0) * 1000 - at_ms) < _SAME_MS for each in outcomes)
