"""The listening socket and the HTTP server on it, which meters' connections wear out neither."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette

from .config import ConfigError

KEEP_ALIVE_S = 75  # a meter polls every few seconds on one connection
MAX_CONNECTIONS = 1000
BACKLOG = 256


class Server(uvicorn.Server):
    """Leaves signals to the hub: uvicorn would raise them again before the database is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_of(app: Starlette, connections: int = MAX_CONNECTIONS) -> Server:
    settings = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_S,
        limit_concurrency=connections,
        timeout_graceful_shutdown=3,
        server_header=False,
    )
    return Server(settings)


def listening_socket(listen: str) -> socket.socket:
    """A listening socket at host:port. Raises ConfigError when the address cannot be had."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, int(port)), family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:  # UnicodeError: no name of a host
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{listen} cannot be listened on ({reason}). Set another host:port.") from error
    # Head and body of an answer are two writes. Connections inherit this; asyncio, which would set it, passes over
    # sockets that were made without naming their protocol, and each answer would wait 40 ms for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
