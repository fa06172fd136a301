"""Documents over asyncio gRPC Listen: the contract's AsyncStore behind the app's interface."""

from collections.abc import AsyncIterator, Awaitable

import grpc

from ..contract import listen
from .source import Denied, Fields, Query, Token


class ListenSource:
    """One user's view of one project, on one channel."""

    def __init__(self, token: Token, project: str, emulator: str | None):
        self._store = listen.AsyncStore(_for_the_contract(token), project, emulator)

    async def watch(self, path: str) -> AsyncIterator[Fields | None]:
        try:
            async for found in self._store.watch(path):
                yield found
        except listen.Denied as error:
            raise Denied(str(error)) from error

    async def watch_query(self, wanted: Query) -> AsyncIterator[dict[str, Fields]]:
        query = listen.Query(wanted.collection, wanted.where, wanted.order_by, wanted.limit)
        try:
            async for found in self._store.watch_query(query):
                yield found
        except listen.Denied as error:
            raise Denied(str(error)) from error

    async def put(self, path: str, fields: Fields) -> None:
        await _written(self._store.set(path, fields))

    async def remove(self, path: str) -> None:
        await _written(self._store.delete(path))

    def attend(self, is_shown: bool) -> None:
        """A listener costs only what changes."""

    async def close(self) -> None:
        await self._store.close()


async def _written(write: Awaitable[None]) -> None:
    try:
        await write
    except listen.Denied as error:
        raise Denied(str(error)) from error
    except grpc.aio.AioRpcError as error:
        raise ConnectionError(error.code().name) from error


def _for_the_contract(token: Token) -> listen.Token:
    """A token that lasts as long as a listener stays open, its refusal in the contract's words."""

    async def given() -> str:
        try:
            return await token(listen.REOPEN_S)
        except Denied as error:
            raise listen.Denied(str(error)) from error

    return given
