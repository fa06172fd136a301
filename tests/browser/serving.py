"""The app on a port of this process, in a thread of its own, for as long as a `with` block lasts."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import flet_web.fastapi as flet_web  # type: ignore[import-untyped]
import uvicorn
from starlette.types import ASGIApp

START_S = 20.0
_EVICTION = "_FletAppManager__evict_sessions_task"  # ends sessions whose tab is gone; Flet begins it once a process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(app: ASGIApp, port: int | None = None) -> Iterator[str]:
    """Serves an app; gives its address. Each server has a loop of its own, and ends its sessions there."""
    vars(flet_web.app_manager)[_EVICTION] = None
    port = port or free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, name="app", daemon=True)
    thread.start()
    give_up_s = time.monotonic() + START_S
    while not server.started:
        if time.monotonic() > give_up_s or not thread.is_alive():
            raise RuntimeError("the app did not start")
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
