"""The one command of edge/README.md, in a home of its own: the hub it installs stands alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dev.contract_copies import COPIES
from dev.setup import UV
from sunmeter_edge.config import Config, write_credential
from tests.edge.conftest import CREDENTIAL
from tests.edge.fakes import FakeCloud
from tests.edge.faults.kills import ROOT
from tests.edge.test_cli import WHOLE, write_toml

OUT_OF_REACH = ("client error (Connect)", "Failed to fetch", "dns error", "network was disabled")
NEEDED = ("PATH", "LANG", "SSL_CERT_FILE", "UV_CACHE_DIR", "UV_CONFIG_FILE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the installed program; nothing of the checkout is on any path."""
    home = tmp_path_factory.mktemp("home")
    kept = {name: told for name, told in os.environ.items() if name in NEEDED or name.startswith(("UV_", "PIP_"))}
    kept |= {name: told for name, told in os.environ.items() if name.lower().endswith("_proxy")}
    environment = {**kept, "HOME": str(home), "UV_TOOL_DIR": str(home / "opt"), "UV_TOOL_BIN_DIR": str(home / "bin")}
    command = [
        str(UV),
        "tool",
        "install",
        "--python",
        sys.executable,
        "--constraints",
        "requirements/edge.txt",
        "./edge[mqtt]",
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if any(words in done.stderr for words in OUT_OF_REACH):
        pytest.skip("the package index is out of reach: the hub cannot be installed from it")
    assert done.returncode == 0, done.stderr
    return home


def run(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(home / "bin" / "sunmeter-edge"), *arguments]
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)


def test_the_installed_program_has_all_it_needs_and_says_what_to_do_next(installed: Path) -> None:
    assert run(installed, "--version").returncode == 0
    config = write_toml(installed / "edge.toml", **WHOLE | {"data_dir": str(installed / "data"), "mqtt": "mqtt://h"})
    told = run(installed, "--config", str(config), "run")
    assert (told.returncode, told.stderr.strip()) == (2, "This hub is not enrolled. Run: sunmeter-edge enroll")


def test_the_installed_program_helps_and_finds_what_is_missing(installed: Path) -> None:
    told = run(installed, "--help")
    assert told.returncode == 0
    assert all(word in told.stdout for word in ("enroll", "run", "status", "doctor", "data_dir", "SUNMETER_<KEY>"))
    config = write_toml(installed / "fresh.toml", **WHOLE | {"data_dir": str(installed / "fresh")})
    told = run(installed, "--config", str(config), "doctor")
    assert (told.returncode, told.stderr) == (1, "")
    assert f"WRONG   {installed / 'fresh'} is missing" in told.stdout
    assert "WRONG   This hub is not enrolled. Run: sunmeter-edge enroll" in told.stdout


def test_the_installed_hub_runs_and_says_how_it_is(installed: Path, cloud: FakeCloud, config: Config) -> None:
    write_credential(config, CREDENTIAL)
    keys = {name: told for name, told in vars(config).items() if told} | {"data_dir": str(config.data_dir)}
    file = str(write_toml(installed / "edge.toml", **keys))
    assert "the hub has not run yet" in run(installed, "--config", file, "status").stderr
    command = [str(installed / "bin" / "sunmeter-edge"), "--config", file, "run"]
    hub = subprocess.Popen(command, env={"HOME": str(installed), "PATH": "/usr/bin:/bin"}, cwd=installed)
    try:
        cloud.wait_for(lambda: bool(cloud.of_type("heartbeat")), 30.0)
        assert run(installed, "--config", file, "status").stdout.startswith("hub       runs; the cloud is reached\n")
        told = run(installed, "--config", file, "doctor")
        assert "WRONG" not in told.stdout
        assert told.returncode == 0
        hub.terminate()
        assert hub.wait(10) == 0
    finally:
        hub.kill()
        hub.wait()


def test_the_contract_and_the_optional_parts_came_along(installed: Path) -> None:
    package = next((installed / "opt").glob("sunmeter-edge/lib/python*/site-packages/sunmeter_edge"))
    for module in COPIES["edge/sunmeter_edge/contract"]:
        assert (package / "contract" / f"{module}.py").read_bytes() == (ROOT / "contract" / f"{module}.py").read_bytes()
    assert (package / "optional" / "mqtt.py").exists()


def test_the_checkout_stays_as_it_was(installed: Path) -> None:
    assert not list((ROOT / "edge").glob("*.egg-info"))
    assert not (ROOT / "edge" / "build").exists()
