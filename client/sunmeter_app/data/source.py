"""Documents as the signed-in user sees them: the interface that every transport implements.

`listen.py` is the one over asyncio gRPC, `rest.py` the one for a browser. The names here import no transport.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

Fields = dict[str, Any]
Token = Callable[[float], Awaitable[str]]  # an ID token that is valid for so many seconds at least


class Denied(Exception):
    """The rules, or the token, refuse this read: trying again does not help."""


@dataclass(frozen=True)
class Query:
    """Documents of one collection: filters, an order and a limit."""

    collection: str  # a path: "homes" or "homes/h1/alerts"
    where: tuple[tuple[str, str, Any], ...] = ()  # (field, operator, operand); operators as Firestore writes them
    order_by: tuple[tuple[str, str], ...] = ()  # (field, "asc" | "desc")
    limit: int = 0  # 0: all


class Source(Protocol):
    """One user's view of the database. Every method raises Denied. A watch waits until it is online."""

    def watch(self, path: str) -> AsyncIterator[Fields | None]:
        """A document's fields now and at each change; None while it does not exist."""
        ...

    def watch_query(self, wanted: Query) -> AsyncIterator[dict[str, Fields]]:
        """The documents of a query by path, whole, now and at each change (unordered)."""
        ...

    async def put(self, path: str, fields: Fields) -> None:
        """Writes a whole document. Raises Denied, or OSError when offline."""
        ...

    async def remove(self, path: str) -> None:
        """Removes a document. Raises Denied, or OSError when offline."""
        ...

    def attend(self, is_shown: bool) -> None:
        """Whether somebody looks at the page: what asks again and again rests while nobody does, and begins at once."""
        ...

    async def close(self) -> None: ...
