"""The Emulator Suite asks a function's worker over a new connection each time; an old one may end as it is used."""

import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from dev.ports import HOST
from dev.stack import FRESH_CONNECTIONS

ASK_TWICE = """
const http = require("node:http");
const url = process.argv[1];
const ask = (then) => http.get(url, (answer) => answer.resume().on("end", () => setImmediate(then)));
ask(() => ask(() => process.exit()));
"""


class Worker(ThreadingHTTPServer):
    """Answers as a function's worker does, and knows how many connections it was asked over."""

    connections = 0

    def process_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        self.connections += 1
        super().process_request(request, client_address)


class KeptOpen(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def worker() -> Iterator[Worker]:
    with Worker((HOST, 0), KeptOpen) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    ("options", "connections"),
    [((), 1), (("--require", str(FRESH_CONNECTIONS)), 2)],
    ids=["as Node does", "as the stack starts it"],
)
def test_each_request_has_a_connection_of_its_own(worker: Worker, options: tuple[str, ...], connections: int) -> None:
    url = f"http://{HOST}:{worker.server_port}/"
    subprocess.run(["node", *options, "-e", ASK_TWICE, url], check=True, timeout=60)
    assert worker.connections == connections
