"""When a meter was silent, from what its hub told in any order and number. Pure.

A hub tells "silent since S", S being when it last heard the meter, and "back, heard at B". The two do not name each
other: a silence ends with the first return after it, or at the latest where the next one begins, since a meter silent
since S was heard at S. What is kept is bounded: the newest KEPT of each.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

KEPT = 12


@dataclass(frozen=True)
class Silences:
    """What was told of one meter: moments [ms], ascending."""

    began_ms: tuple[int, ...] = ()
    back_ms: tuple[int, ...] = ()

    @staticmethod
    def of(meter: dict[str, Any], home: str) -> "Silences":
        """From the meter's document; what another home saw of it is not this one's matter."""
        kept = meter.get("silences") or {}
        if kept.get("home") != home:
            return Silences()
        return Silences(tuple(kept["began_ms"]), tuple(kept["back_ms"]))

    def document(self, home: str) -> dict[str, Any]:
        return {"home": home, "began_ms": list(self.began_ms), "back_ms": list(self.back_ms)}

    @property
    def is_silent(self) -> bool:
        return bool(self.began_ms) and self.began_ms[-1] >= max(self.back_ms, default=-1)

    def told(self, state: str, since_ms: int) -> "Silences":
        """With one more word: `silent` or `back`."""
        if state == "silent":
            return Silences(_with(self.began_ms, since_ms), self.back_ms)
        return Silences(self.began_ms, _with(self.back_ms, since_ms))

    def episodes(self) -> dict[int, int | None]:
        """Start → end of every silence whose end is remembered if it has one; None: it lasts."""
        later = sorted({*self.back_ms, *self.began_ms})
        oldest = self.back_ms[0] if len(self.back_ms) == KEPT else -1
        return {
            began: next((moment for moment in later if moment > began), None)
            for began in self.began_ms
            if began >= oldest
        }


def changed(before: Silences, after: Silences) -> dict[int, int | None]:
    """The silences that are new in `after`, or end otherwise than they did."""
    known = before.episodes()
    return {began: end for began, end in after.episodes().items() if known.get(began, -1) != end}


def _with(moments_ms: Iterable[int], moment_ms: int) -> tuple[int, ...]:
    return tuple(sorted({*moments_ms, moment_ms})[-KEPT:])
