"""What a file seems to be, from its beginning. The user sees it before anything is stored, and may say otherwise. Pure.

Formats: this project's own export, UCI household power consumption, Open Power System Data, Home Assistant (energy
download, statistics, history), emoncms. What is none of them is read when the user says what its columns are.
"""

import csv
import itertools
import re
from collections import Counter
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ...contract import ledger
from .. import fields
from ..refusals import Refused
from . import cells
from .cells import CellError
from .spec import MAX_STEP_S, Series, Spec, asked_series

MAX_HEAD_CHARS = 1 << 20
LOOKED_AT = 400  # rows
OWN_SERIES = tuple(Series(0, f"{name}_mwh", name, "energy", "Wh") for name in ("import", "export", "pv", "standby"))
WORDS = (  # of sensors' and columns' names
    ("export", re.compile(r"export|return|to_grid|feed_?in|inject|einspeis|delivered_to|production_to")),
    ("pv", re.compile(r"\bpv\b|_pv|pv_|solar|photovolt|production|generation")),
    ("import", re.compile(r"import|consum|from_grid|bezug|grid|delivered|usage|active_power")),
)
WIDE_TYPES = {"grid_consumption": "import", "grid_return": "export", "solar_production": "pv"}
_TIME_NAMES = re.compile(r"(utc_)?(date_?time|timestamp|time|date|start|start_ts|start_utc|last_changed|unix.*)")


def detect(head: str, options: dict[str, Any], home_zone: str) -> Spec:
    """How to read a file that begins like this.

    options: "zone", "stamp", "columns" of the user. Refused: not_understood, which_columns, no_such_column,
    step_too_long, out_of_range, malformed.
    """
    if len(head) > MAX_HEAD_CHARS:
        raise Refused("too_large", "head")
    zone = ledger.zone_named(fields.text({"zone": home_zone, **options}, "zone", longest=64)).key
    stamp = fields.choice({"stamp": "start", **options}, "stamp", ("start", "end"))
    lines = [line.rstrip("\r") for line in head.removeprefix("\ufeff").split("\n")[: LOOKED_AT + 2]]
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith("{"):
        return Spec("sunmeter-json", ",", "UTC", ledger.QUARTER_S, (), OWN_SERIES, 0)
    delimiter = max(";\t,", key=first.count)
    rows = [row for line in lines if line.strip() and (row := split(line, delimiter))]
    if not rows or len(rows[0]) < 2:
        raise Refused("not_understood", "head")
    spec = _recognised(rows, delimiter, zone, stamp, options.get("columns"))
    if spec.is_wide:
        step_s = _step([cells.moment(cell).ts_s or 0 for cell in rows[0][3:]])
    else:
        step_s = _step(_moments(rows[spec.header_lines :], spec))
    if step_s > MAX_STEP_S:
        raise Refused("step_too_long", "head")
    return Spec(**{**spec.__dict__, "step_s": step_s})


def split(line: str, delimiter: str) -> list[str]:
    """The cells of a line; empty when it cannot be split."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _recognised(rows: list[list[str]], delimiter: str, zone: str, stamp: str, columns: Any) -> Spec:
    names = [cell.strip().lower() for cell in rows[0]]
    has_header = not _is_moment(names[0])
    if names[:3] == ["entity_id", "type", "unit"]:
        return _wide(rows, delimiter, zone)
    if not has_header:
        told = asked_series(columns, [str(index) for index in range(len(names))])
        return Spec("emoncms", delimiter, zone, 0, (0,), told or _by_values(rows), 0, stamp=stamp)
    known = {"statistic_id", "entity_id"} & set(names)
    if known:
        return _long(rows, names, names.index(known.pop()), delimiter, zone, columns)
    if names[:2] == ["date", "time"]:
        times: tuple[int, ...] = (0, 1)
    else:
        times = tuple(index for index, name in enumerate(names) if _TIME_NAMES.fullmatch(name))[:1]
    if not times:
        raise Refused("not_understood", "head")
    name = _format_of(names)
    zone = "UTC" if names[times[0]].startswith("utc") or names[times[0]].endswith("utc") else zone
    series = asked_series(columns, names) or _by_names(names, times) or _which()
    return Spec(name, delimiter, zone, 0, times, series, stamp=stamp)


def _format_of(names: list[str]) -> str:
    if "start_utc" in names and "import_wh" in names:
        return "sunmeter-csv"
    if "global_active_power" in names or {"datetime", "p_kw"} <= set(names) or {"datetime", "energy_kwh"} <= set(names):
        return "uci"
    return "opsd" if "utc_timestamp" in names else "csv"


def _by_names(names: list[str], times: tuple[int, ...]) -> tuple[Series, ...]:
    """Series of columns whose name says what they hold: one for each quantity, of one household."""
    exact = {
        "import_wh": ("import", "energy", "Wh"),
        "export_wh": ("export", "energy", "Wh"),
        "pv_wh": ("pv", "energy", "Wh"),
        "standby_wh": ("standby", "energy", "Wh"),
        "global_active_power": ("import", "power", "kW"),
        "p_kw": ("import", "power", "kW"),
        "energy_kwh": ("import", "energy", "kWh"),
        "grid_import_kwh": ("import", "energy", "kWh"),
        "grid_export_kwh": ("export", "energy", "kWh"),
        "pv_kwh": ("pv", "energy", "kWh"),
    }
    found = [Series(at, name, *exact[name]) for at, name in enumerate(names) if name in exact and at not in times]
    if found:
        return tuple(found)
    homes = [name.removesuffix("_grid_import") for name in names if name.endswith("_grid_import")]
    if not homes:
        return ()
    wanted = {f"{homes[0]}_{tail}": quantity for tail, quantity in OPSD_TAILS.items()}
    return tuple(Series(at, name, wanted[name], "counter", "kWh") for at, name in enumerate(names) if name in wanted)


OPSD_TAILS = {"grid_import": "import", "grid_export": "export", "pv": "pv"}


def _long(rows: list[list[str]], names: list[str], id_column: int, delimiter: str, zone: str, columns: Any) -> Spec:
    """Home Assistant's statistics and history: a row for each sensor and hour."""
    time_column = next((names.index(name) for name in ("start", "start_ts", "last_changed") if name in names), None)
    value_column = next((names.index(name) for name in ("sum", "state") if name in names), None)
    if time_column is None or value_column is None:
        raise Refused("not_understood", "head")
    unit_column = names.index("unit") if "unit" in names else None
    sensors = {row[id_column].strip(): row for row in rows[1:] if len(row) > max(id_column, value_column)}
    series = asked_series(columns, sorted(sensors))
    if series is None:
        guessed = [(sensor, _quantity(sensor), row) for sensor, row in sorted(sensors.items())]
        series = tuple(
            Series(value_column, sensor, quantity, "counter", _unit(row, unit_column))
            for sensor, quantity, row in guessed
            if quantity
        )[:8]
    placed = tuple(Series(value_column, each.name, each.quantity, each.kind, each.unit) for each in series)
    return Spec("homeassistant", delimiter, zone, 0, (time_column,), placed or _which(), id_column=id_column)


def _wide(rows: list[list[str]], delimiter: str, zone: str) -> Spec:
    """Home Assistant's energy dashboard, *Download data*: a row for each source, a column for each hour."""
    if len(rows[0]) < 4 or not all(_is_moment(cell) for cell in rows[0][3:]):
        raise Refused("not_understood", "head")
    known = [row for row in rows[1:] if len(row) > 3 and row[1] in WIDE_TYPES]
    series = tuple(Series(0, row[0], WIDE_TYPES[row[1]], "energy", _unit(row, 2)) for row in known)[:8]
    return Spec("homeassistant", delimiter, zone, 0, (), series or _which(), is_wide=True, id_column=0)


def _by_values(rows: list[list[str]]) -> tuple[Series, ...]:
    """Columns of emoncms without names: what only rises is a counter in kWh, what goes up and down is watts."""
    if len(rows[0]) != 2:
        _which()
    values: list[Decimal] = []
    for row in rows:
        try:
            value = cells.number(row[1], decimal_comma=False) if len(row) > 1 else None
        except CellError:
            continue
        if value is not None:
            values.append(value)
    rises = len(values) > 1 and values == sorted(values) and values[-1] > values[0]
    return (Series(1, "1", "import", "counter", "kWh") if rises else Series(1, "1", "grid", "power", "W"),)


def _which() -> tuple[Series, ...]:
    raise Refused("which_columns", "columns")


def _quantity(name: str) -> str | None:
    return next((quantity for quantity, word in WORDS if word.search(name.lower())), None)


def _unit(row: list[str], column: int | None) -> str:
    told = row[column].strip() if column is not None and column < len(row) else ""
    return told if told in ("Wh", "kWh", "MWh") else "kWh"


def _is_moment(cell: str) -> bool:
    try:
        cells.moment(cell)
    except CellError:
        return False
    return True


def _moments(rows: list[list[str]], spec: Spec) -> list[int]:
    """The times of the first rows; of one sensor where each has its own."""
    zone = ZoneInfo(spec.zone)
    found: list[int] = []
    for row in rows:
        if spec.id_column is not None and (len(row) <= spec.id_column or row[spec.id_column] != spec.series[0].name):
            continue
        try:
            told = cells.moment(" ".join(row[column] for column in spec.times))
            found.append(cells.in_zone(told, zone, found[-1] if found else None))
        except (CellError, IndexError, OverflowError, ValueError, OSError):
            continue
    return found


def _step(moments: list[int]) -> int:
    """The distance at which rows usually follow each other [s]. Refused: not_understood, when no two do."""
    steps = Counter(b - a for a, b in itertools.pairwise(moments) if b > a)
    if not steps:
        raise Refused("not_understood", "head")
    return steps.most_common(1)[0][0]
