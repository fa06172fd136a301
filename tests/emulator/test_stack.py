"""The local stack itself: what runs, who is refused, and that nothing is left behind."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from dev import reaper
from dev.ports import PortError, Ports
from dev.stack import PROJECT, Stack

pytestmark = pytest.mark.stack


def call(method: str, url: str, body: object = None, token: str | None = None) -> tuple[int, Any]:
    """One JSON request; (status, decoded answer)."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(
        url, data=None if body is None else json.dumps(body).encode(), method=method, headers=headers
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def sign_up(stack: Stack, email: str) -> tuple[str, str]:
    """A new account of the Auth emulator: (uid, ID token)."""
    url = f"http://{stack.auth}/identitytoolkit.googleapis.com/v1/accounts:signUp?key=local"
    status, account = call("POST", url, {"email": email, "password": "a-password", "returnSecureToken": True})
    assert status == 200
    return account["localId"], account["idToken"]


def document_url(stack: Stack, path: str) -> str:
    return f"http://{stack.firestore}/v1/projects/{PROJECT}/databases/(default)/documents/{path}"


def test_the_functions_answer(stack: Stack) -> None:
    assert call("GET", stack.function_url("healthz")) == (200, {"ok": True})


def test_an_account_reads_its_own_document_and_no_stranger_does(stack: Stack) -> None:
    ada, ada_token = sign_up(stack, "ada@example.com")
    _, eve_token = sign_up(stack, "eve@example.com")
    own = document_url(stack, f"users/{ada}")
    fields = {"fields": {"name": {"stringValue": "Ada"}}}
    assert call("PATCH", own, fields, "owner")[0] == 200
    assert call("GET", own, token=ada_token)[0] == 200
    assert call("GET", own, token=eve_token)[0] == 403
    assert call("GET", own)[0] == 403


def test_a_path_that_no_rule_names_is_refused_to_everybody(stack: Stack) -> None:
    _, token = sign_up(stack, "ada@example.com")
    assert call("GET", document_url(stack, "nowhere/nothing"), token=token)[0] == 403


def test_clearing_forgets_documents_and_accounts(stack: Stack) -> None:
    uid, _ = sign_up(stack, "ada@example.com")
    call("PATCH", document_url(stack, f"users/{uid}"), {"fields": {}}, "owner")
    stack.clear()
    assert call("GET", document_url(stack, f"users/{uid}"), token="owner")[0] == 404
    sign_up(stack, "ada@example.com")


def test_the_scheduled_functions_are_called_by_the_clock(stack: Stack) -> None:
    assert set(stack.clock.schedules) == {"nightly", "reconcile", "watchhubs"}
    for name in stack.clock.schedules:
        stack.clock.fire(name)


def test_a_port_in_use_is_named_with_the_way_out(stack: Stack) -> None:
    with pytest.raises(PortError, match=rf"port {stack.ports.auth}, for auth.*SUNMETER_PORT_BASE=21000 make"):
        Stack(stack.ports).__enter__()


OWN_STACK = """
import time
from dev.ports import Ports
from dev.stack import Stack

with Stack(Ports.free()) as stack:
    stack.warm(["healthz"])
    print(stack.processes.run_id, flush=True)
    time.sleep(600)
"""


@pytest.mark.slow
def test_no_process_is_left_behind_when_the_program_that_holds_the_stack_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", OWN_STACK], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        run_id = holder.stdout.readline().strip()
        started = reaper.marked(run_id)
        holder.kill()
    assert len(started) >= 5  # the CLI, Firestore, a shell and the function's two Python processes
    deadline_s = time.monotonic() + 15
    while reaper.marked(run_id) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    assert reaper.marked(run_id) == set()


@pytest.mark.slow
def test_saved_data_and_keys_are_there_after_the_next_start(stack: Stack, tmp_path: Path) -> None:
    uid, _ = sign_up(stack, "ada@example.com")
    packed = {"fields": {"column": {"bytesValue": "AAECAwQ="}}}
    assert call("PATCH", document_url(stack, f"homes/{uid}"), packed, "owner")[0] == 200
    stack.save(tmp_path)
    with Stack(Ports.free(), keep=tmp_path) as next_start:
        status, document = call("GET", document_url(next_start, f"homes/{uid}"), token="owner")
        assert (status, document["fields"]) == (200, packed["fields"])
        sign_in = f"http://{next_start.auth}/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=local"
        status, account = call("POST", sign_in, {"email": "ada@example.com", "password": "a-password"})
        assert (status, account["localId"]) == (200, uid)
        assert next_start.functions_environment["METER_MASTER_KEY"] == stack.functions_environment["METER_MASTER_KEY"]
