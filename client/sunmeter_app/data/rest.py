"""Documents over Firestore's REST interface, asked for again and again: for places without gRPC, such as a browser.

A look costs a read for each document it finds, so it is taken only while somebody looks at the page. Of an ordered
query the first document is looked at; all of them when that one changed, and from time to time.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from .http import Answer, Http
from .source import Denied, Fields, Query, Token
from .values import fields_of, value_of

LIVE_EVERY_S = 2.0  # as often as a hub writes
DOCUMENT_EVERY_S = 5.0
QUERY_EVERY_S = 5.0  # the first document of an ordered one, all of another
WHOLE_EVERY_S = 60.0  # all of an ordered one: what changed below the first is seen that late
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 30.0
_OPERATORS = {"==": "EQUAL", "array-contains": "ARRAY_CONTAINS"}
_NEVER = object()


class RestSource:
    """One user's view of one project's database. sleep and now_s are the clock."""

    def __init__(
        self,
        http: Http,
        token: Token,
        project: str,
        emulator: str | None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now_s: Callable[[], float] = time.monotonic,
    ):
        self._http = http
        self._token = token
        self._root = f"projects/{project}/databases/(default)/documents"
        self._url = f"http://{emulator}/v1" if emulator else "https://firestore.googleapis.com/v1"
        self._sleep = sleep
        self._now_s = now_s
        self._attended = asyncio.Event()
        self._attended.set()

    async def watch(self, path: str) -> AsyncIterator[Fields | None]:
        every_s = LIVE_EVERY_S if path.endswith("/live/now") else DOCUMENT_EVERY_S
        seen: Any = _NEVER
        while True:
            found = await self._patiently(lambda: self._document(path))
            if found != seen:
                seen = found
                yield found
            await self._rest(every_s)

    async def watch_query(self, wanted: Query) -> AsyncIterator[dict[str, Fields]]:
        seen: Any = _NEVER
        first: Any = _NEVER  # of an ordered query, as it was when all of it was read
        whole_at_s = 0.0
        while True:
            newest = await self._patiently(lambda: self._query(wanted, 1)) if wanted.order_by else _NEVER
            if newest is _NEVER or newest != first or self._now_s() >= whole_at_s:
                first, whole_at_s = newest, self._now_s() + WHOLE_EVERY_S
                found = await self._patiently(lambda: self._query(wanted, wanted.limit))
                if found != seen:
                    seen = found
                    yield found
            await self._rest(QUERY_EVERY_S)

    async def put(self, path: str, fields: Fields) -> None:
        written = {"fields": {name: value_of(each) for name, each in fields.items()}}
        await self._ask("PATCH", f"/{quote(path)}", written)

    async def remove(self, path: str) -> None:
        await self._ask("DELETE", f"/{quote(path)}")

    def attend(self, is_shown: bool) -> None:
        if is_shown:
            self._attended.set()
        else:
            self._attended.clear()

    async def close(self) -> None:
        """Nothing is open between two looks."""

    # --- looking ----------------------------------------------------------------------------------------------------

    async def _patiently(self, look: Callable[[], Awaitable[Any]]) -> Any:
        """What a look finds, once it can be taken."""
        retry_s = FIRST_RETRY_S
        while True:
            try:
                return await look()
            except OSError:  # offline, or a server that is busy
                await self._rest(retry_s)
                retry_s = min(2 * retry_s, LAST_RETRY_S)

    async def _rest(self, seconds: float) -> None:
        """Until the next look: it waits for somebody to look at the page."""
        await self._sleep(seconds)
        await self._attended.wait()

    async def _document(self, path: str) -> Fields | None:
        answer = await self._ask("GET", f"/{quote(path)}")
        return None if answer.status == 404 else fields_of(answer.json())

    async def _query(self, wanted: Query, limit: int) -> dict[str, Fields]:
        parent, _, name = wanted.collection.rpartition("/")
        asked = {"structuredQuery": _structured(wanted, name, limit)}
        answer = await self._ask("POST", f"{'/' + quote(parent) if parent else ''}:runQuery", asked)
        found = (each["document"] for each in answer.items() if "document" in each)
        return {each["name"].partition("/documents/")[2]: fields_of(each) for each in found}

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Raises Denied, or OSError when it should be asked again."""
        headers = {"Authorization": f"Bearer {await self._token()}"}
        answer = await self._http.send(method, f"{self._url}/{self._root}{path}", json=body, headers=headers)
        if answer.status in (400, 401, 403):
            raise Denied(f"{method} {path}: {answer.status}")
        if answer.is_error and answer.status != 404:
            raise ConnectionError(f"{answer.status}")
        return answer


def _structured(wanted: Query, name: str, limit: int) -> dict[str, Any]:
    """A query as the REST interface takes it."""
    built: dict[str, Any] = {"from": [{"collectionId": name}]}
    filters = [
        {"fieldFilter": {"field": {"fieldPath": field}, "op": _OPERATORS[operator], "value": value_of(operand)}}
        for field, operator, operand in wanted.where
    ]
    if len(filters) == 1:
        built["where"] = filters[0]
    elif filters:
        built["where"] = {"compositeFilter": {"op": "AND", "filters": filters}}
    if wanted.order_by:
        built["orderBy"] = [
            {"field": {"fieldPath": field}, "direction": "DESCENDING" if direction == "desc" else "ASCENDING"}
            for field, direction in wanted.order_by
        ]
    if limit:
        built["limit"] = limit
    return built
