"""A local stand-in for FCM: it records what it was sent and answers as the real one does.

`POST /v1/projects/{project}/messages:send` takes a message. The token decides the answer, by its prefix:
`gone-` 404 UNREGISTERED, `other-` 403 SENDER_ID_MISMATCH, `busy-` 503 UNAVAILABLE, anything else 200.
`POST /v1/projects/{project}/installations` and `…/registrations` make a token of a browser's subscription, as
Firebase's JavaScript SDK asks for it. Nothing is delivered: `web_push` gives what a browser would be told.
`GET /sent` lists every accepted or refused message in order; `DELETE /sent` forgets them.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from dev.ports import HOST

SEND_PATH = re.compile(r"/v1/projects/(?P<project>[^/]+)/messages:send")
INSTALL_PATH = re.compile(r"/v1/projects/[^/]+/installations")
REGISTER_PATH = re.compile(r"/v1/projects/[^/]+/registrations")
INSTALLATION = re.compile(r"[cdef][A-Za-z0-9_-]{21}")
ERROR_TYPE = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


@dataclass(frozen=True)
class Refusal:
    """One error answer of FCM."""

    http_status: int
    status: str
    error_code: str
    message: str

    def body(self) -> dict[str, Any]:
        detail = {"@type": ERROR_TYPE, "errorCode": self.error_code}
        return {
            "error": {
                "code": self.http_status,
                "status": self.status,
                "message": self.message,
                "details": [detail],
            }
        }


MALFORMED = Refusal(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "The message has no token.")
REFUSALS = {
    "gone-": Refusal(404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found."),
    "other-": Refusal(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", "SenderId mismatch"),
    "busy-": Refusal(503, "UNAVAILABLE", "UNAVAILABLE", "The service is currently unavailable."),
}


@dataclass(frozen=True)
class Sent:
    """One message as it arrived, when it did, and the status it was answered with."""

    project: str
    token: str
    message: dict[str, Any]
    http_status: int
    at_ms: int


def web_push(message: dict[str, Any]) -> dict[str, Any]:
    """What FCM writes to a browser for a message: what `webpush` says of the notification goes before the rest."""
    notification = {**message.get("notification", {}), **message.get("webpush", {}).get("notification", {})}
    return {"notification": notification, "data": message.get("data", {}), "from": "0", "fcmMessageId": "0"}


def installed(asked: object) -> tuple[int, dict[str, Any]]:
    """The answer to an installation that introduces itself."""
    fid = asked.get("fid") if isinstance(asked, dict) else None
    if not isinstance(asked, dict) or not isinstance(fid, str) or not INSTALLATION.fullmatch(fid):
        return 400, {"error": {"code": 400, "message": "no installation id"}}
    return 200, {"fid": fid, "refreshToken": "r", "authToken": {"token": f"auth-{fid}", "expiresIn": "604800s"}}


def registered(asked: object, authorization: str) -> tuple[int, dict[str, Any]]:
    """The answer to a subscription: the same one always has the same token."""
    web = asked.get("web") if isinstance(asked, dict) else None
    if not authorization.startswith("FIS auth-"):
        return 401, {"error": {"code": 401, "message": "no installation"}}
    if not isinstance(web, dict) or not all(web.get(name) for name in ("endpoint", "auth", "p256dh")):
        return 400, {"error": {"code": 400, "message": "no subscription"}}
    return 200, {"token": f"web-{hashlib.sha256(web['endpoint'].encode()).hexdigest()[:32]}"}


@dataclass
class Outbox:
    """What was sent so far; shared by the server's threads."""

    sent: list[Sent] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, project: str, message: object) -> tuple[int, dict[str, Any]]:
        """Records a message and returns the (status, body) of its answer."""
        token = message.get("token") or message.get("fid") if isinstance(message, dict) else None
        if not isinstance(message, dict) or not isinstance(token, str):
            return MALFORMED.http_status, MALFORMED.body()
        at_ms = time.time_ns() // 1_000_000
        refusal = next((answer for prefix, answer in REFUSALS.items() if token.startswith(prefix)), None)
        status = refusal.http_status if refusal else 200
        with self.lock:
            self.sent.append(Sent(project, token, message, status, at_ms))
            number = len(self.sent)
        return status, refusal.body() if refusal else {"name": f"projects/{project}/messages/{number}"}

    def listing(self) -> list[dict[str, Any]]:
        with self.lock:
            return [asdict(sent) for sent in self.sent]

    def forget(self) -> None:
        with self.lock:
            self.sent.clear()


class FcmStandIn:
    """The server, on a thread of this process. Use as a context manager."""

    def __init__(self, port: int) -> None:
        self.outbox = Outbox()
        self.url = f"http://{HOST}:{port}"
        self._server = ThreadingHTTPServer((HOST, port), _handler(self.outbox))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="fcm", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(outbox: Outbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                request = json.loads(body)
            except ValueError:
                request = None
            self._answer(*self._outcome(request))

        def _outcome(self, request: object) -> tuple[int, dict[str, Any]]:
            if INSTALL_PATH.fullmatch(self.path):
                return installed(request)
            if REGISTER_PATH.fullmatch(self.path):
                return registered(request, self.headers.get("x-goog-firebase-installations-auth") or "")
            if route := SEND_PATH.fullmatch(self.path):
                return outbox.take(route["project"], request.get("message") if isinstance(request, dict) else None)
            return 404, {"error": {"code": 404, "message": f"no {self.path} here"}}

        def do_GET(self) -> None:
            known = self.path == "/sent"
            self._answer(200 if known else 404, {"sent": outbox.listing()} if known else {})

        def do_DELETE(self) -> None:
            known = self.path == "/sent"
            if known:
                outbox.forget()
            self._answer(200 if known else 404, {})

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            encoded = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, format: str, *arguments: object) -> None:
            """Silent: what was sent is read at /sent."""

    return Handler


def main(port: int) -> None:
    with FcmStandIn(port) as standin:
        print(f"FCM stand-in at {standin.url}; what it was sent: {standin.url}/sent")
        threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]))
