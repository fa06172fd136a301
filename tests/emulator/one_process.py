"""Every HTTP function of functions/main.py in one process, over HTTP and on the stack's Firestore and Authentication.

The Functions emulator starts a process for each function: for fifty of them that is minutes. Here an answer also says
which documents were written before it. Tasks are taken and not run.

    python -m tests.emulator.one_process PORT
"""

from __future__ import annotations

import dataclasses
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dev.actors import Place
from dev.paths import FUNCTIONS_PYTHON, IMPORT_ROOTS, ROOT
from dev.ports import HOST, answers, free_port
from dev.processes import wait_until
from dev.stack import Stack

WRITTEN = "X-Written"  # paths, separated by blanks


@contextmanager
def served(stack: Stack) -> Iterator[Place]:
    """The stack, its functions in one process of its own."""
    port = free_port()
    program = stack.processes.start(
        "one-process",
        [FUNCTIONS_PYTHON, "-m", "tests.emulator.one_process", str(port)],
        cwd=ROOT,
        environment={**stack.functions_environment, "PYTHONPATH": os.pathsep.join(map(str, IMPORT_ROOTS))},
    )
    try:
        wait_until(lambda: answers(port), "all functions are served", program=program)
        yield dataclasses.replace(Place.of(stack), functions=f"http://{HOST}:{port}")
    finally:
        stack.processes.stop_program(program)


class Recorder:
    """Firestore's client library; what a thread commits is noted."""

    def __init__(self, api: Any) -> None:
        self._api = api
        self._of_thread = threading.local()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def commit(self, request: Any, **more: Any) -> Any:
        answer = self._api.commit(request=request, **more)
        names = (each.update.name or each.delete for each in map(_raw, request["writes"]))
        self._of_thread.written = [*self.taken(), *(name.split("/documents/")[1] for name in names)]
        return answer

    def taken(self) -> list[str]:
        """What this thread committed since it was last asked."""
        written: list[str] = getattr(self._of_thread, "written", [])
        self._of_thread.written = []
        return written


def _raw(write: Any) -> Any:
    return getattr(write, "_pb", write)


def main(port: int) -> None:
    import flask
    import main as declared

    from sunmeter import clients, web

    real = clients.cloud()
    recorder = Recorder(real.store.db._firestore_api)
    real.store.db._firestore_api_internal = recorder
    ours = dataclasses.replace(real, enqueue=lambda *task, **more: None)
    vars(web)["cloud"] = lambda: ours
    app = flask.Flask(__name__)

    @app.route("/<name>", methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"])
    def run(name: str) -> flask.Response:
        recorder.taken()
        response = flask.make_response(getattr(declared, name)(flask.request))
        response.headers[WRITTEN] = " ".join(recorder.taken())
        return response

    app.run(HOST, port, threaded=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
