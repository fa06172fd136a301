"""What a person says of themselves: language, quiet hours, what they want to hear of and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..contract.documents import ALERT_KINDS
from . import fields as read

POWER_UNITS = ("kW", "W")
WRITTEN = ("name", "locale", "quiet", "mutes", "channels", "shows", "created")  # what the rules let a person write


@dataclass(frozen=True)
class Shows:
    """How figures are shown to a person."""

    power: str = "kW"  # of POWER_UNITS
    co2: bool = True

    def written(self) -> dict[str, Any]:
        return {"power": self.power, "co2": self.co2}


@dataclass(frozen=True)
class Profile:
    """`users/{uid}`; what is not said has the meaning that the cloud gives it."""

    locale: str | None = None  # None: never chosen
    quiet: tuple[int, int] | None = None  # minutes of the home's day; None: may be disturbed at any time
    mutes: Mapping[str, int | None] = field(default_factory=dict)  # kind → until when [ms]; None: for good
    is_pushed: bool = True
    mailed: frozenset[str] = frozenset()
    shows: Shows = Shows()
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def is_muted(self, kind: str, now_ms: int) -> bool:
        until_ms = self.mutes.get(kind, 0)
        return until_ms is None or until_ms > now_ms

    def with_(self, **changes: Any) -> dict[str, Any]:
        """The whole document with some fields changed, and nothing that the rules refuse."""
        return {name: each for name, each in {**self.document, **changes}.items() if name in WRITTEN}


def profile_from(found: read.Fields | None) -> Profile:
    """Reads `users/{uid}`, which need not exist."""
    if found is None:
        return Profile()
    quiet, channels = read.mapping(found, "quiet"), read.mapping(found, "channels")
    from_min, to_min = read.whole(quiet, "from_min"), read.whole(quiet, "to_min")
    return Profile(
        locale=read.text(found, "locale"),
        quiet=None if from_min is None or to_min is None else (from_min, to_min),
        mutes={kind: _until(each) for kind, each in read.mapping(found, "mutes").items() if kind in ALERT_KINDS},
        is_pushed=channels.get("push") is not False,
        mailed=frozenset(kind for kind in channels.get("mail") or () if kind in ALERT_KINDS),
        shows=_shows(read.mapping(found, "shows")),
        document=found,
    )


def _shows(found: read.Fields) -> Shows:
    power = found.get("power")
    return Shows(power if power in POWER_UNITS else POWER_UNITS[0], found.get("co2") is not False)


def _until(told: Any) -> int | None:
    return int(told) if isinstance(told, int | float) else None
