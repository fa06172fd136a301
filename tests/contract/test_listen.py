"""The listener to Firestore ends when it is told to. (What it brings is tested on the emulator.)"""

import asyncio
from typing import Any

import grpc
import pytest
from google.cloud.firestore_v1.types import firestore

from contract import listen
from contract.listen import AsyncStore, Denied


class Call:
    """A stream that answers when a test says so."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.is_read = asyncio.Event()

    async def write(self, request: firestore.ListenRequest) -> None:
        """Takes the target."""

    async def read(self) -> Any:
        if self.is_read.is_set():
            await asyncio.Event().wait()  # there is one answer
        self.is_read.set()
        return await self.answer

    def cancel(self) -> None:
        """Nothing is open."""


async def token() -> str:
    return "token"


async def test_a_listener_that_is_cancelled_as_an_answer_comes_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, call = AsyncStore(token, "demo", "localhost:1"), Call()
    monkeypatch.setattr(store, "_listen", lambda metadata: call)

    async def first() -> None:
        await anext(store.watch("homes/h"))

    watching = asyncio.create_task(first())
    await call.is_read.wait()
    call.answer.set_result(firestore.ListenResponse())
    await asyncio.sleep(0)  # the answer is on its way to the reader
    watching.cancel()
    await asyncio.wait({watching}, timeout=5)
    assert watching.cancelled()
    await store.close()


REFUSED = grpc.aio.AioRpcError(grpc.StatusCode.UNAUTHENTICATED, grpc.aio.Metadata(), grpc.aio.Metadata(), "expired")
VIEW = firestore.ListenResponse(target_change=firestore.TargetChange(read_time={"seconds": 1}))


class Told(Call):
    """A stream that tells what it is given, and then nothing more."""

    def __init__(self, *told: Any):
        super().__init__()
        self._told = list(told)

    async def read(self) -> Any:
        if not self._told:
            await asyncio.Event().wait()
        answer = self._told.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_token_that_ends_while_a_listener_is_open_ends_no_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "FIRST_RETRY_S", 0)
    store, calls = AsyncStore(token, "demo", "localhost:1"), [Told(VIEW, REFUSED), Told(VIEW)]
    monkeypatch.setattr(store, "_listen", lambda metadata: calls.pop(0))
    views = store.watch("homes/h")
    assert [await anext(views), await anext(views)] == [None, None]
    assert calls == []
    await store.close()


async def test_a_token_that_opens_no_listener_is_a_denial(monkeypatch: pytest.MonkeyPatch) -> None:
    store = AsyncStore(token, "demo", "localhost:1")
    monkeypatch.setattr(store, "_listen", lambda metadata: Told(REFUSED))
    with pytest.raises(Denied, match="expired"):
        await anext(store.watch("homes/h"))
    await store.close()
