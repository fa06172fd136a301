"""Data on its way out of a home, and into it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..problems import Problem
from . import fields as read

PIECE_CHARS = 500_000  # the cloud takes a million; a slow line shows progress sooner
HEAD_CHARS = 100_000
MONTHS_OF_YEAR = 12


@dataclass(frozen=True)
class Export:
    """A copy being put together."""

    file: str
    pages: int = 0
    months: int | None = None  # how many pages there will be; None: nobody knows
    is_done: bool = False

    @property
    def share(self) -> float | None:
        if self.is_done:
            return 1.0
        return self.pages / self.months if self.months else None


@dataclass(frozen=True)
class Series:
    name: str
    quantity: str
    kind: str
    unit: str


@dataclass(frozen=True)
class LineError:
    """What is wrong with a line of a file: in which column, by which code, and what stands there."""

    line: int
    column: str
    code: str
    value: str


@dataclass(frozen=True)
class Import:
    """A file as the cloud understood it, and how far it is. Reads the answers of the callables, and the job."""

    id: str
    file: str
    state: str  # reading, ready, applying or done
    format: str
    series: tuple[Series, ...]
    preview: read.Fields
    errors: tuple[LineError, ...]
    errors_n: int
    gaps_n: int
    months: int
    months_done: int
    stored: int
    kept: int

    @property
    def quarters(self) -> int:
        return read.whole(self.preview, "quarters") or 0

    @property
    def share(self) -> float | None:
        return self.months_done / self.months if self.months else None


def import_from(path: str, found: read.Fields) -> Import:
    """Reads `jobs/{id}` of an import."""
    spec, reader = read.mapping(found, "spec"), read.mapping(found, "reader")
    series = (each for each in spec.get("series") or () if isinstance(each, Mapping))
    return Import(
        id=path.rpartition("/")[2],
        file=read.text(found, "name") or "",
        state=read.text(found, "state") or "",
        format=read.text(spec, "format") or "",
        series=tuple(
            Series(*((read.text(each, name) or "") for name in ("name", "quantity", "kind", "unit"))) for each in series
        ),
        preview=read.mapping(found, "preview"),
        errors=tuple(_error(each) for each in reader.get("errors") or () if isinstance(each, Mapping)),
        errors_n=read.whole(reader, "errors_n") or 0,
        gaps_n=read.whole(reader, "gaps_n") or 0,
        months=len(found.get("months") or ()),
        months_done=len(found.get("applied") or ()),
        stored=read.whole(found, "stored") or 0,
        kept=read.whole(found, "kept") or 0,
    )


def _error(found: Mapping[str, Any]) -> LineError:
    column, code, value = (read.text(found, name) or "" for name in ("column", "code", "value"))
    return LineError(read.whole(found, "line") or 0, column, code, value)


def newest(found: Mapping[str, read.Fields]) -> Import | None:
    """The import that was started last."""
    started = {path: read.moment_s(each, "created") or 0 for path, each in found.items()}
    path = max(found, key=lambda each: (started[each], each), default=None)
    return None if path is None else import_from(path, found[path])


QUANTITIES = ("none", "import", "export", "pv", "grid")
MEASURES = ("energy-kWh", "energy-Wh", "counter-kWh", "counter-Wh", "power-kW", "power-W")
MOST_COLUMNS = 8  # that the cloud is told of


@dataclass
class FileDraft:
    """A file whose columns nobody can tell but its owner."""

    name: str
    text: str = field(repr=False)
    columns: tuple[str, ...]
    quantities: dict[int, str] = field(default_factory=dict)  # by place; what is not said is "none"
    measures: dict[int, str] = field(default_factory=dict)

    def told(self) -> dict[str, dict[str, str]]:
        """As `importstart` takes it. Raises Problem where no column is said to hold anything."""
        chosen = {place: quantity for place, quantity in self.quantities.items() if quantity != "none"}
        if not chosen:
            raise Problem("which_columns", "columns")
        return {str(place): self._column(place, quantity) for place, quantity in sorted(chosen.items())}

    def _column(self, place: int, quantity: str) -> dict[str, str]:
        kind, _, unit = self.measures.get(place, MEASURES[0]).partition("-")
        return {"quantity": quantity, "kind": kind, "unit": unit}


def draft_of(name: str, text: str) -> FileDraft:
    """The columns as the first line names them."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(";\t,", key=first.count)
    return FileDraft(name, text, tuple(cell.strip().strip('"') for cell in first.split(delimiter))[: MOST_COLUMNS + 1])


def text_of(content: bytes) -> str:
    """A file's text: UTF-8, else the Western encoding that spreadsheets write. Raises Problem("not_understood")."""
    if not content.strip():
        raise Problem("not_understood", "file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def pieces(text: str, chars: int = PIECE_CHARS) -> Iterator[str]:
    """The text in pieces of whole lines, each as long as it may be; a line that is longer stays whole."""
    start = 0
    while start < len(text):
        end = start + chars
        if end < len(text):
            cut = text.rfind("\n", start, end) + 1
            end = cut if cut > start else (text.find("\n", end) + 1 or len(text))
        yield text[start:end]
        start = end


def head(text: str) -> str:
    """The beginning of a text, in whole lines."""
    return next(pieces(text, HEAD_CHARS), "")
