"""What stands around the hub in its tests: a meter that signs as the real one, and a cloud that answers over HTTP."""

import base64
import gzip
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from sunmeter_edge.contract import ledger, wire
from sunmeter_edge.watch import Heart

HUB = "hub-uid-1"
MASTER = bytes(range(32))
EMAIL, PASSWORD = "hub@example.org", "correct horse"
START_MS = 1_790_000_100_000  # 2026-09-21T14:15:00Z, where a quarter begins


def reading(**fields: int) -> dict[str, int]:
    """A plausible reading; fields override, and what is not told follows from them."""
    flags = wire.FLAG_CLOCK_SET | wire.FLAG_PV_FITTED | wire.FLAG_REGISTERS_RESUMED
    plain = {name: 0 for name, *_ in wire.READING_FIELDS}
    usual = {
        "boot_id": 7,
        "seq": 1,
        "uptime_ms": 60_000,
        "ts_ms": START_MS,
        "window_ms": 10_000,
        "v_mv": 230_100,
        "f_mhz": 50_000,
        "grid_mw": 500_000,
        "house_mw": 700_000,
        "pv_mw": 200_000,
        "grid_u_mw": 3_000,
        "pv_u_mw": 4_000,
        "flags": flags,
        "coverage_permille": 1000,
        "bursts": 50,
        "rssi_dbm": -60,
        "firmware": 3,
    }
    known = {**plain, **usual, **fields}
    v_mv, grid_mw, pv_mw = known["v_mv"], known["grid_mw"], known["pv_mw"]
    follows = {
        "v_min_mv": max(0, v_mv - 1_100),
        "v_max_mv": v_mv + 900,
        "grid_ma": abs(grid_mw) * 1000 // max(1, v_mv),
        "grid_min_mw": grid_mw - 100_000,
        "grid_max_mw": grid_mw + 100_000,
        "pv_ma": abs(pv_mw) * 1000 // max(1, v_mv),
        "pv_max_mw": pv_mw + 10_000,
    }
    return {**known, **follows, **fields}


def snapshot(**fields: int) -> dict[str, int]:
    plain = {name: 0 for name, *_ in wire.SNAPSHOT_FIELDS}
    return {**plain, "boot_id": 7, "seq": 1, "ts_ms": START_MS, "flags": wire.FLAG_REGISTERS_RESUMED, **fields}


def event(**fields: int) -> dict[str, int]:
    plain = {name: 0 for name, *_ in wire.EVENT_FIELDS}
    return {**plain, "boot_id": 7, "seq": 1, "start_seq": 1, "start_boot": 7, "ts_ms": START_MS, **fields}


@dataclass
class FakeMeter:
    """Signs requests as the firmware does and checks the hub's replies as it would."""

    meter: str = "m-0000000001"
    boot_id: int = 7
    key_version: int = 1
    requests: int = 0

    @property
    def k_meter(self) -> bytes:
        return wire.meter_key(MASTER, self.meter, 1)

    @property
    def link_key(self) -> bytes:
        return wire.link_key(self.k_meter, HUB, self.key_version)

    @property
    def signer(self) -> wire.Signer:
        return wire.Signer(self.link_key)

    def frame(self, kind: int, record: dict[str, int], text: str = "") -> bytes:
        return wire.seal(self.signer, self.meter, kind, wire.encode(kind, record, text))

    def readings(self, records: Iterable[dict[str, int]]) -> list[bytes]:
        return [self.frame(wire.READING, record) for record in records]

    def poll(self, **fields: int) -> bytes:
        """Without uptime_ms it is one of a boot that has just begun: it tells nothing of when earlier samples were."""
        self.requests += 1
        plain = {name: 0 for name, *_ in wire.POLL_FIELDS}
        usual = {"boot_id": self.boot_id, "request_no": self.requests, "assignment_version": 1}
        return self.frame(wire.POLL, {**plain, **usual, "firmware": 3, **fields})

    def body(self, *frames: bytes, **fields: int) -> bytes:
        return self.poll(**fields) + b"".join(frames)

    @property
    def path(self) -> str:
        return f"/v1/meters/{self.meter}/frames"

    def checked(self, body: bytes, mac: str) -> dict[str, Any]:
        """The reply's content, once its mac proved to answer the last request."""
        assert mac == wire.reply_mac(self.signer, self.meter, self.boot_id, self.requests, body)
        told: dict[str, Any] = json.loads(body)
        return told

    def assignment(self) -> bytes:
        return wire.seal(wire.Signer(self.k_meter), self.meter, wire.ASSIGNMENT, b'{"v":1,"version":1}')


Answer = tuple[int, dict[str, Any] | bytes, dict[str, str]]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A hub that is killed resets its connections: no traceback for that."""


@dataclass
class FakeCloud:
    """The functions, Identity Toolkit and the token service on one port, as far as a hub sees them.

    Keeps what it was sent, in order, and intervals by the contract's rule. `answers` are used up first: each stands for
    one whole request to ingest that goes another way.
    """

    items: list[dict[str, Any]] = field(default_factory=list)
    parcels: list[list[dict[str, Any]]] = field(default_factory=list)
    intervals: dict[tuple[str, int], ledger.Interval] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    rejects: Callable[[dict[str, Any]], str | None] = lambda item: None
    adds: dict[str, Any] = field(default_factory=dict)  # to each answer of ingest
    forgets_replies: int = 0  # so many requests are taken in, and their replies lost
    sign_ins: int = 0
    refreshes: int = 0
    token_lasts_s: int = 3600
    refused_tokens: int = 0
    valid: str = "token-0"
    away: bool = False
    assigned: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)  # of firmware, by SHA-256 in hex
    request_names: list[str] = field(default_factory=list)  # the names that ingest was asked under
    fetched: list[str] = field(default_factory=list)
    is_revoked: bool = False
    enrolment: list[Answer] = field(default_factory=list)
    enrolment_asked: list[dict[str, Any]] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                answer = None if cloud.away else cloud.answer(self.path, dict(self.headers), body)
                if answer is None:
                    self.close_connection = True
                    return
                status, told, headers = answer
                content = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        if "accounts:signInWithPassword" in path:
            return self._sign_in(json.loads(body))
        if "securetoken" in path:
            self.refreshes += 1
            token = self._new_token()
            return 200, {"id_token": token, "refresh_token": "refresh", "expires_in": str(self.token_lasts_s)}, {}
        if path.endswith(("/enrolstart", "/enrolpoll")):
            self.enrolment_asked.append(json.loads(body))
            return self.enrolment.pop(0)
        if headers.get("Authorization") != f"Bearer {self.valid}":
            self.refused_tokens += 1
            return 401, {"code": "unauthenticated"}, {}
        if self.is_revoked:
            return 403, {"v": 1, "code": "revoked", "field": "", "message": "Enrol it again."}, {}
        if path.endswith("/firmwarefile"):
            return self._firmware_file(json.loads(body)["sha256"])
        if path.endswith("/linkkeys"):
            return self._link_keys(json.loads(body)["data"]["meters"])
        self.request_names.append(headers["Sunmeter-Request"])
        return self._ingest(json.loads(body)["items"])

    def _sign_in(self, asked: dict[str, Any]) -> Answer:
        if asked["email"] != EMAIL or asked["password"] != PASSWORD:
            return 400, {"error": {"message": "INVALID_LOGIN_CREDENTIALS"}}, {}
        self.sign_ins += 1
        told = {
            "idToken": self._new_token(),
            "refreshToken": "refresh",
            "expiresIn": str(self.token_lasts_s),
            "localId": HUB,
        }
        return 200, told, {}

    def _new_token(self) -> str:
        self.valid = f"token-{self.sign_ins}-{self.refreshes}"
        return self.valid

    def _link_keys(self, meters: list[str]) -> Answer:
        known = [FakeMeter(meter) for meter in meters if meter in self.assigned]
        keys = {meter.meter: {"key": meter.link_key.hex(), "version": 1} for meter in known}
        return 200, {"result": {"keys": keys}}, {}

    def _firmware_file(self, digest: str) -> Answer:
        self.fetched.append(digest)
        return (200, self.files[digest], {}) if digest in self.files else (404, {"code": "no_such_release"}, {})

    def _ingest(self, items: list[dict[str, Any]]) -> Answer | None:
        with self.arrived:
            if self.answers:
                return self.answers.pop(0)
            self.parcels.append(items)
            results = [self._take(item) for item in items]
            self.arrived.notify_all()
            if self.forgets_replies:
                self.forgets_replies -= 1
                return None
        return 200, {"v": 1, "now_ms": 0, "results": results, **self.adds}, {}

    def _take(self, item: dict[str, Any]) -> dict[str, Any]:
        if code := self.rejects(item):
            return {"ok": False, "code": code, "field": "meter"}
        self.items.append(item)
        if item["type"] == "interval":
            interval = ledger.parse_interval(item)
            key = interval.meter, interval.start_s
            if key not in self.intervals or interval.rank > self.intervals[key].rank:
                self.intervals[key] = interval
        return {"ok": True}

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        with self.arrived:
            return [item for item in self.items if item["type"] == kind]

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Returns once the condition holds; it is looked at whenever something arrived."""
        with self.arrived:
            assert self.arrived.wait_for(condition, timeout_s), "the cloud waited in vain"


class Heartless(Heart):
    """Never due: only what waits is sent."""

    def __init__(self) -> None:
        super().__init__(dict, lambda: 0.0)

    def due(self, others_travel: bool) -> list[dict[str, Any]]:
        return []


def unsealed(encoded: str) -> bytes:
    return base64.b64decode(encoded)
