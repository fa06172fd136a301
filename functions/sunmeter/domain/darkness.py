"""What an area's signals tell of one meter or one hub: from when to when it was dark. Pure.

A signal document keeps moments, not a state, so that what is told late, twice or in another order makes the same of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from .silences import KEPT, Silences

STEADY_MS = 180_000  # a return that has not lasted so long is no return: power that flutters is one darkness
BLINK_MS = 60_000  # what a meter itself saw go and come back within this is an interruption, and no outage
LATE_MS = 180_000  # told so long after it began, it comes from a hub that could not tell it
QUARTER_MS = 900_000  # a restart is known by the quarter it fell in
RECENT_MS = 6 * 3_600_000  # so long after the last word on it a signal is looked at, unless it is dark
FOREVER_MS = 1 << 48
METER, HUB = "meter", "hub"
Moments = tuple[int, ...]
NEVER = Silences()
_MOMENTS = ("measured_ms", "late_ms", "found_ms", "restarts_ms", "lines_ms")


@dataclass(frozen=True)
class Darkness:
    """A time in which a home had no power, or in which nothing could be heard of it."""

    home: str
    meter: str
    hub: str
    from_ms: int
    by_ms: int  # when it began at the latest: equal to from_ms but for what only a hub's silence tells
    to_ms: int | None  # None: it lasts
    is_seen: bool = True  # the home's own meter fell silent; False: only its hub did
    is_proved: bool = False  # the meter measured that mains was lost, or restarted because of it
    is_faint: bool = False  # opens no outage: a blink, a hub's line, or told late, when it was over


@dataclass(frozen=True)
class Signal:
    """What was told of one meter or hub."""

    subject: str  # METER or HUB
    home: str  # "": a hub has many
    hub: str
    silences: Silences = NEVER
    measured_ms: Moments = ()  # of the beginnings, those that the meter measured
    late_ms: Moments = ()  # of the beginnings, those told late
    found_ms: Moments = ()  # when each silence of a hub was found
    restarts_ms: Moments = ()  # quarters in which the meter started because power had been lost
    lines_ms: Moments = ()  # of a hub's silences, those in which it went on without its line to the cloud

    @staticmethod
    def of(document: dict[str, Any] | None, subject: str, home: str, hub: str) -> "Signal":
        """From its document; what was told of it in another home does not count here."""
        kept = document or {}
        if not kept or kept.get("home", "") != home:
            return Signal(subject, home, hub)
        return Signal(
            subject,
            home,
            hub,
            Silences(tuple(kept["began_ms"]), tuple(kept["back_ms"])),
            *(tuple(kept[name]) for name in _MOMENTS),
        )

    def document(self, now_ms: int) -> dict[str, Any]:
        """As it is stored. `until_ms`: until when the area's task has to look at it."""
        last_ms = max((*self.silences.began_ms, *self.silences.back_ms, *self.restarts_ms), default=0)
        return {
            "subject": self.subject,
            "home": self.home,
            "hub": self.hub,
            "kind": "silent" if self.silences.is_silent else "back",
            "ts_ms": last_ms,
            "began_ms": list(self.silences.began_ms),
            "back_ms": list(self.silences.back_ms),
            **{name: list(getattr(self, name)) for name in _MOMENTS},
            "until_ms": FOREVER_MS if self.silences.is_silent else now_ms + RECENT_MS,
        }

    def told(self, state: str, ts_ms: int, told_ms: int, *, measured: bool = False, found: bool = False) -> "Signal":
        """With one more word: it fell `silent`, or is `back`."""
        silences = self.silences.told(state, ts_ms)
        if state != "silent" or silences == self.silences:
            return replace(self, silences=silences)
        is_late = told_ms - ts_ms > LATE_MS
        return replace(
            self,
            silences=silences,
            measured_ms=_with(self.measured_ms, ts_ms) if measured else self.measured_ms,
            late_ms=_with(self.late_ms, ts_ms) if is_late else self.late_ms,
            found_ms=_with(self.found_ms, told_ms) if found else self.found_ms,
        )

    def restarted(self, quarter_ms: int) -> "Signal":
        """With a quarter in which the meter started because power had been lost."""
        return replace(self, restarts_ms=_with(self.restarts_ms, quarter_ms))

    def cut_off(self, from_ms: int) -> "Signal":
        """Of a hub, with a silence in which it went on, as its intervals tell."""
        return replace(self, lines_ms=_with(self.lines_ms, from_ms))

    @property
    def returned_ms(self) -> int:
        """When its meter last came back or started, as far as that was told; 0: it did not."""
        spans = self.spans()
        back_ms = spans[-1][1] if spans else 0
        return 0 if back_ms is None else max(back_ms, *self.restarts_ms, 0)

    def spans(self) -> list[tuple[int, int | None]]:
        """When it was dark, oldest first; what lies closer together than STEADY_MS is one darkness."""
        spans: list[tuple[int, int | None]] = []
        for began_ms, end_ms in sorted(self.silences.episodes().items()):
            last_end = spans[-1][1] if spans else None
            if spans and (last_end is None or began_ms - last_end < STEADY_MS):
                spans[-1] = (spans[-1][0], end_ms)
            else:
                spans.append((began_ms, end_ms))
        return spans

    def darknesses(self, meter: str) -> list[Darkness]:
        """Of a meter."""
        found = []
        for from_ms, to_ms in self.spans():
            is_proved = self.is_proved(from_ms, to_ms)
            is_faint = to_ms is not None and (to_ms - from_ms < BLINK_MS if is_proved else from_ms in self.late_ms)
            found.append(Darkness(self.home, meter, self.hub, from_ms, from_ms, to_ms, True, is_proved, is_faint))
        return found

    def darknesses_of_hub(self, meters: Iterable[tuple[str, str, "Signal"]]) -> list[Darkness]:
        """Of the (home, meter, its signal)s that a hub carries, for as long as the hub itself was silent."""
        carried, found = list(meters), []
        for from_ms, to_ms in self.spans():
            by_ms, is_line = self._found_after(from_ms), from_ms in self.lines_ms
            for home, meter, signal in carried:
                is_proved = signal.is_proved(by_ms, to_ms)
                found.append(Darkness(home, meter, self.hub, from_ms, by_ms, to_ms, False, is_proved, is_line))
        return found

    def is_proved(self, from_ms: int, to_ms: int | None) -> bool:
        """Did the meter measure that mains was lost then, or restart because of it?"""
        until_ms = FOREVER_MS if to_ms is None else to_ms
        has_restarted = any(
            at_ms + QUARTER_MS > from_ms and at_ms <= until_ms + STEADY_MS for at_ms in self.restarts_ms
        )
        return has_restarted or any(from_ms <= at_ms <= until_ms for at_ms in self.measured_ms)

    def _found_after(self, from_ms: int) -> int:
        return next((at_ms for at_ms in self.found_ms if at_ms >= from_ms), from_ms)


def _with(moments_ms: Moments, moment_ms: int) -> Moments:
    return tuple(sorted({*moments_ms, moment_ms})[-KEPT:])
