"""Reads a file piece by piece into the energy of quarters, and tells of each cell that it could not take. Pure.

What is known between two pieces is a small map of plain values, so that it can lie in a document. Sums are exact:
integer mWh, and what a row holds is shared among quarters so that the shares add up to it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ...contract.ledger import MAX_QUARTER_MWH, QUARTER_S
from . import cells
from .cells import CellError
from .detect import split
from .spec import UNITS, Series, Spec

MAX_ERRORS = 50  # that are kept in full; the others are counted
MAX_GAPS = 20
MAX_LINE_CHARS = 1 << 20
SHOWN_CHARS = 40
REGISTERS = ("import", "export", "pv", "standby")
Cells = dict[int, "Cell"]  # by the quarter's start [s]


@dataclass
class Cell:
    """What a file says of one quarter."""

    energy_mwh: dict[str, int] = field(default_factory=dict)  # by register
    covered_s: dict[int, int] = field(default_factory=dict)  # by the number of the series


@dataclass
class Reader:
    """Reads the pieces of one file in turn."""

    spec: Spec
    now_s: int
    state: dict[str, Any] = field(default_factory=dict)
    quarters: Cells = field(default_factory=dict)
    header: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        fresh: dict[str, Any] = {"line": 0, "rows": 0, "doubles": 0, "missing": 0, "resets": 0, "errors_n": 0}
        self.state = {**fresh, "errors": [], "gaps_n": 0, "gap_s": 0, "gaps": [], "last": {}, **self.state}
        self._zone = ZoneInfo(self.spec.zone)
        self._by_id = {series.name: number for number, series in enumerate(self.spec.series)}

    def read(self, text: str) -> Cells:
        """Takes in whole lines; the quarters that they hold something of."""
        if not text:
            return self.quarters
        for line in text.removeprefix("\ufeff").split("\n"):
            self.state["line"] += 1
            if line.strip():
                self._line(line.rstrip("\r"))
        if text.endswith("\n"):
            self.state["line"] -= 1  # what follows the last line end is the beginning of the next piece
        return self.quarters

    def _line(self, line: str) -> None:
        if len(line) > MAX_LINE_CHARS:
            self._fault("", line, "line_too_long")
        elif self.spec.format == "sunmeter-json":
            self._own_line(line)
        elif self.state["line"] <= self.spec.header_lines:
            self.header = split(line, self.spec.delimiter)
        elif self.spec.is_wide:
            self._wide_row(split(line, self.spec.delimiter))
        else:
            self._row(split(line, self.spec.delimiter))

    def _row(self, row: list[str]) -> None:
        self.state["rows"] += 1
        try:
            told = cells.moment(" ".join(row[column] for column in self.spec.times))
        except IndexError:
            self._fault("time", "", "too_few_columns")
            return
        except CellError as error:
            self._fault("time", " ".join(row[column] for column in self.spec.times), error.code)
            return
        for number, series in self._series_of(row):
            if series.column >= len(row):
                self._fault(series.name, "", "too_few_columns")
            else:
                self._cell(number, series, told, row[series.column])

    def _series_of(self, row: list[str]) -> Iterator[tuple[int, Series]]:
        if self.spec.id_column is None:
            yield from enumerate(self.spec.series)
        elif (
            self.spec.id_column < len(row) and (number := self._by_id.get(row[self.spec.id_column].strip())) is not None
        ):
            yield number, self.spec.series[number]

    def _wide_row(self, row: list[str]) -> None:
        number = self._by_id.get(row[0]) if row else None
        if number is None:
            return
        self.state["rows"] += 1
        if not self.header:
            self._fault("", "", "header_in_another_piece")
            return
        for time_cell, cell in zip(self.header[3:], row[3:], strict=False):
            try:
                told = cells.moment(time_cell)
            except CellError as error:
                self._fault("time", time_cell, error.code)
                return
            self._cell(number, self.spec.series[number], told, cell)

    def _own_line(self, line: str) -> None:
        """A day of this project's own export, which has a line to itself."""
        text = line.strip().rstrip(",")
        if not text.startswith('{"day":'):
            return
        self.state["rows"] += 1
        try:
            day = json.loads(text)
            start_s = day["start_s"]
            columns = [day["columns"][f"{name}_mwh"] for name in REGISTERS]
            quarters = list(zip(*columns, strict=True))
        except (ValueError, KeyError, TypeError, RecursionError):
            self._fault("day", text, "malformed_day")
            return
        if not _is_whole(start_s) or start_s % QUARTER_S or len(quarters) > 104:
            self._fault("start_s", str(start_s), "malformed_time")
            return
        for index, row in enumerate(quarters):
            for number, mwh in enumerate(row):
                if mwh is not None:
                    self._own_cell(number, start_s + index * QUARTER_S, mwh)

    def _own_cell(self, number: int, start_s: int, mwh: Any) -> None:
        series = self.spec.series[number]
        if not _is_whole(mwh):
            self._fault(series.name, str(mwh), "malformed_number")
        elif self._follows(number, series, start_s, str(mwh)):
            self._take(number, series, start_s, start_s + QUARTER_S, mwh)

    def _cell(self, number: int, series: Series, told: cells.Moment, cell: str) -> None:
        last = self.state["last"].get(str(number))
        try:
            ts_s = cells.in_zone(told, self._zone, last["at_s"] if last else None) - self.spec.lead_s
            value = cells.number(cell, self.spec.decimal_comma)
        except CellError as error:
            self._fault(series.name, cell, error.code)
            return
        except (OverflowError, ValueError, OSError):
            self._fault("time", cell, "malformed_time")
            return
        if value is None:
            self.state["missing"] += 1
        elif self._follows(number, series, ts_s, str(value)):
            if series.kind == "counter":
                self._rise(number, series, last, ts_s, value)
            else:
                self._take(number, series, ts_s, ts_s + self.spec.step_s, self._whole_mwh(number, series, value))

    def _follows(self, number: int, series: Series, ts_s: int, value: str) -> bool:
        """Does a row come after the one before it? Notes it if so; counts doubles and gaps, tells of what is wrong."""
        if not cells.FIRST_S <= ts_s <= self.now_s:
            self._fault("time", str(ts_s), "out_of_range")
            return False
        last = self.state["last"].get(str(number))
        step_s = 0 if series.kind == "counter" else self.spec.step_s
        if last and ts_s == last["at_s"] - self.spec.lead_s:
            self.state["doubles"] += 1
            if value != last["value"]:
                self._fault(series.name, value, "conflict")
            return False
        if last and ts_s < last["at_s"] - self.spec.lead_s + step_s:
            self._fault("time", str(ts_s), "out_of_order")
            return False
        if last:
            self._note_gap(last["at_s"] - self.spec.lead_s + step_s, ts_s, step_s or self.spec.bridge_s)
        rest = last["rest"] if last else "0"
        self.state["last"][str(number)] = {"at_s": ts_s + self.spec.lead_s, "value": value, "rest": rest}
        return True

    def _whole_mwh(self, number: int, series: Series, value: Decimal) -> int:
        """What a row holds, in whole mWh: what rounding leaves over goes to the next row, so that rows add up."""
        last = self.state["last"][str(number)]
        hours = Decimal(self.spec.step_s) / 3600 if series.kind == "power" else Decimal(1)
        exact = value * hours * UNITS[series.unit] * 1000
        whole = int((exact + Decimal(last["rest"])).to_integral_value())
        rest = exact + Decimal(last["rest"]) - whole
        last["rest"] = str(rest) if abs(rest) < 1 else "0"
        return whole

    def _note_gap(self, from_s: int, to_s: int, least_s: int) -> None:
        if to_s - from_s < least_s or to_s <= from_s:
            return
        self.state["gaps_n"] += 1
        self.state["gap_s"] += to_s - from_s
        if len(self.state["gaps"]) < MAX_GAPS:
            self.state["gaps"].append({"from_s": from_s, "to_s": to_s})

    def _rise(self, number: int, series: Series, last: dict[str, Any] | None, ts_s: int, value: Decimal) -> None:
        """What a counter counted since the row before, unless it was set back or the rows lie too far apart."""
        if last is None:
            return
        from_s, rise = last["at_s"] - self.spec.lead_s, _mwh(value, series) - _mwh(Decimal(last["value"]), series)
        if rise < 0:
            self.state["resets"] += 1
        elif ts_s - from_s <= self.spec.bridge_s:
            self._take(number, series, from_s, ts_s, rise)

    def _take(self, number: int, series: Series, from_s: int, to_s: int, energy_mwh: int) -> None:
        """Shares the energy of a time among its quarters."""
        register, signed = _register(series.quantity, energy_mwh)
        if signed < 0 or signed > MAX_QUARTER_MWH * max(to_s - from_s, QUARTER_S) // QUARTER_S:
            self._fault(series.name, str(energy_mwh), "out_of_range")
            return
        start_s = from_s - from_s % QUARTER_S
        while start_s < to_s:
            begins, ends = max(start_s, from_s), min(start_s + QUARTER_S, to_s)
            cell = self.quarters.setdefault(start_s, Cell())
            share = _until(signed, ends - from_s, to_s - from_s) - _until(signed, begins - from_s, to_s - from_s)
            cell.energy_mwh[register] = cell.energy_mwh.get(register, 0) + share
            cell.covered_s[number] = cell.covered_s.get(number, 0) + ends - begins
            start_s += QUARTER_S

    def _fault(self, column: str, value: str, code: str) -> None:
        self.state["errors_n"] += 1
        if len(self.state["errors"]) < MAX_ERRORS:
            shown = "".join(each for each in value[:SHOWN_CHARS] if each.isprintable())
            told = {"line": self.state["line"], "column": column[:SHOWN_CHARS], "value": shown, "code": code}
            self.state["errors"].append(told)


def _register(quantity: str, energy_mwh: int) -> tuple[str, int]:
    """(register, what it counts): the grid's sign chooses between import and export, a negative PV is its standby."""
    if energy_mwh < 0 and quantity in ("grid", "pv"):
        return ("export" if quantity == "grid" else "standby"), -energy_mwh
    return ("import" if quantity == "grid" else quantity), energy_mwh


def _mwh(value: Decimal, series: Series) -> int:
    return int((value * UNITS[series.unit] * 1000).to_integral_value())


def _until(energy_mwh: int, part_s: int, whole_s: int) -> int:
    return energy_mwh * part_s // whole_s


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53
