"""Says what is missing on this machine, and the command or the system package that brings it. Changes nothing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator

from dev import setup, tools
from dev.findings import Finding, tell
from dev.paths import ROOT, data_dir
from dev.ports import PortError, Ports


def python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    right = sys.version_info[:2] == (3, 11)
    return Finding("Python 3.11", version if right else None, f"this is {version}. {tools.PYTHON_HINT}")


def node() -> Finding:
    major = tools.node_major()
    found = f"Node {major}" if major and major >= tools.NODE_MAJOR and shutil.which("npm") else None
    return Finding(f"Node {tools.NODE_MAJOR}+ with npm", found, "install nodejs and npm from nodejs.org or your system")


def firestore_emulator() -> Finding:
    emulator = tools.firestore_emulator()
    found = emulator.name if emulator else None
    if not found and shutil.which("cargo"):
        found = "cargo: `make setup` will build hidane"
    elif not found and (tools.java_major() or 0) >= tools.OFFICIAL_EMULATOR_JAVA:
        found = "Java: `make setup` will download the official emulator"
    remedy = f"install Rust (rustup.rs, or `apt-get install cargo`), or Java {tools.OFFICIAL_EMULATOR_JAVA}+"
    return Finding("Firestore emulator", found, remedy)


def chromium() -> Finding:
    return Finding("Chromium", tools.chromium(), tools.CHROMIUM_HINT)


def mosquitto() -> Finding:
    remedy = f"the tests of the hub's MQTT are skipped; {tools.MOSQUITTO_HINT}"
    return Finding("mosquitto", tools.mosquitto(), remedy, needed=False)


def git() -> Finding:
    return Finding("git", shutil.which("git"), "`apt-get install git`", needed=False)


def disk() -> Finding:
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    found = f"{free_gb:.0f} GB free" if free_gb >= 2 else None
    return Finding("2 GB of disk", found, f"only {free_gb:.1f} GB are free")


def ports() -> Finding:
    try:
        Ports.default().require_free()
    except PortError as error:
        return Finding("free ports", None, str(error), needed=False)
    return Finding("free ports", "all of them", "")


def recordings() -> Finding:
    there = (data_dir() / "uci_minute_60d.csv.gz").is_file()
    remedy = "tests on real recordings are skipped; put them there or set SUNMETER_DATA"
    return Finding("recordings", str(data_dir()) if there else None, f"none in {data_dir()}: {remedy}", needed=False)


def set_up() -> Iterator[Finding]:
    for step in setup.STEPS:
        yield Finding(f"set-up: {step.name}", "done" if setup.is_done(step) else None, "`make setup`", needed=False)


def findings() -> Iterator[Finding]:
    for look in (python, node, firestore_emulator, chromium, mosquitto, git, disk, ports, recordings):
        yield look()
    yield from set_up()


def main() -> int:
    is_whole = tell(findings())
    if not is_whole:
        print("Put in place what is missing, then run `make setup`.")
    return 0 if is_whole else 1


if __name__ == "__main__":
    os.chdir(ROOT)
    raise SystemExit(main())
