"""What was understood of a file: its columns, their units, its times. Shown in the preview, kept in the job. Pure."""

from dataclasses import asdict, dataclass
from typing import Any

from ...contract.ledger import QUARTER_S
from .. import fields
from ..refusals import Refused

QUANTITIES = ("import", "export", "pv", "standby", "grid")  # grid: import where positive, export where negative
KINDS = ("power", "energy", "counter")
UNITS = {"W": 1, "kW": 1000, "Wh": 1, "kWh": 1000, "MWh": 1_000_000}
MAX_SERIES = 8
MAX_STEP_S = 3600  # what is spread over longer would be invented


@dataclass(frozen=True)
class Series:
    """One column, or one sensor of a file that has a row for each."""

    column: int
    name: str  # of the column, or the sensor's id
    quantity: str
    kind: str  # power: mean over the step; energy: of the step; counter: a register that rises
    unit: str


@dataclass(frozen=True)
class Spec:
    """How a file is read."""

    format: str
    delimiter: str
    zone: str  # of times that name none
    step_s: int
    times: tuple[int, ...]  # columns that make a time, joined by a blank
    series: tuple[Series, ...]
    header_lines: int = 1
    id_column: int | None = None  # of files with a row for each sensor; None: every series has its own column
    is_wide: bool = False  # a row for each sensor and a column for each hour
    stamp: str = "start"  # what a row's time is of its step

    @property
    def decimal_comma(self) -> bool:
        return self.delimiter != ","

    @property
    def lead_s(self) -> int:
        """How long before its time a row's step begins."""
        return self.step_s if self.stamp == "end" else 0

    @property
    def bridge_s(self) -> int:
        """Over at most this long a counter's rise is spread."""
        return max(self.step_s * 3 // 2, MAX_STEP_S, QUARTER_S)


def written(spec: Spec) -> dict[str, Any]:
    return {**asdict(spec), "times": list(spec.times), "series": [asdict(each) for each in spec.series]}


def read(stored: dict[str, Any]) -> Spec:
    series = tuple(Series(**each) for each in stored["series"])
    return Spec(**{**stored, "times": tuple(stored["times"]), "series": series})


def asked_series(asked: Any, names: list[str]) -> tuple[Series, ...] | None:
    """What the user says that columns are: {name or number: {"quantity", "kind", "unit"}}; None: nothing is said.

    Refusals: malformed, out_of_range, too_many, no_such_column.
    """
    if asked is None:
        return None
    told = fields.mapping(asked, "columns")
    if not 1 <= len(told) <= MAX_SERIES:
        raise Refused("too_many", "columns")
    return tuple(_series(name, fields.mapping(each, "columns"), names) for name, each in told.items())


def _series(name: str, told: dict[str, Any], names: list[str]) -> Series:
    column = names.index(name) if name in names else int(name) if name.isdecimal() and len(name) < 4 else -1
    if not 0 <= column < max(1, len(names)):
        raise Refused("no_such_column", f"columns.{name[:40]}")
    kind = fields.choice(told, "kind", KINDS)
    units = tuple(unit for unit in UNITS if unit.endswith("h") != (kind == "power"))
    quantity, unit = fields.choice(told, "quantity", QUANTITIES), fields.choice(told, "unit", units)
    return Series(column, names[column] if names else name, quantity, kind, unit)
