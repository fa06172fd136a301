"""The functions in the test's own process, on the real Firestore emulator: their calls are counted, or cut off."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from firebase_functions.https_fn import AuthData, CallableRequest
from flask import Request, Response
from google.cloud import firestore
from werkzeug.test import EnvironBuilder

from dev.actors import Json
from dev.stack import Stack
from sunmeter import alerts, ingest, push, rollup
from sunmeter.clients import Cloud
from sunmeter.domain.pushes import SENT, Notice
from sunmeter.store import Store
from tests.emulator.world import database, master_key


class Killed(BaseException):
    """The instance died here. Nothing in the functions can catch it, as nothing could."""


@dataclass
class Wire:
    """Counts what passes between the functions and the world, and cuts it at one chosen call."""

    calls: int = 0
    writes: int = 0
    reads: int = 0
    cut_at: int | None = None  # None: nothing is cut
    cut_after: bool = False  # cut once the call has had its effect, else before

    def passing(self, call: Callable[[], Any]) -> Any:
        self.calls += 1
        if self.calls == self.cut_at and not self.cut_after:
            raise Killed
        result = call()
        if self.calls == self.cut_at:
            raise Killed
        return result


class CountedApi:
    """Firestore's own client library, its reads, queries and commits passing through a Wire."""

    def __init__(self, api: Any, wire: Wire):
        self._api = api
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def commit(self, request: Any, **more: Any) -> Any:
        answer = self._wire.passing(lambda: self._api.commit(request=request, **more))
        self._wire.writes += len(request["writes"])
        return answer

    def batch_get_documents(self, request: Any, **more: Any) -> Any:
        self._wire.reads += len(request["documents"])
        return self._wire.passing(lambda: self._api.batch_get_documents(request=request, **more))

    def run_query(self, request: Any, **more: Any) -> Iterator[Any]:
        found = list(self._wire.passing(lambda: self._api.run_query(request=request, **more)))
        self._wire.reads += max(1, sum(bool(each.document.name) for each in found))
        return iter(found)


@dataclass(frozen=True)
class Task:
    """What waits in a queue."""

    queue: str
    data: Json
    at_ms: int | None  # None: it runs as soon as it can


@dataclass
class Functions:
    """The functions of one project, with a clock to set and tasks to run by hand."""

    db: firestore.Client
    hub: str
    master_key: bytes
    now_ms: int
    wire: Wire = field(default_factory=Wire)
    tasks: dict[str, Task] = field(default_factory=dict)  # by key
    spent: set[str] = field(default_factory=set)  # keys of tasks that ran: Cloud Tasks takes them once
    told: list[Notice] = field(default_factory=list)
    fates: dict[str, str] = field(default_factory=dict)  # of the tokens that FCM does not simply take
    forgotten: list[str] = field(default_factory=list)  # accounts that were deleted

    @classmethod
    def of(cls, stack: Stack, hub: str = "", now_ms: int | None = None) -> Functions:
        """On a stack's Firestore, by a client of their own, from the present on if nothing else is said."""
        return cls(database(stack), hub, master_key(stack), time.time_ns() // 1_000_000 if now_ms is None else now_ms)

    def __post_init__(self) -> None:
        self.db._firestore_api_internal = CountedApi(self.db._firestore_api, self.wire)
        self.cloud = Cloud(
            store=Store(self.db),
            now_ms=lambda: self.now_ms,
            master_key=lambda: self.master_key,
            enqueue=self._enqueue,
            deliver=self._deliver,
            email_of=lambda uid: f"{uid}@example.org",
            verify_token=lambda token: {"uid": self.hub, "role": "hub"},
            people=lambda uids: {uid: {"name": "", "email": ""} for uid in uids},
            forget_person=self.forgotten.append,
        )

    def send(self, items: Iterable[Json]) -> Response:
        """The hub posts a batch to `ingest`."""
        return self.receive(self.request(items))

    def request(self, items: Iterable[Json]) -> Request:
        """A hub's request, packed."""
        body = gzip.compress(json.dumps({"v": 1, "sent_ms": self.now_ms, "items": list(items)}).encode())
        environ = EnvironBuilder(method="POST", data=body, headers=[("Authorization", "Bearer any")]).get_environ()
        return Request(environ)

    def receive(self, request: Request) -> Response:
        """`ingest` takes in a request."""
        return ingest.handle(request, self.cloud)

    def trigger(self, home: str, day: str, before: Json | None, after: Json | None) -> None:
        """Firestore tells of a day that was written."""
        rollup.on_day(before, after, {"home": home, "day": day}, self.cloud)

    def call(self, handler: Callable[[CallableRequest[Any], Cloud], Json], uid: str, **data: Any) -> Json:
        """A person, whose address is verified, calls a callable function."""
        raw = Request(EnvironBuilder(method="POST").get_environ())
        auth = AuthData(uid, {"email_verified": True})
        return handler(CallableRequest(data=data, raw_request=raw, auth=auth), self.cloud)

    def operate(self, handler: Callable[[CallableRequest[Any], Cloud], Json], operates: str, **data: Any) -> Json:
        """An operator of an area calls a callable function."""
        raw = Request(EnvironBuilder(method="POST").get_environ())
        auth = AuthData("operator", {"areas": [operates]})
        return handler(CallableRequest(data=data, raw_request=raw, auth=auth), self.cloud)

    def run_pushes(self) -> None:
        """Cloud Tasks runs the notifications that are due; what fails stays in the queue."""
        for key, task in list(self.tasks.items()):
            if task.queue == alerts.PUSH_QUEUE and (task.at_ms or 0) <= self.now_ms:
                push.send(task.data, self.cloud)
                del self.tasks[key]

    def tokens_told(self) -> list[str]:
        """The tokens that FCM was handed so far, in order."""
        return [notice.token for notice in self.told]

    def _enqueue(self, queue: str, key: str, data: Json, at_ms: int | None = None) -> None:
        self.wire.passing(lambda: key in self.spent or self.tasks.setdefault(key, Task(queue, data, at_ms)))

    def _deliver(self, notices: list[Notice]) -> list[str]:
        self.wire.passing(lambda: self.told.extend(notices))
        return [self.fates.get(notice.token, SENT) for notice in notices]
