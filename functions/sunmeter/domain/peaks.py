"""The greatest mean power of a quarter, which is what tariffs on peaks and fuses go by. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from ..contract.documents import PEAKS
from ..contract.ledger import QUARTER_S, LocalDay, Registers

_MWH_PER_W = QUARTER_S * 1000 / 3_600  # 1 W over a quarter is 250 mWh
_AMOUNTS = {
    "house": lambda energy: energy.house_mwh,
    "import": lambda energy: energy.import_mwh,
    "export": lambda energy: energy.export_mwh,
    "pv": lambda energy: energy.pv_mwh,
}

Peak = dict[str, int]  # {"w", "start_s"}


def of_day(local: LocalDay, quarters: Sequence[Registers]) -> dict[str, Peak | None]:
    """By PEAKS the first of the greatest quarters [W]; None where there is none above zero."""
    return {name: _greatest(name, local, quarters) for name in PEAKS}


def _greatest(name: str, local: LocalDay, quarters: Sequence[Registers]) -> Peak | None:
    amounts = [_AMOUNTS[name](energy) for energy in quarters]
    most = max(amounts, default=0)
    if most <= 0:
        return None
    return {"w": round(most / _MWH_PER_W), "start_s": local.start_s + amounts.index(most) * QUARTER_S}


def greatest(days: Iterable[dict[str, Any]]) -> dict[str, Peak | None]:
    """The greatest of several days' peaks; the earliest where two are alike."""
    known = [day for day in days if day]
    return {name: _first_greatest([day[name] for day in known if day.get(name)]) for name in PEAKS}


def _first_greatest(peaks: list[Peak]) -> Peak | None:
    return min(peaks, key=lambda peak: (-peak["w"], peak["start_s"]), default=None)
