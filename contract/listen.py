"""Firestore as a signed-in user over asyncio: listen, read, query, write.

The official client's `on_snapshot` hides denials behind a log line and costs three threads a watch; this speaks the
public gRPC interface (google.firestore.v1) on one channel and raises what happened. Under an emulator the official
client is always "owner", past the rules; here the user's own token travels, so the rules hold everywhere.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import grpc
from google.cloud.firestore_v1 import _helpers
from google.cloud.firestore_v1.types import common, document, firestore, query, write

REOPEN_S = 3000.0  # an ID token lives 3,600 s; the stream is reopened with a fresh one well before
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 30.0
CALL_TIMEOUT_S = 15.0

_SERVICE = "/google.firestore.v1.Firestore/"
_FINAL = {
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
}

Fields = dict[str, Any]
# Gives a valid ID token, refreshed when it must be. Raises Denied when there is none to be had, OSError out of reach.
Token = Callable[[], Awaitable[str]]


class Denied(Exception):
    """The rules, or the token, refuse this read or write: trying again does not help."""


class _Ended(Exception):
    """The server closed a stream that should have stayed open."""


@dataclass(frozen=True)
class Query:
    """Documents of one collection: equality filters, an order and a limit.

    collection: path of the collection, "homes" or "homes/h1/alerts".
    where: (field, operator, value) with operator one of == != < <= > >= array-contains.
    """

    collection: str
    where: Sequence[tuple[str, str, Any]] = ()
    order_by: Sequence[tuple[str, str]] = ()  # (field, "asc" | "desc")
    limit: int = 0  # 0: all

    def split(self) -> tuple[str, str]:
        """Parent document's path ("" at the root) and the collection's id."""
        parent, _, name = self.collection.rpartition("/")
        return parent, name

    def structured(self) -> query.StructuredQuery:
        built = query.StructuredQuery(from_=[query.StructuredQuery.CollectionSelector(collection_id=self.split()[1])])
        filters = [_filter(*condition) for condition in self.where]
        if len(filters) == 1:
            built.where = filters[0]
        elif filters:
            both = query.StructuredQuery.CompositeFilter(op="AND", filters=filters)
            built.where = query.StructuredQuery.Filter(composite_filter=both)
        built.order_by = [_order(field, direction) for field, direction in self.order_by]
        if self.limit:
            built.limit = self.limit
        return built


_OPERATORS = {
    "==": "EQUAL",
    "!=": "NOT_EQUAL",
    "<": "LESS_THAN",
    "<=": "LESS_THAN_OR_EQUAL",
    ">": "GREATER_THAN",
    ">=": "GREATER_THAN_OR_EQUAL",
    "array-contains": "ARRAY_CONTAINS",
}


def _filter(field: str, operator: str, operand: Any) -> query.StructuredQuery.Filter:
    return query.StructuredQuery.Filter(
        field_filter=query.StructuredQuery.FieldFilter(
            field=query.StructuredQuery.FieldReference(field_path=field),
            op=_OPERATORS[operator],
            value=_helpers.encode_value(operand),
        )
    )


def _order(field: str, direction: str) -> query.StructuredQuery.Order:
    return query.StructuredQuery.Order(
        field=query.StructuredQuery.FieldReference(field_path=field),
        direction="DESCENDING" if direction == "desc" else "ASCENDING",
    )


class AsyncStore:
    """One user's view of one project's default database.

    token: gives the user's ID token for each call.
    emulator: "host:port" of a Firestore emulator, or None for Google's.
    """

    def __init__(self, token: Token, project: str, emulator: str | None = None):
        self._token = token
        self._database = f"projects/{project}/databases/(default)"
        self._root = f"{self._database}/documents"
        if emulator:
            self._channel = grpc.aio.insecure_channel(emulator)
        else:
            self._channel = grpc.aio.secure_channel(
                "firestore.googleapis.com:443",
                grpc.ssl_channel_credentials(),
                options=[("grpc.keepalive_time_ms", 30_000)],
            )
        self._listen = self._channel.stream_stream(
            _SERVICE + "Listen", firestore.ListenRequest.serialize, firestore.ListenResponse.deserialize
        )
        self._get = self._channel.unary_unary(
            _SERVICE + "GetDocument", firestore.GetDocumentRequest.serialize, document.Document.deserialize
        )
        self._run_query = self._channel.unary_stream(
            _SERVICE + "RunQuery", firestore.RunQueryRequest.serialize, firestore.RunQueryResponse.deserialize
        )
        self._commit = self._channel.unary_unary(
            _SERVICE + "Commit", firestore.CommitRequest.serialize, firestore.CommitResponse.deserialize
        )

    async def close(self) -> None:
        await self._channel.close()

    async def get(self, path: str) -> Fields | None:
        """One document, or None where there is none. Raises Denied; other failures as grpc.aio.AioRpcError."""
        request = firestore.GetDocumentRequest(name=f"{self._root}/{path}")
        try:
            found = await self._get(request, metadata=await self._metadata(), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                return None
            raise _translated(error) from error
        return _decoded(found)

    async def query(self, wanted: Query) -> dict[str, Fields]:
        """The documents of a query by path, in its order. Raises Denied."""
        parent, _ = wanted.split()
        request = firestore.RunQueryRequest(parent=self._parent(parent), structured_query=wanted.structured())
        found: dict[str, Fields] = {}
        try:
            call = self._run_query(request, metadata=await self._metadata(), timeout=CALL_TIMEOUT_S)
            async for answer in call:
                if answer.document.name:
                    found[self._path(answer.document.name)] = _decoded(answer.document)
        except grpc.aio.AioRpcError as error:
            raise _translated(error) from error
        return found

    async def set(self, path: str, fields: Fields) -> None:
        """Writes a whole document. Raises Denied."""
        written = document.Document(name=f"{self._root}/{path}", fields=_helpers.encode_dict(fields))
        await self._write(write.Write(update=written))

    async def update(self, path: str, fields: Fields) -> None:
        """Writes some fields of a document that exists. Raises Denied."""
        written = document.Document(name=f"{self._root}/{path}", fields=_helpers.encode_dict(fields))
        mask = common.DocumentMask(field_paths=list(fields))
        await self._write(
            write.Write(update=written, update_mask=mask, current_document=common.Precondition(exists=True))
        )

    async def delete(self, path: str) -> None:
        """Removes a document. Raises Denied."""
        await self._write(write.Write(delete=f"{self._root}/{path}"))

    async def _write(self, change: write.Write) -> None:
        request = firestore.CommitRequest(database=self._database, writes=[change])
        try:
            await self._commit(request, metadata=await self._metadata(), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise _translated(error) from error

    async def watch(self, path: str) -> AsyncIterator[Fields | None]:
        """A document's fields now and at each change; None while it does not exist. Raises Denied."""
        target = firestore.Target(
            target_id=1, documents=firestore.Target.DocumentsTarget(documents=[f"{self._root}/{path}"])
        )
        async for view in self._views(target):
            yield view.get(path)

    async def watch_query(self, wanted: Query) -> AsyncIterator[dict[str, Fields]]:
        """The documents of a query by path, whole, now and at each change (unordered). Raises Denied."""
        parent, _ = wanted.split()
        target = firestore.Target(
            target_id=1,
            query=firestore.Target.QueryTarget(parent=self._parent(parent), structured_query=wanted.structured()),
        )
        async for view in self._views(target):
            yield view

    async def _views(self, target: firestore.Target) -> AsyncIterator[dict[str, Fields]]:
        """Every consistent view of a target, across planned and unplanned reconnections."""
        view = _View(self._path)
        retry_s = FIRST_RETRY_S
        while True:
            if view.resume_token:
                target.resume_token = view.resume_token
            try:
                async for consistent in self._stream(target, view):
                    retry_s = FIRST_RETRY_S
                    yield consistent
                continue  # planned: reopen at once with a fresh token
            except grpc.aio.AioRpcError as error:
                translated = _translated(error)
                if isinstance(translated, Denied):
                    raise translated from error
            except (_Ended, OSError, asyncio.InvalidStateError):
                pass  # out of reach for now: the next try says whether for good
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, LAST_RETRY_S)

    async def _stream(self, target: firestore.Target, view: "_View") -> AsyncIterator[dict[str, Fields]]:
        """One stream's consistent views; ends after REOPEN_S, raises what ended it sooner."""
        call = self._listen(metadata=await self._metadata())
        close_at = time.monotonic() + REOPEN_S
        is_accepted = False  # its token was; one that is refused later has merely come to its end
        try:
            await call.write(firestore.ListenRequest(database=self._database, add_target=target))
            while True:
                try:
                    async with asyncio.timeout(close_at - time.monotonic()):  # wait_for may lose a cancellation
                        answer = await call.read()
                except TimeoutError:
                    return
                except grpc.aio.AioRpcError as error:
                    if is_accepted and error.code() is grpc.StatusCode.UNAUTHENTICATED:
                        raise _Ended(error.code().name) from error
                    raise
                if answer is grpc.aio.EOF:
                    raise await _why_ended(call)
                is_accepted = True
                if view.apply(answer):
                    yield dict(view.documents)
        finally:
            call.cancel()

    async def _metadata(self) -> tuple[tuple[str, str], ...]:
        token = await self._token()
        return (("authorization", f"Bearer {token}"), ("google-cloud-resource-prefix", self._database))

    def _parent(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _path(self, name: str) -> str:
        return name.removeprefix(self._root + "/")


class _View:
    """The documents of one target as the server's messages build them up."""

    def __init__(self, path_of: Callable[[str], str]):
        self._path_of = path_of
        self.documents: dict[str, Fields] = {}
        self.resume_token = b""

    def apply(self, answer: firestore.ListenResponse) -> bool:
        """Takes in one message; True when the view is consistent and worth showing."""
        kind = firestore.ListenResponse.pb(answer).WhichOneof("response_type")
        if kind == "document_change":
            self._change(answer.document_change)
        elif kind in ("document_delete", "document_remove"):
            self.documents.pop(self._path_of(getattr(answer, kind).document), None)
        elif kind == "target_change":
            return self._target(answer.target_change)
        return False

    def _change(self, change: write.DocumentChange) -> None:
        path = self._path_of(change.document.name)
        if change.removed_target_ids:
            self.documents.pop(path, None)
        else:
            self.documents[path] = _decoded(change.document)

    def _target(self, change: firestore.TargetChange) -> bool:
        kinds = firestore.TargetChange.TargetChangeType
        if change.target_change_type == kinds.REMOVE:
            raise Denied(f"{change.cause.code}: {change.cause.message}")
        if change.target_change_type == kinds.RESET:
            self.documents.clear()
        if change.resume_token:
            self.resume_token = change.resume_token
        is_global = not change.target_ids and change.target_change_type == kinds.NO_CHANGE
        return bool(is_global and change.read_time)


def _decoded(found: document.Document) -> Fields:
    return cast(Fields, _helpers.decode_dict(found.fields, None))


def _translated(error: grpc.aio.AioRpcError) -> Exception:
    return Denied(f"{error.code().name}: {error.details()}") if error.code() in _FINAL else error


async def _why_ended(call: Any) -> Exception:
    """What ended a stream: Denied for good, or _Ended for now."""
    code = await call.code()
    return Denied(f"{code.name}: {await call.details()}") if code in _FINAL else _Ended(code.name)
