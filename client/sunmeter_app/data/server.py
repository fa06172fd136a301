"""The outside of web-server mode: HTTP over sockets, documents over gRPC, which tells of each change as it happens."""

import httpx

from ..config import Config
from .backend import Backend, connect
from .listen import ListenSource
from .over_httpx import OverHttpx

TIMEOUT_S = 20.0  # a cold start of a function takes several seconds
REACH_S = 5.0


def connect_server(config: Config, client: httpx.AsyncClient) -> Backend:
    """The project of a configuration, over one pool of HTTP connections."""
    return connect(
        config, OverHttpx(client), lambda token: ListenSource(token, config.project, config.firestore_emulator)
    )


async def reaches(config: Config, client: httpx.AsyncClient) -> bool:
    """Whether the project's functions answer."""
    try:
        answer = await client.get(f"{config.functions_url}/healthz", timeout=REACH_S)
    except httpx.TransportError:
        return False
    return answer.is_success
