"""How the panels are: whether energy is lost for a cause that can be mended, and what it has cost."""

from dataclasses import dataclass

from . import fields as read

CAUSES = ("trip", "shading", "soiling")


@dataclass(frozen=True)
class Panels:
    """As of last night. Without a cause all else is empty."""

    cause: str  # one of CAUSES; "": none is known
    since: str  # a day of the home's calendar
    lost_wh: int
    lo_wh: int  # 80 %
    hi_wh: int
    days: int  # behind it
    lost_micro: int | None  # None: no tariff


def panels_from(found: read.Fields | None) -> Panels | None:
    """Reads `insight/forecast.panels`; None for a home without PV."""
    panels = read.mapping(found or {}, "panels")
    cause, since = read.text(panels, "cause"), read.text(panels, "since")
    if cause is None:
        return None
    amounts = [read.whole(panels, name) for name in ("lost_wh", "lo_wh", "hi_wh", "days")]
    if cause not in CAUSES or since is None or None in amounts:
        return Panels("", "", 0, 0, 0, 0, None)
    lost_wh, lo_wh, hi_wh, days = (each or 0 for each in amounts)
    return Panels(cause, since, lost_wh, lo_wh, hi_wh, days, read.whole(panels, "lost_micro"))
