"""The HTTP client: what a hub does wrong costs bounded time and memory, and the next request starts anew."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.firmware.interpreters import Interpreter, start

Answer = Callable[[socket.socket], None]
GOOD = b"HTTP/1.1 200 OK\r\nSunmeter-Mac: ab\r\nContent-Length: 4\r\n\r\nbody"
UNDERSTOOD = [200, "ab", b"body"]
HUNG_S = 1.0  # instead of the five seconds of the meter; a busy machine answers within it
PATIENT_S = 5.0  # where every answer comes


@pytest.fixture(scope="module", params=["cpython", "unix"])
def sockets(request: pytest.FixtureRequest) -> Iterator[Interpreter]:
    """The interpreters that have sockets."""
    running = start(request.param)
    yield running
    running.close()


class Server:
    """Answers one request of each connection after the other as told, then with nothing more; counts connections."""

    def __init__(self, *answers: Answer):
        self._answers = iter(answers)
        self.connections = 0
        self.left_open = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        self.left_open += 1
        with connection:
            try:
                while connection.recv(4096):
                    next(self._answers)(connection)
            except (OSError, StopIteration):
                pass
        self.left_open -= 1

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def serving(*answers: Answer) -> Iterator[Server]:
    server = Server(*answers)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


def says(*parts: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return answer


def drips(raw: bytes, each_s: float) -> Answer:
    def answer(connection: socket.socket) -> None:
        for at in range(len(raw)):
            connection.sendall(raw[at : at + 1])
            time.sleep(each_s)

    return answer


def floods(head: bytes, line: bytes) -> Answer:
    """Never ends by itself."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(line * 64)

    return answer


def hangs_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def says_and_hangs_up(raw: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionAbortedError  # what still comes in takes no answer away from the next connection

    return answer


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode()


def test_requests_share_a_connection(sockets: Interpreter) -> None:
    with serving(*[says(GOOD)] * 6) as server:
        assert sockets.call("probe_link", "ask", server.port, PATIENT_S, 6) == [UNDERSTOOD] * 6
        assert server.connections == 1


def test_an_answer_in_many_parts_is_put_together(sockets: Interpreter) -> None:
    body = bytes(range(256)) * 60
    told = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body)
    parts = [told[:9], told[9:-2], told[-2:] + body[:100], body[100:9000], body[9000:]]
    with serving(says(*parts), says(GOOD)) as server:
        assert sockets.call("probe_link", "ask", server.port, PATIENT_S, 2) == [[200, "", body], UNDERSTOOD]


@pytest.mark.parametrize("status", [301, 404, 500, 503])
def test_every_status_is_passed_on_and_no_redirect_followed(sockets: Interpreter, status: int) -> None:
    answer = head(f"HTTP/1.1 {status} Any", "Location: http://127.0.0.1:1/", "Content-Length: 0")
    with serving(says(answer), says(GOOD)) as server:
        assert sockets.call("probe_link", "ask", server.port, PATIENT_S, 2) == [[status, "", b""], UNDERSTOOD]


def test_a_connection_that_the_hub_closed_while_it_was_idle_is_opened_again(sockets: Interpreter) -> None:
    with serving(says_and_hangs_up(GOOD), says(GOOD)) as server:
        assert sockets.call("probe_link", "ask", server.port, PATIENT_S, 2) == [UNDERSTOOD] * 2


BAD: list[tuple[str, Answer]] = [
    ("says nothing", says(b"")),
    ("hangs up", hangs_up),
    ("nonsense", says(b"\x00\xff" * 20 + b"\r\n\r\n")),
    ("another protocol", says(b"SSH-2.0-OpenSSH\r\n\r\n")),
    ("no status", says(head("HTTP/1.1", "Content-Length: 0"))),
    ("a status in words", says(head("HTTP/1.1 fine", "Content-Length: 0"))),
    ("no length", says(head("HTTP/1.1 200 OK"))),
    ("chunks", says(head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"), b"4\r\nbody\r\n0\r\n\r\n")),
    ("a length in words", says(head("HTTP/1.1 200 OK", "Content-Length: four"), b"body")),
    ("a negative length", says(head("HTTP/1.1 200 OK", "Content-Length: -1"))),
    ("a huge length", says(head("HTTP/1.1 200 OK", "Content-Length: 16385"))),
    ("an absurd length", says(head("HTTP/1.1 200 OK", "Content-Length: " + "9" * 400))),
    ("more than it told", says(GOOD + b"and more")),
    ("less than it told", says(GOOD[:-1])),
    ("less, and hangs up", says_and_hangs_up(GOOD[:-1])),
    ("a mac that is no text", says(b"HTTP/1.1 200 OK\r\nSunmeter-Mac: \xff\xfe\r\nContent-Length: 0\r\n\r\n")),
    ("slow drips", drips(GOOD, 0.02)),
    ("a head without end", floods(b"HTTP/1.1 200 OK\r\n", b"X-Sunmeter: and another one\r\n")),
    ("a line without end", floods(b"HTTP/1.1 200 OK\r\nX-Sunmeter: ", b"x" * 64)),
]


@pytest.mark.parametrize(("name", "answer"), BAD, ids=[name for name, _ in BAD])
def test_a_bad_answer_is_given_up_and_the_next_request_starts_anew(
    sockets: Interpreter, name: str, answer: Answer
) -> None:
    with serving(answer, says(GOOD)) as server:
        assert sockets.call("probe_link", "ask", server.port, HUNG_S, 2) == ["unreachable", UNDERSTOOD]
        assert server.connections == 2


def test_surplus_that_comes_late_spoils_one_answer_only(sockets: Interpreter) -> None:
    late = says(GOOD), says(b"late" + GOOD), says(GOOD)
    with serving(*late) as server:
        assert sockets.call("probe_link", "ask", server.port, PATIENT_S, 3) == [UNDERSTOOD, "unreachable", UNDERSTOOD]


def test_nobody_listens(sockets: Interpreter) -> None:
    with serving() as server:
        port = server.port
    assert sockets.call("probe_link", "ask", port, HUNG_S, 2) == ["unreachable"] * 2


def test_bad_answers_leave_neither_memory_nor_sockets_behind() -> None:
    """In a heap of 100 kB, an unending head costs no more than a good one."""
    running = start("unix", heap="100k")
    flood = floods(b"HTTP/1.1 200 OK\r\n", b"X-Sunmeter: and another one\r\n")
    with serving(*[flood] * 40) as server:
        assert running.call("probe_link", "memory_after", server.port, HUNG_S, 30) < 2_000
        until_s = time.monotonic() + 5
        while server.left_open and time.monotonic() < until_s:
            time.sleep(0.01)
        assert server.left_open == 0
    running.close()
