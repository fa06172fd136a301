"""One address before several instances of the app: a relay of TCP connections, as a load balancer is."""

import contextlib
import socket
import threading
from collections.abc import Iterator

CHUNK_BYTES = 65_536


class Relay:
    """Hands every new connection to the instance of the moment; `cut` ends those that are open, as its death does."""

    def __init__(self, port: int):
        self.port = port  # of the instance that new connections go to
        self._open: set[socket.socket] = set()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._listen, name="relay", daemon=True).start()

    def cut(self, port: int) -> None:
        """The instance has died: its connections end, and new ones go to another instance."""
        self.port = port
        for each in list(self._open):
            _end(each)

    def close(self) -> None:
        _end(self._door)
        for each in list(self._open):
            _end(each)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._door.accept()
                with contextlib.suppress(OSError):
                    far = socket.create_connection(("127.0.0.1", self.port))
                    for one, other in ((near, far), (far, near)):
                        threading.Thread(target=self._carry, args=(one, other), daemon=True).start()
                    continue
                near.close()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        self._open.add(one)
        with contextlib.suppress(OSError):
            while piece := one.recv(CHUNK_BYTES):
                other.sendall(piece)
        self._open.discard(one)
        _end(one)
        _end(other)


def _end(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()


@contextlib.contextmanager
def relayed(port: int) -> Iterator[Relay]:
    """A relay to the instance at a port, for as long as a `with` block lasts."""
    relay = Relay(port)
    try:
        yield relay
    finally:
        relay.close()
