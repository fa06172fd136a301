"""No open port but the documented ones, and no way into a meter but signed frames."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from dev.paths import ROOT
from dev.ports import answers
from dev.processes import wait_until
from sunmeter_edge.config import Config, write_credential
from tests.edge.conftest import CREDENTIAL, config_at, free_port
from tests.edge.faults.kills import environment

FIRMWARE = ROOT / "firmware"
REMOTE_CONTROLS = {"webrepl", "webrepl_setup", "uftpd", "ftp", "telnetlib", "aioble", "bluetooth", "espnow"}


def listening(pid: int) -> set[int]:
    """TCP ports at which a process listens, by the kernel's own tables."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            sockets.add(str(descriptor.readlink()))
        except FileNotFoundError:  # closed meanwhile
            continue
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports


def started(folder: Path, **more: str) -> tuple[Config, subprocess.Popen[bytes]]:
    """A hub in a process of its own, told `more` by its environment."""
    config = config_at(folder, "127.0.0.1:9")
    folder.mkdir()
    write_credential(config, CREDENTIAL)
    return config, subprocess.Popen([sys.executable, "-m", "sunmeter_edge", "run"], env=environment(config) | more)


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="open ports are read from Linux' /proc")
@pytest.mark.parametrize("page", [False, True])
def test_a_hub_listens_where_it_was_told_to_and_nowhere_else(tmp_path: Path, page: bool) -> None:
    page_port = free_port()
    more = {"SUNMETER_STATUS_PAGE": f"127.0.0.1:{page_port}"} if page else {}
    config, hub = started(tmp_path / "hub", **more)
    documented = {config.port, page_port} if page else {config.port}
    try:
        for port in documented:
            wait_until(partial(answers, port), f"the hub answers at {port}")
        assert listening(hub.pid) == documented
    finally:
        hub.terminate()
        hub.wait(10)


def modules() -> Iterator[Path]:
    yield from sorted(path for path in FIRMWARE.rglob("*.py") if "__pycache__" not in path.parts)


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names


def called(tree: ast.AST) -> set[str]:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {
        func.attr if isinstance(func, ast.Attribute) else func.id
        for func in calls
        if isinstance(func, ast.Attribute | ast.Name)
    }


def opens(tree: ast.AST) -> set[str]:
    """What in a module lets somebody in: remote controls, text that is run, sockets that wait for callers."""
    waiting = {"bind", "listen", "accept"} if imported(tree) & {"socket", "usocket"} else set()
    running = {"start_server", "eval", "exec", "execfile", "compile", "dupterm"}
    return imported(tree) & REMOTE_CONTROLS | called(tree) & (running | waiting)


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(FIRMWARE)))
def test_a_meter_opens_no_port_and_runs_no_text(path: Path) -> None:
    assert opens(ast.parse(path.read_text())) == set()


def test_what_lets_somebody_in_would_be_found() -> None:
    text = "import socket, webrepl\ns = socket.socket(); s.bind(a); s.listen(1)\nexec(text)"
    assert opens(ast.parse(text)) == {"webrepl", "bind", "listen", "exec"}
