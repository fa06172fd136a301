"""Google's REST interfaces as the deployment's questions meet them: a server that answers from a table."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]
Bodies = dict[str, Json | list[Json]]
PROJECT = "house-meters"
DATABASE = f"/v1/projects/{PROJECT}/databases/(default)"
ORIGINS = (
    "FIREBASE_API_URL",
    "FIREBASE_CLOUDBILLING_URL",
    "FIREBASE_SERVICE_USAGE_URL",
    "FIRESTORE_URL",
    "CLOUD_SECRET_MANAGER_URL",
    "FIREBASE_IDENTITY_URL",
    "FIREBASE_TOKEN_URL",
)


def ready() -> Bodies:
    """Path → body, of a project that has everything."""
    on = ["fcm", "firebaserules", "firestore", "identitytoolkit", "run", "cloudfunctions"]
    return {
        f"/v1beta1/projects/{PROJECT}": {"projectId": PROJECT, "projectNumber": "4711"},
        f"/v1/projects/{PROJECT}/billingInfo": {"billingEnabled": True},
        f"/v1/projects/{PROJECT}/services": {
            "services": [{"config": {"name": f"{name}.googleapis.com"}, "state": "ENABLED"} for name in on]
        },
        DATABASE: {"locationId": "nam5", "type": "FIRESTORE_NATIVE"},
        f"{DATABASE}/collectionGroups/-/fields": {"fields": [{"indexConfig": {"indexes": [{"state": "READY"}]}}]},
        f"/v1/projects/{PROJECT}/secrets/METER_MASTER_KEY/versions": {"versions": [{"state": "ENABLED"}]},
        f"/admin/v2/projects/{PROJECT}/config": {"signIn": {"email": {"enabled": True, "passwordRequired": True}}},
    }


@contextmanager
def standing_in(bodies: Bodies) -> Iterator[dict[str, str]]:
    """Serves the bodies (of a list one after the other), 404 for anything else.

    Yields the environment in which the Firebase CLI's code asks here.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the refresh token for an access token
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(200, {"access_token": "made-up", "expires_in": 3600, "token_type": "Bearer"})

        def do_GET(self) -> None:
            body = bodies.get(urlsplit(self.path).path.replace("%28", "(").replace("%29", ")"))
            if isinstance(body, list):
                body = body.pop(0) if len(body) > 1 else body[0]
            missing = {"error": {"code": 404, "message": "not there", "status": "NOT_FOUND"}}
            self._answer(200, body) if body is not None else self._answer(404, missing)

        def _answer(self, status: int, body: Json) -> None:
            sent = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield {**os.environ, **dict.fromkeys(ORIGINS, url), "FIREBASE_TOKEN": "made-up"}
    finally:
        server.shutdown()
        server.server_close()
