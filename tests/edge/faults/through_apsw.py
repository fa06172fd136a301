"""A database behind a simulated disk, with the face of `sqlite3`: the hub's own code runs on it unchanged."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import apsw

from sunmeter_edge import store
from tests.edge.faults.disk import Disk


def connect(path: Path, disk: Disk) -> sqlite3.Connection:
    """The hub's database on this disk, by the hub's own steps. Raises what `store.connect` raises."""
    return store.connect(path, lambda found, **_: cast("sqlite3.Connection", _Connection(found, disk)))


class _Rows:
    """What a statement gave, all of it read: as a cursor of `sqlite3`."""

    def __init__(self, rows: list[tuple[Any, ...]], rowcount: int):
        self._rows, self.rowcount = iter(rows), rowcount

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows


class _Connection:
    """As much of `sqlite3.Connection` as the hub uses."""

    def __init__(self, path: Path, disk: Disk):
        with _as_sqlite3():
            self._inner = apsw.Connection(str(path), vfs=disk.name, statementcachesize=256)

    def execute(self, sql: str, arguments: Sequence[Any] | dict[str, Any] = ()) -> _Rows:
        with _as_sqlite3():
            bound = arguments if isinstance(arguments, dict) else tuple(arguments)
            rows = list(self._inner.execute(sql, bound))
            return _Rows(rows, self._inner.changes())

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> _Rows:
        with _as_sqlite3():
            for arguments in rows:
                list(self._inner.execute(sql, tuple(arguments)))
            return _Rows([], self._inner.changes())

    def executescript(self, sql: str) -> _Rows:
        return self.execute(sql)

    @property
    def in_transaction(self) -> bool:
        return self._inner.in_transaction

    def close(self) -> None:
        """Closed in any case, as a process that ends closes it; an error is told."""
        try:
            with _as_sqlite3():
                self._inner.close()
        finally:
            self._inner.close(True)


@contextmanager
def _as_sqlite3() -> Iterator[None]:
    """apsw's errors by the names and codes that `sqlite3` gives them."""
    try:
        yield
    except apsw.Error as error:
        code = getattr(error, "result", sqlite3.SQLITE_ERROR) & 0xFF
        kind = sqlite3.DatabaseError if code in store.DAMAGE else sqlite3.OperationalError
        named = kind(str(error) or type(error).__name__)
        named.sqlite_errorcode = code
        raise named from error
