"""The line between hub and cloud can be taken away and comes back."""

import threading
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dev.weak_internet import WeakInternet


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Silent."""


@pytest.fixture
def server_port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def echoed(port: int, body: bytes) -> bytes:
    answer: bytes = urllib.request.urlopen(f"http://127.0.0.1:{port}/", data=body, timeout=5).read()
    return answer


def ask(connection: HTTPConnection, body: bytes) -> bytes:
    connection.request("POST", "/", body)
    return connection.getresponse().read()


def test_while_the_line_is_up_everything_passes(server_port: int) -> None:
    body = bytes(range(256)) * 4000
    with WeakInternet(server_port) as internet:
        assert echoed(internet.port(server_port), body) == body


def test_while_the_line_is_down_nobody_gets_through_and_afterwards_everybody(server_port: int) -> None:
    with WeakInternet(server_port) as internet:
        internet.shut()
        with pytest.raises(OSError, match="refused"):
            echoed(internet.port(server_port), b"lost")
        internet.open()
        assert echoed(internet.port(server_port), b"back") == b"back"


def test_a_connection_that_is_open_is_cut_with_the_line(server_port: int) -> None:
    with WeakInternet(server_port) as internet:
        kept = HTTPConnection("127.0.0.1", internet.port(server_port), timeout=5)
        assert ask(kept, b"first") == b"first"
        internet.shut()
        with pytest.raises(ConnectionError):
            ask(kept, b"second")


def test_a_server_that_is_not_there_is_not_there_through_the_line_either() -> None:
    with WeakInternet(1) as internet, pytest.raises(OSError, match=r"closed|reset|pipe"):
        echoed(internet.port(1), b"anybody")
