"""A hub for the tests of the meter: the contract's HTTP with a memory instead of a database, and faults on request."""

import base64
import json
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from contract import wire
from contract.refusal import Refusal

Key = tuple[int, int]


def wall_ms() -> int:
    return int(time.time() * 1000)


class _Server(ThreadingHTTPServer):
    """A meter that loses its power closes its connection without a word: no error here."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class FakeHub:
    """One hub of one meter. Its fields are what it heard, and what it is to do: tests may change these any time."""

    def __init__(self, meter: str, k_link: bytes | None, port: int = 0, now_ms: Callable[[], int] = wall_ms):
        """port: 0 takes a free one; now_ms: its clock, unless `origin_ms` is set."""
        self.meter = meter
        self.signer = wire.Signer(k_link) if k_link else None  # None: the meter is unknown here
        self.now_ms = now_ms
        self.origin_ms: int | None = None  # the hub's time when the meter's uptime was 0: for meters that play the past
        self.records: dict[Key, tuple[int, dict[str, int]]] = {}
        self.arrived_ms: dict[Key, int] = {}  # the meter's uptime when it sent them
        self.texts: dict[Key, str] = {}
        self.polls: list[dict[str, int]] = []
        self.sizes: list[int] = []  # frames beside the poll, of each request
        self.duplicates = 0
        self.connections = 0
        self.registers: list[int] | None = None
        self.blobs: dict[str, bytes] = {}  # model, config, assignment: sealed
        self.commands: list[bytes] = []
        self.manifest_version = 0  # of blobs["manifest"], sent to a meter that knows of no newer
        self.files: dict[str, bytes] = {}  # of firmware, by SHA-256 in hex
        self.pieces = 0
        self.to_spoil: Callable[[bytes], bytes] = lambda piece: piece
        self.cadence_ms = 10_000
        self.lease_until_ms = 0
        self.to_refuse: Callable[[int, dict[str, int]], bool] = lambda kind, record: False
        self.refused: list[Key] = []
        self.wrong_mac = False
        self.replays = False  # answers with the first reply it ever gave
        self.is_away = False
        self.away_between_ms = (0, 0)  # uptimes of the meter
        self.delay_s = 0.0  # before each answer
        self.answers_nonsense = False
        self._first_reply: tuple[bytes, str] | None = None
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), self._handler())
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> "FakeHub":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def of(self, kind: int) -> list[dict[str, int]]:
        """What it heard of a kind, in the order of boot and sequence as it came."""
        with self._lock:
            return [record for found, record in self.records.values() if found == kind]

    def wait_for(self, condition: Callable[["FakeHub"], bool], timeout_s: float = 15.0) -> None:
        """Raises AssertionError when the condition does not come true."""
        until = time.monotonic() + timeout_s
        while not condition(self):
            assert time.monotonic() < until, "the hub waited in vain"
            time.sleep(0.01)

    def is_away_at(self, body: bytes) -> bool:
        """Whether it is away at the uptime that this request's poll tells."""
        if self.signer is None or self.away_between_ms == (0, 0):
            return False
        kind, schema, payload = wire.open_frame(self.signer, self.meter, wire.split(body)[0])
        from_ms, until_ms = self.away_between_ms
        return from_ms <= wire.decode(kind, schema, payload)["uptime_ms"] < until_ms

    def answer(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body) for one request."""
        if self.answers_nonsense:
            return 200, {"Sunmeter-Mac": "00"}, b"\x00nonsense"
        if self.signer is None:
            return 404, {}, self._refusal("unknown_meter")
        frames = wire.split(body)
        try:
            kind, schema, payload = wire.open_frame(self.signer, self.meter, frames[0])
        except Refusal as refusal:
            return 401, {}, self._refusal(refusal.code)
        assert kind == wire.POLL
        poll = wire.decode(kind, schema, payload)
        with self._lock:
            reply = self._reply(poll, [self._judged(frame) for frame in frames[1:]])
        mac = wire.reply_mac(self.signer, self.meter, poll["boot_id"], poll["request_no"], reply)
        self._first_reply = self._first_reply or (reply, mac)
        if self.replays:
            reply, mac = self._first_reply
        if self.wrong_mac:
            mac = "00" * 32
        return 200, {"Sunmeter-Mac": mac}, reply

    def piece(self, path: str) -> tuple[int, bytes]:
        """(status, body) of a GET: what a file holds from `at` on, in one piece."""
        digest, _, at = path.removeprefix("/v1/firmware/").partition("?at=")
        if digest not in self.files:
            return 404, b""
        self.pieces += 1
        return 200, self.to_spoil(self.files[digest][int(at) : int(at) + wire.PIECE_BYTES])

    def _judged(self, frame: bytes) -> tuple[int, dict[str, int], bytes]:
        assert self.signer
        kind, schema, payload = wire.open_frame(self.signer, self.meter, frame)
        return kind, wire.decode(kind, schema, payload), payload

    def _reply(self, poll: dict[str, int], items: list[tuple[int, dict[str, int], bytes]]) -> bytes:
        self.polls.append(poll)
        self.sizes.append(len(items))
        acknowledged, refused = [], []
        for kind, record, payload in items:
            key = (record["boot_id"], record["seq"])
            if self.to_refuse(kind, record):
                refused.append([*key, "out_of_range", "test"])
                self.refused.append(key)
                continue
            self.arrived_ms.setdefault(key, poll["uptime_ms"])
            self._keep(key, kind, record, payload)
            acknowledged.append([*key, key[1]])
        reply: dict[str, Any] = {
            "v": 1,
            "now_ms": self.now_ms() if self.origin_ms is None else self.origin_ms + poll["uptime_ms"],
            "ack": acknowledged,
            "refused": refused,
            "regs": self.registers,
            "cadence_ms": self.cadence_ms,
            "lease_until_ms": self.lease_until_ms,
            "commands": [base64.b64encode(blob).decode() for blob in self.commands],
        }
        told = {name: base64.b64encode(blob).decode() for name, blob in self.blobs.items()}
        if self.manifest_version <= poll["manifest_version"]:
            told.pop("manifest", None)
        reply.update(told)
        return json.dumps(reply).encode()

    def _keep(self, key: Key, kind: int, record: dict[str, int], payload: bytes) -> None:
        if key in self.records:
            self.duplicates += 1
            return
        self.records[key] = (kind, record)
        if kind == wire.RESULT:
            self.texts[key] = wire.result_text(payload)
        if kind in (wire.READING, wire.SNAPSHOT) and record["flags"] & wire.FLAG_REGISTERS_RESUMED:
            known = self.registers or [0, 0, 0, 0]
            self.registers = [max(a, record[name]) for a, name in zip(known, wire.REGISTERS, strict=True)]

    def _refusal(self, code: str) -> bytes:
        told = {"v": 1, "code": code, "field": ""}
        if "assignment" in self.blobs:
            told["assignment"] = base64.b64encode(self.blobs["assignment"]).decode()
        return json.dumps(told).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def setup(self) -> None:
                super().setup()
                hub.connections += 1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == f"/v1/meters/{hub.meter}/frames"
                if hub.is_away or hub.is_away_at(body):
                    self.close_connection = True
                    return
                time.sleep(hub.delay_s)
                self._send(*hub.answer(body))

            def do_GET(self) -> None:
                if hub.is_away:
                    self.close_connection = True
                    return
                status, piece = hub.piece(self.path)
                self._send(status, {}, piece)

            def _send(self, status: int, headers: dict[str, str], answer: bytes) -> None:
                self.send_response(status)
                for name, text in headers.items():
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                self.wfile.flush()

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        return Handler
