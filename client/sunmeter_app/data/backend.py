"""Everything outside that one visit needs, in one value: the real one here, a fake in the tests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..config import Config
from .functions import Functions, HttpFunctions
from .http import Http
from .identity import Identity, RestIdentity
from .push import FcmRegistrar, Notifications, Registrar
from .source import Source, Token


@dataclass(frozen=True)
class Backend:
    """Accounts and callables are shared by all visits; a Source is opened for each signed-in user."""

    identity: Identity
    functions: Functions
    open_source: Callable[[Token], Source]
    registrar: Registrar | None = None  # None: the project has no web push


class Memory(Protocol):
    """What the browser keeps for its user between visits."""

    async def get(self, name: str) -> str | None: ...
    async def put(self, name: str, kept: str) -> None: ...
    async def forget(self, name: str) -> None: ...


class Files(Protocol):
    """Files that a person chooses in their browser, or is given."""

    async def pick(self) -> tuple[str, bytes] | None:
        """(name, content); None: they chose none. Raises Problem("file_too_large")."""
        ...

    async def save(self, name: str, content: bytes) -> None: ...


class Browser(Memory, Files, Protocol):
    """What the app may ask of the browser it runs in."""

    @property
    def notifications(self) -> Notifications: ...


def connect(config: Config, http: Http, open_source: Callable[[Token], Source]) -> Backend:
    """The project of a configuration, over HTTP and a way to read documents."""
    return Backend(
        identity=RestIdentity(http, config.api_key, config.identity_url, config.tokens_url),
        functions=HttpFunctions(http, config.functions_url),
        open_source=open_source,
        registrar=FcmRegistrar(http, config.project, config.api_key, config.push) if config.push else None,
    )
