"""Documents over REST: what is asked how often, what a look costs, and what rests while nobody looks."""

import asyncio
import base64
import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sunmeter_app.data.http import Answer
from sunmeter_app.data.rest import (
    FIRST_EVERY_S,
    LAST_EVERY_S,
    LIVE_EVERY_S,
    NEWEST_EVERY_S,
    WHOLE_EVERY_S,
    RestSource,
)
from sunmeter_app.data.source import Denied, Query
from sunmeter_app.data.values import fields_of, value_of

ROOT = "projects/demo/databases/(default)/documents"
ALERTS = Query("homes/h1/alerts", order_by=(("start_ms", "desc"),), limit=50)


class Server:
    """Firestore's REST interface over a few documents; counts what it is asked and how many documents that reads."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str]] = []
        self.reads = 0
        self.queries: list[Any] = []
        self.failures: list[int | OSError] = []

    async def send(self, method: str, url: str, *, json: Any = None, form: Any = None, headers: Any = None) -> Answer:
        path = url.partition("/documents")[2]
        self.asked.append((method, path))
        assert headers == {"Authorization": "Bearer token"}
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, OSError):
                raise failure
            return Answer(failure, b"{}")
        return self._answer(method, path, json)

    def _answer(self, method: str, path: str, body: Any) -> Answer:
        if path.endswith(":runQuery"):
            self.queries.append(body["structuredQuery"])
            found = sorted(self.documents.items(), reverse=True)[: body["structuredQuery"].get("limit")]
            self.reads += len(found)
            return told([{"document": _document(name, each)} for name, each in found] or [{"readTime": "now"}])
        name = path.removeprefix("/")
        if method == "PATCH":
            self.documents[name] = fields_of(body)
        elif method == "DELETE":
            self.documents.pop(name, None)
        self.reads += 1
        return told(_document(name, self.documents[name])) if name in self.documents else Answer(404, b"{}")


def told(found: Any) -> Answer:
    return Answer(200, json.dumps(found).encode())


def _document(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"name": f"{ROOT}/{name}", "fields": {key: value_of(each) for key, each in fields.items()}}


class Time:
    """Sleeps end at once, and are noted; the clock follows them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def now_s(self) -> float:
        return self.now


async def token(for_s: float) -> str:
    return "token"


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def source(server: Server, time: Time) -> RestSource:
    return RestSource(server, token, "demo", "127.0.0.1:8080", time.sleep, time.now_s)


async def first(found: AsyncIterator[Any]) -> Any:
    return await anext(found)


def test_values_come_back_as_they_went() -> None:
    moment = dt.datetime(2026, 6, 18, 12, 0, 0, 250_000, tzinfo=dt.UTC)
    fields = {"n": None, "b": True, "i": -(2**53), "f": 0.5, "s": "é", "x": b"\0\xff", "t": moment, "m": {"a": [1, {}]}}
    assert fields_of({"fields": {name: value_of(each) for name, each in fields.items()}}) == fields
    assert value_of(b"\0") == {"bytesValue": base64.b64encode(b"\0").decode()}
    with pytest.raises(TypeError):
        value_of(object())


async def test_a_document_is_told_when_it_is_another_and_not_before(
    source: RestSource, server: Server, time: Time
) -> None:
    watch = source.watch("homes/h1/days/2026-06-18")
    assert await first(watch) is None
    server.documents["homes/h1/days/2026-06-18"] = {"rev": 1}
    assert await first(watch) == {"rev": 1}
    change = asyncio.create_task(first(watch))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not change.done()
    server.documents["homes/h1/days/2026-06-18"] = {"rev": 2}
    assert await change == {"rev": 2}
    assert time.slept[0] == FIRST_EVERY_S
    assert max(time.slept) <= LAST_EVERY_S


async def test_a_year_of_months_is_asked_for_as_a_range(source: RestSource, server: Server) -> None:
    await first(source.watch_query(Query("homes/h1/months", (("month", ">=", "2026-01"), ("month", "<=", "2026-12")))))
    filters = server.queries[0]["where"]["compositeFilter"]["filters"]
    assert [(each["fieldFilter"]["op"], each["fieldFilter"]["value"]) for each in filters] == [
        ("GREATER_THAN_OR_EQUAL", {"stringValue": "2026-01"}),
        ("LESS_THAN_OR_EQUAL", {"stringValue": "2026-12"}),
    ]


async def test_the_live_reading_is_looked_at_as_often_as_a_hub_writes(source: RestSource, time: Time) -> None:
    watch = source.watch("homes/h1/live/now")
    await first(watch)
    change = asyncio.create_task(first(watch))
    for _ in range(5):
        await asyncio.sleep(0)
    change.cancel()
    assert set(time.slept) == {LIVE_EVERY_S}


async def test_nothing_is_asked_while_nobody_looks_and_all_at_once_when_somebody_does(
    source: RestSource, server: Server
) -> None:
    watch = source.watch("homes/h1/live/now")
    await first(watch)
    source.attend(False)
    change = asyncio.create_task(first(watch))
    for _ in range(50):
        await asyncio.sleep(0)
    asked = len(server.asked)
    assert asked <= 2  # a look that was under way
    server.documents["homes/h1/live/now"] = {"house_w": 1}
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(server.asked) == asked
    source.attend(True)
    assert await change == {"house_w": 1}


async def test_an_inbox_costs_a_read_a_look_until_something_is_new(
    source: RestSource, server: Server, time: Time
) -> None:
    server.documents = {f"homes/h1/alerts/{n:02}": {"start_ms": n, "rating": "none"} for n in range(30)}
    watch = source.watch_query(ALERTS)
    assert len(await first(watch)) == 30
    assert server.reads == 31
    change = asyncio.create_task(first(watch))
    for _ in range(8):
        await asyncio.sleep(0)
    assert 0 < time.now < WHOLE_EVERY_S
    assert 0 <= 31 + time.now / NEWEST_EVERY_S - server.reads <= 1
    server.documents["homes/h1/alerts/99"] = {"start_ms": 99}
    assert len(await change) == 31
    server.documents["homes/h1/alerts/05"] = {"start_ms": 5, "rating": "real"}  # below the first
    before_s = time.now
    assert (await first(watch))["homes/h1/alerts/05"]["rating"] == "real"
    assert time.now - before_s <= WHOLE_EVERY_S + NEWEST_EVERY_S


async def test_a_busy_server_and_a_lost_line_are_waited_out(source: RestSource, server: Server, time: Time) -> None:
    server.failures = [503, OSError("offline"), 429]
    assert await first(source.watch("users/u1")) is None
    assert time.slept == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_refusal_ends_the_watch(source: RestSource, server: Server, status: int) -> None:
    server.failures = [status]
    with pytest.raises(Denied):
        await first(source.watch("homes/h2"))


async def test_a_profile_is_written_and_a_device_removed(source: RestSource, server: Server) -> None:
    await source.put("users/u1", {"locale": "fr"})
    assert server.documents["users/u1"] == {"locale": "fr"}
    await source.remove("users/u1")
    assert server.asked == [("PATCH", "/users/u1"), ("DELETE", "/users/u1")]
    server.failures = [503]
    with pytest.raises(OSError, match="503"):
        await source.put("users/u1", {})


async def test_what_the_person_does_themselves_is_seen_at_once(source: RestSource, server: Server, time: Time) -> None:
    server.documents = {f"homes/h1/alerts/{n}": {"start_ms": n, "rating": "none"} for n in range(3)}
    asleep = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await asleep.wait()

    patient = RestSource(server, token, "demo", None, sleep, time.now_s)
    inbox, profile = patient.watch_query(ALERTS), patient.watch("users/u1")
    await first(inbox)
    await first(profile)
    rated, written = asyncio.create_task(first(inbox)), asyncio.create_task(first(profile))
    await asyncio.sleep(0)
    server.documents["homes/h1/alerts/1"] = {"start_ms": 1, "rating": "real"}  # by a callable
    await patient.put("users/u1", {"locale": "fr"})
    assert await written == {"locale": "fr"}
    assert (await rated)["homes/h1/alerts/1"]["rating"] == "real"


async def test_what_does_not_change_is_looked_at_less_and_less(source: RestSource, time: Time) -> None:
    watch = source.watch("homes/h1/insight/model")
    await first(watch)
    change = asyncio.create_task(first(watch))
    while len(time.slept) < 8:  # noqa: ASYNC110
        await asyncio.sleep(0)
    change.cancel()
    assert time.slept[:3] == [5.0, 7.5, 11.25]
    assert time.slept[-1] == LAST_EVERY_S
