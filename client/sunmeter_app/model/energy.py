"""Energy over a span, and the two shares people ask about."""

from collections.abc import Iterable
from dataclasses import dataclass

from . import fields as read


@dataclass(frozen=True)
class Energy:
    """Totals of a quarter, a day or a month [Wh]."""

    import_wh: float
    export_wh: float
    pv_wh: float
    house_wh: float

    @property
    def self_used_wh(self) -> float:
        """PV energy that stayed in the house."""
        return max(0.0, self.pv_wh - self.export_wh)

    @property
    def self_sufficiency(self) -> float | None:
        """The part of the house's use that did not come from the grid, 0 to 1; None when it used nothing."""
        if self.house_wh <= 0:
            return None
        return min(1.0, max(0.0, 1 - self.import_wh / self.house_wh))

    @property
    def self_use(self) -> float | None:
        """The part of the PV energy that stayed in the house, 0 to 1; None when there was none."""
        if self.pv_wh <= 0:
            return None
        return min(1.0, self.self_used_wh / self.pv_wh)


def total(parts: Iterable[Energy]) -> Energy:
    parts = list(parts)
    return Energy(
        import_wh=sum(part.import_wh for part in parts),
        export_wh=sum(part.export_wh for part in parts),
        pv_wh=sum(part.pv_wh for part in parts),
        house_wh=sum(part.house_wh for part in parts),
    )


def energy_from(found: read.Fields) -> Energy | None:
    """Reads a map of totals [Wh]; None where import or house is missing."""
    import_wh, house_wh = read.number(found, "import_wh"), read.number(found, "house_wh")
    if import_wh is None or house_wh is None:
        return None
    return Energy(
        import_wh=import_wh,
        export_wh=read.number(found, "export_wh") or 0.0,
        pv_wh=read.number(found, "pv_wh") or 0.0,
        house_wh=house_wh,
    )
