"""Documents over Firestore's REST interface, asked for again and again: for places without gRPC, such as a browser.

A look costs a read for each document it finds, and one for the rules, so it is taken only while somebody looks at the
page, and ever less often of what does not change. Of an ordered query the first document is looked at; all of them when
that one changed, and from time to time. What the person does themselves is followed by a look at everything.
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
FIRST_EVERY_S = 5.0  # all else, once it changed …
LAST_EVERY_S = 30.0  # … and when it has not changed for long
SLOWER = 1.5
NEWEST_EVERY_S = 10.0  # the first document of an ordered query: an alert waits no longer
WHOLE_EVERY_S = 300.0  # all of an ordered query: what others change below its first is seen that late
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 30.0
_OPERATORS = {
    "==": "EQUAL",
    ">=": "GREATER_THAN_OR_EQUAL",
    "<=": "LESS_THAN_OR_EQUAL",
    "array-contains": "ARRAY_CONTAINS",
}
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
        self._woken = asyncio.Event()
        self._wakes = 0

    async def watch(self, path: str) -> AsyncIterator[Fields | None]:
        is_live = path.endswith("/live/now")
        seen: Any = _NEVER
        rest_s = FIRST_EVERY_S
        while True:
            found = await self._patiently(lambda: self._document(path))
            rest_s = _slower(rest_s, found != seen)
            if found != seen:
                seen = found
                yield found
            await self._rest(LIVE_EVERY_S if is_live else rest_s)

    async def watch_query(self, wanted: Query) -> AsyncIterator[dict[str, Fields]]:
        seen: Any = _NEVER
        first: Any = _NEVER  # of an ordered query, as it was when all of it was read
        whole_at_s, wakes, rest_s = 0.0, self._wakes, FIRST_EVERY_S
        while True:
            newest = await self._patiently(lambda: self._query(wanted, 1)) if wanted.order_by else _NEVER
            if newest is _NEVER or newest != first or wakes != self._wakes or self._now_s() >= whole_at_s:
                first, wakes, whole_at_s = newest, self._wakes, self._now_s() + WHOLE_EVERY_S
                found = await self._patiently(lambda: self._query(wanted, wanted.limit))
                rest_s = _slower(rest_s, found != seen)
                if found != seen:
                    seen = found
                    yield found
            await self._rest(NEWEST_EVERY_S if wanted.order_by else rest_s)

    async def put(self, path: str, fields: Fields) -> None:
        written = {"fields": {name: value_of(each) for name, each in fields.items()}}
        await self._ask("PATCH", f"/{quote(path)}", written)
        self._wake()

    async def remove(self, path: str) -> None:
        await self._ask("DELETE", f"/{quote(path)}")

    def attend(self, is_shown: bool) -> None:
        if is_shown:
            self._attended.set()
            self._wake()
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
        """Until the next look: a wake ends it, and it waits for somebody to look at the page."""
        waits = [asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._woken.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        await self._attended.wait()

    def _wake(self) -> None:
        self._wakes += 1
        self._woken.set()
        self._woken = asyncio.Event()

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
        headers = {"Authorization": f"Bearer {await self._token(0)}"}
        answer = await self._http.send(method, f"{self._url}/{self._root}{path}", json=body, headers=headers)
        if answer.status in (400, 401, 403):
            raise Denied(f"{method} {path}: {answer.status}")
        if answer.is_error and answer.status != 404:
            raise ConnectionError(f"{answer.status}")
        return answer


def _slower(rest_s: float, is_changed: bool) -> float:
    return FIRST_EVERY_S if is_changed else min(rest_s * SLOWER, LAST_EVERY_S)


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
