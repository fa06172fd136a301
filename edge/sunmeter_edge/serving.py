"""The listening socket and the HTTP server on it, which meters' connections wear out neither."""

import contextlib
import errno
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette

from .config import ConfigError
from .guard import Guard

KEEP_ALIVE_S = 75  # a meter polls every few seconds on one connection
BACKLOG = 256
MAX_HEAD_BYTES = 8192
SEND_BUFFER_BYTES = 65_536  # four answers of the longest; the system would take megabytes for who does not read


class Server(uvicorn.Server):
    """Leaves signals to the hub: uvicorn would raise them again before the database is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_of(app: Starlette, guard: Guard) -> Server:
    settings = uvicorn.Config(
        guard.app(app),
        http=guard.protocol,
        ws="none",
        proxy_headers=False,  # nobody stands between: a client cannot say where it comes from
        log_config=None,
        log_level="error",  # what clients do wrong is counted: nobody on the LAN can fill the log
        access_log=False,
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
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
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            sentence = f"{listen} cannot be listened on: something does. A hub (sunmeter-edge status)? Else set another"
        else:
            sentence = f"{listen} cannot be listened on ({getattr(error, 'strerror', None) or error}). Set another"
        raise ConfigError(f"{sentence} host:port.") from error
    # Head and body of an answer are two writes. Connections inherit this; asyncio, which would set it, passes over
    # sockets that were made without naming their protocol, and each answer would wait 40 ms for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    return listener
