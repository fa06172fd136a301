"""What History shows as lines of CSV, headed as the home's yearly copy is. Pure."""

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from ..contract import ledger
from .day import Day, Quarter
from .record import Bar, Known, Stretch

_OF_QUARTERS = "start_utc,start_local,import_wh,export_wh,pv_wh,house_wh,u_w,quality,cause"
_OF_PARTS = (
    "from,to,import_wh,export_wh,pv_wh,house_wh,u_wh,measured_permille,cost,saved,co2_g,co2_saved_g,days,priced_days"
)


def day_sheet(day: Day, zone: ZoneInfo) -> str:
    """Every quarter of a day; what is not known is empty."""
    return _lines(_OF_QUARTERS, (_quarter(each, zone) for each in day.quarters))


def _quarter(quarter: Quarter, zone: ZoneInfo) -> list[object]:
    moment, told = dt.datetime.fromtimestamp(quarter.start_s, dt.UTC), quarter.registers
    energies = (told.import_mwh, told.export_mwh, told.pv_mwh, told.house_mwh) if told else (None,) * 4
    return [
        f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        f"{moment.astimezone(zone):%Y-%m-%dT%H:%M:%S%z}",
        *(None if mwh is None else f"{mwh / 1000:.3f}" for mwh in energies),
        quarter.u_w,
        ledger.QUALITIES[quarter.quality],
        quarter.cause,
    ]


def stretch_sheet(stretch: Stretch) -> str:
    """Every day or month of a longer period; money in the home's currency."""
    return _lines(_OF_PARTS, (_part(bar) for bar in stretch.bars))


def _part(bar: Bar) -> list[object]:
    span: list[object] = [bar.period.first.isoformat(), bar.period.last.isoformat()]
    return [*span, *(_known(bar.known) if bar.known else ())]


def _known(known: Known) -> Iterable[object]:
    energy, costs = known.energy, known.costs
    for wh in (energy.import_wh, energy.export_wh, energy.pv_wh, energy.house_wh, known.u_wh):
        yield None if wh is None else f"{wh:.3f}"
    yield known.measured_permille
    for micro in (costs.cost_micro, costs.saved_micro) if costs else (None, None):
        yield None if micro is None else f"{micro / 1_000_000:.6f}"
    yield from (costs.co2_g, costs.co2_saved_g) if costs else (None, None)
    yield from (known.days, known.priced_days)


def _lines(head: str, rows: Iterable[list[object]]) -> str:
    width = head.count(",") + 1
    texts = (["" if cell is None else str(cell) for cell in row] for row in rows)
    return "\n".join([head, *(",".join([*cells, *[""] * (width - len(cells))]) for cells in texts), ""])
