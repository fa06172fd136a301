"""The listener to Firestore ends when it is told to. (What it brings is tested on the emulator.)"""

import asyncio
from typing import Any

import pytest
from google.cloud.firestore_v1.types import firestore

from contract.listen import AsyncStore


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
