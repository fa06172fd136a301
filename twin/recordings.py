"""Real recordings of homes: read strictly, recognised by their header, played as the minutes of a house.

Known are the UCI household by the minute (the public file with `;` and the plain CSV), CityLearn's homes with PV by the
hour, and Open Power System Data's residential homes by the hour in UTC. A file that breaks its own format is refused
with the line, the column and the reason; a value that is missing is a gap, not an error.
"""

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .local_time import DAY_MINUTES, day_number
from .units import Floats

HOUR_MINUTES = 60
_TWO_DIGITS = re.compile("[0-9]{2}")
_YEARS = range(1970, 2200)  # a date outside them is a slip of the pen
_MOST_DAYS = 3660  # between a recording's first row and its last: steps without a row take room too
_GAPS = ("", "?", "nan", "NaN")
_ENCODING = "utf-8-sig"  # spreadsheets put a mark before the first character
_FIRST_MINUTE, _END_MINUTE = (day_number(date(year, 1, 1)) * DAY_MINUTES for year in (_YEARS.start, _YEARS.stop))


class BadRecording(ValueError):
    """A file that cannot be read as a recording; its text names file, line, column and reason."""

    def __init__(self, path: Path, line: int, column: str, reason: str) -> None:
        where = f"{path}" + (f", line {line}" if line else "") + (f", column {column!r}" if column else "")
        super().__init__(f"{where}: {reason}")
        self.line, self.column, self.reason = line, column, reason


@dataclass(frozen=True)
class Recording:
    """What a file says of one home. All arrays have one length; NaN where nothing was recorded.

    Times are minutes of a wall clock, counted from 1970-01-01 00:00; of UTC where utc is true.
    """

    name: str
    step_min: int
    start_min: int
    utc: bool
    house_w: Floats
    pv_w: Floats | None = None  # None: a home without PV
    q_var: Floats | None = None
    v_v: Floats | None = None
    import_w: Floats | None = None  # measured apart from house and PV
    homes: tuple[str, ...] = ()  # that the file holds

    @property
    def steps_a_day(self) -> int:
        return DAY_MINUTES // self.step_min

    @property
    def first_day(self) -> int:
        """The first calendar day [days since 1970-01-01] that begins within the recording."""
        return -(-self.start_min // DAY_MINUTES)

    @property
    def days(self) -> int:
        """Whole calendar days from the first; 0 when the recording is shorter than that."""
        return max(0, (self.start_min + len(self.house_w) * self.step_min) // DAY_MINUTES - self.first_day)

    def by_day(self, column: Floats) -> Floats:
        """A column as (days, steps a day)."""
        offset = (self.first_day * DAY_MINUTES - self.start_min) // self.step_min
        return column[offset : offset + self.days * self.steps_a_day].reshape(self.days, self.steps_a_day)

    def gaps(self) -> int:
        """Steps in which something is missing."""
        return int((~self.whole()).sum())

    def whole(self) -> NDArray[np.bool_]:
        """Which steps have all of house and PV."""
        present = ~np.isnan(self.house_w)
        return np.asarray(present if self.pv_w is None else present & ~np.isnan(self.pv_w))

    def complete_days(self) -> list[int]:
        """Positions, from the first day, of the days without a gap."""
        return np.flatnonzero(self.by_day(self.whole().astype(float)).all(axis=1)).tolist()

    def typical_day(self) -> int:
        """The position of the complete day whose energies are nearest to the median ones; BadRecording if none is."""
        complete = self.complete_days()
        if not complete:
            raise BadRecording(Path(self.name), 0, "", "there is no day without a gap")
        energies = [self.by_day(c)[complete].sum(axis=1) for c in (self.house_w, self.pv_w) if c is not None]
        distance = sum(np.abs(e - np.median(e)) / max(float(np.median(np.abs(e))), 1.0) for e in energies)
        return complete[int(np.argmin(distance))]

    def position_of(self, day: date) -> int:
        """The position of a calendar day; BadRecording when it is not within the recording."""
        if not self.days:
            raise BadRecording(Path(self.name), 0, "", "it is shorter than a day")
        position = day_number(day) - self.first_day
        if not 0 <= position < self.days:
            last = day_date(self, self.days - 1)
            raise BadRecording(Path(self.name), 0, "", f"{day} is not within {day_date(self, 0)} to {last}")
        return position


def day_date(recording: Recording, position: int) -> date:
    return date(1970, 1, 1) + timedelta(days=recording.first_day + position)


# --- reading ---


def read_recording(spec: str) -> Recording:
    """Read `FILE` or `FILE#HOME`. Raises BadRecording for a malformed file, OSError for an unreadable one."""
    name, _, home = spec.partition("#")
    path = Path(name)
    lines = _lines(path)
    try:
        header = next(lines)
    except StopIteration:
        raise BadRecording(path, 1, "", "the file is empty") from None
    for recognises, read in _FORMATS:
        if recognises(header):
            return read(_Table(path, header, lines), home)
    known = "UCI minutes or hours, CityLearn and OPSD hours"
    raise BadRecording(path, 1, "", f"the header is that of no known recording ({known}): {header[:120]!r}")


def _lines(path: Path) -> Iterator[str]:
    """Lines of a text file, packed or not; a broken archive or text is told with its line."""
    at = 0
    try:
        with _opened(path) as text:
            for line in text:
                at += 1
                yield line.rstrip("\r\n")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadRecording(path, at + 1, "", f"the archive is broken: {error}") from error
    except UnicodeDecodeError as error:
        raise BadRecording(path, at + 1, "", "the text is not UTF-8") from error


def _opened(path: Path) -> io.TextIOBase:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding=_ENCODING, newline="")
    return path.open(encoding=_ENCODING, newline="")


class _Table:
    """Rows of a delimited file with named columns, checked field by field."""

    def __init__(self, path: Path, header: str, lines: Iterator[str]) -> None:
        self.path = path
        self.line = 1
        self._lines = lines
        self.delimiter = ";" if ";" in header else ","
        try:
            self.columns = next(csv.reader([header], delimiter=self.delimiter))
        except csv.Error as error:
            raise self.bad("", f"the header cannot be read: {error}") from error

    def rows(self) -> Iterator[list[str]]:
        reader = csv.reader(self._lines, delimiter=self.delimiter)
        while True:
            try:
                row = next(reader, None)
            except csv.Error as error:
                self.line = 1 + reader.line_num
                raise self.bad("", f"the line cannot be read: {error}") from error
            self.line = 1 + reader.line_num  # a field in quotes may have gone over several
            if row is None:
                return
            if not row:
                continue
            if len(row) != len(self.columns):
                raise self.bad("", f"{len(row)} fields where the header has {len(self.columns)}")
            yield row

    def place(self, column: str) -> int:
        if column not in self.columns:
            raise BadRecording(self.path, 1, column, "the column is missing")
        return self.columns.index(column)

    def bad(self, column: str, reason: str) -> BadRecording:
        return BadRecording(self.path, self.line, column, reason)

    def number(self, row: Sequence[str], place: int, least: float, most: float) -> float:
        """A number within its limits, or NaN for a gap."""
        text = row[place]
        if text in _GAPS:
            return math.nan
        try:
            number = float(text)
        except ValueError:
            raise self.bad(self.columns[place], f"{text!r} is not a number") from None
        if "_" in text or not text.isascii():  # numbers to Python, but to nobody who writes recordings
            raise self.bad(self.columns[place], f"{text!r} is not a number")
        if not least <= number <= most:
            raise self.bad(self.columns[place], f"{text} is outside {least:g} to {most:g}")
        return number

    def minute(self, text: str, column: str) -> int:
        """Wall minute of an ISO time such as 2006-12-16 17:24:00."""
        try:
            at = datetime.fromisoformat(text)
            if at.tzinfo is not None:
                at = at.astimezone(UTC)
        except (ValueError, OverflowError):  # in UTC it may lie outside the calendar
            raise self.bad(column, f"{text!r} is not a time like 2006-12-16 17:24:00") from None
        if at.second or at.microsecond:
            raise self.bad(column, f"{text!r} is not on a minute")
        return day_number(at.date()) * DAY_MINUTES + at.hour * 60 + at.minute


class _Series:
    """Rows placed by their time into even steps; steps that no row fills stay gaps."""

    def __init__(self, table: _Table, time_column: str, step_min: int, width: int) -> None:
        self._table, self._column, self._step, self._width = table, time_column, step_min, width
        self._times: list[int] = []
        self._rows: list[tuple[float, ...]] = []

    def add(self, minute: int, numbers: tuple[float, ...]) -> None:
        if not _FIRST_MINUTE <= minute < _END_MINUTE:
            raise self._table.bad(self._column, f"the year is outside {_YEARS.start} to {_YEARS.stop - 1}")
        if minute % self._step:
            raise self._table.bad(self._column, "the time is not on an hour")
        if self._times and minute <= self._times[-1]:
            raise self._table.bad(self._column, "the time does not come after that of the line before")
        if self._times and minute - self._times[0] > _MOST_DAYS * DAY_MINUTES:
            raise self._table.bad(self._column, f"the time is more than {_MOST_DAYS} days after the first")
        self._times.append(minute)
        self._rows.append(numbers)

    def filled(self) -> tuple[int, Floats]:
        """The first wall minute, and an array (width, steps)."""
        if not self._times:
            raise self._table.bad("", "there are no rows")
        start = self._times[0]
        steps = (np.array(self._times) - start) // self._step
        even = np.full((self._width, int(steps[-1]) + 1), np.nan)
        even[:, steps] = np.array(self._rows, dtype=np.float64).T
        return start, even


def _read_uci_minutes(table: _Table, home: str) -> Recording:
    """`datetime,p_kw,q_kvar,v,…`: one house by the minute, local time."""
    _no_homes(table, home)
    at, p, q, v = (table.place(c) for c in ("datetime", "p_kw", "q_kvar", "v"))
    return _uci(table, "datetime", lambda row: table.minute(row[at], "datetime"), (p, q, v))


def _read_uci_original(table: _Table, home: str) -> Recording:
    """`Date;Time;Global_active_power;…`: the public file, dates written 16/12/2006, `?` where nothing was measured."""
    _no_homes(table, home)
    names = ("Date", "Time", "Global_active_power", "Global_reactive_power", "Voltage")
    at_date, at_time, p, q, v = (table.place(c) for c in names)
    days: dict[str, int] = {}

    def minute(row: list[str]) -> int:
        day_text = row[at_date]
        if day_text not in days:
            try:
                days[day_text] = day_number(datetime.strptime(day_text, "%d/%m/%Y").date())
            except ValueError:
                raise table.bad("Date", f"{day_text!r} is not a date like 16/12/2006") from None
        parts = row[at_time].split(":")
        if len(parts) != 3 or not all(_TWO_DIGITS.fullmatch(x) for x in parts) or parts[2] != "00":
            raise table.bad("Time", f"{row[at_time]!r} is not a minute like 17:24:00")
        if int(parts[0]) > 23 or int(parts[1]) > 59:
            raise table.bad("Time", f"{row[at_time]!r} is no time of day")
        return days[day_text] * DAY_MINUTES + int(parts[0]) * 60 + int(parts[1])

    return _uci(table, "Time", minute, (p, q, v))


def _uci(
    table: _Table, time_column: str, minute: Callable[[list[str]], int], places: tuple[int, int, int]
) -> Recording:
    series = _Series(table, time_column, 1, 3)
    p, q, v = places
    for row in table.rows():
        numbers = (
            table.number(row, p, 0.0, 100.0),
            table.number(row, q, -50.0, 50.0),
            table.number(row, v, 50.0, 500.0),
        )
        series.add(minute(row), numbers)
    start_min, (p_kw, q_kvar, v_v) = series.filled()
    return Recording(
        table.path.name, 1, start_min, False, p_kw * 1000, q_var=_or_none(q_kvar * 1000), v_v=_or_none(v_v)
    )


def _read_uci_hours(table: _Table, home: str) -> Recording:
    """`datetime,energy_kwh,reactive_kvarh,v_mean,…`: the same house by the hour."""
    _no_homes(table, home)
    at, energy, reactive, v = (table.place(c) for c in ("datetime", "energy_kwh", "reactive_kvarh", "v_mean"))
    series = _Series(table, "datetime", HOUR_MINUTES, 3)
    for row in table.rows():
        numbers = (
            table.number(row, energy, 0.0, 100.0),
            table.number(row, reactive, -50.0, 50.0),
            table.number(row, v, 50.0, 500.0),
        )
        series.add(table.minute(row[at], "datetime"), numbers)
    start_min, (kwh, kvarh, v_v) = series.filled()
    return Recording(
        table.path.name,
        HOUR_MINUTES,
        start_min,
        False,
        kwh * 1000,
        q_var=_or_none(kvarh * 1000),
        v_v=_or_none(v_v),
    )


def _read_citylearn(table: _Table, home: str) -> Recording:
    """`home,datetime,load_kwh,pv_kwh`: several homes one after the other, local time."""
    at_home, at, load, pv = (table.place(c) for c in ("home", "datetime", "load_kwh", "pv_kwh"))
    series: dict[str, _Series] = {}
    for row in table.rows():
        key = row[at_home]
        numbers = (table.number(row, load, 0.0, 100.0), table.number(row, pv, 0.0, 100.0))
        minute = table.minute(row[at], "datetime")
        series.setdefault(key, _Series(table, "datetime", HOUR_MINUTES, 2)).add(minute, numbers)
    homes = tuple(series)
    if not homes:
        raise table.bad("", "there are no rows")
    chosen = home or homes[0]
    if chosen not in series:
        raise BadRecording(table.path, 0, "home", f"there is no home {chosen!r}; there are {', '.join(homes)}")
    start_min, (load_kwh, pv_kwh) = series[chosen].filled()
    name = f"{table.path.name}#{chosen}"
    return Recording(name, HOUR_MINUTES, start_min, False, load_kwh * 1000, pv_w=pv_kwh * 1000, homes=homes)


def _read_opsd(table: _Table, home: str) -> Recording:
    """`utc_timestamp,…,grid_export_kwh,grid_import_kwh,…,pv_kwh`: one home, UTC; house = import + PV − export."""
    _no_homes(table, home)
    names = ("utc_timestamp", "grid_import_kwh", "grid_export_kwh", "pv_kwh")
    at, imported, exported, pv = (table.place(c) for c in names)
    series = _Series(table, "utc_timestamp", HOUR_MINUTES, 3)
    for row in table.rows():
        numbers = tuple(table.number(row, place, 0.0, 100.0) for place in (imported, exported, pv))
        series.add(table.minute(row[at], "utc_timestamp"), numbers)
    start_min, (import_kwh, export_kwh, pv_kwh) = series.filled()
    house_kwh = np.maximum(import_kwh + pv_kwh - export_kwh, 0.0)  # their clocks differ by seconds: small negatives
    return Recording(
        table.path.name,
        HOUR_MINUTES,
        start_min,
        True,
        house_kwh * 1000,
        pv_w=pv_kwh * 1000,
        import_w=import_kwh * 1000,
    )


def _or_none(column: Floats) -> Floats | None:
    """A column in which nothing at all was recorded is no column."""
    return None if np.isnan(column).all() else column


def _no_homes(table: _Table, home: str) -> None:
    if home:
        raise BadRecording(table.path, 0, "", f"the file holds one home; {home!r} cannot be chosen")


_FORMATS: Sequence[tuple[Callable[[str], bool], Callable[[_Table, str], Recording]]] = (
    (lambda header: header.startswith("Date;Time;"), _read_uci_original),
    (lambda header: header.startswith("datetime,p_kw"), _read_uci_minutes),
    (lambda header: header.startswith("datetime,energy_kwh"), _read_uci_hours),
    (lambda header: header.startswith("home,datetime,"), _read_citylearn),
    (lambda header: header.startswith("utc_timestamp,") and "grid_import_kwh" in header, _read_opsd),
)


def describe(recording: Recording) -> Mapping[str, object]:
    """What a recording holds, for people."""
    complete = recording.complete_days()
    facts: dict[str, object] = {
        "recording": recording.name,
        "step": "minute" if recording.step_min == 1 else "hour",
        "clock": "UTC" if recording.utc else "local, naive",
        "from": _wall_text(recording.start_min),
        "to": _wall_text(recording.start_min + len(recording.house_w) * recording.step_min),
        "complete days": f"{len(complete)} of {recording.days}",
        "steps with gaps": recording.gaps(),
        "columns": ", ".join(
            name
            for name, column in (
                ("house", recording.house_w),
                ("pv", recording.pv_w),
                ("reactive", recording.q_var),
                ("voltage", recording.v_v),
                ("import", recording.import_w),
            )
            if column is not None
        ),
    }
    if len(recording.homes) > 1:
        facts["homes"] = ", ".join(recording.homes)
    if complete:
        typical = recording.typical_day()
        facts["typical day"] = day_date(recording, typical).isoformat()
        step_h = recording.step_min / HOUR_MINUTES
        facts["house that day"] = f"{recording.by_day(recording.house_w)[typical].sum() * step_h / 1000:.3f} kWh"
        if recording.pv_w is not None:
            facts["PV that day"] = f"{recording.by_day(recording.pv_w)[typical].sum() * step_h / 1000:.3f} kWh"
    return facts


def _wall_text(minute: int) -> str:
    return (datetime(1970, 1, 1) + timedelta(minutes=minute)).isoformat(" ", "minutes")
