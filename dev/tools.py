"""Finds the programs that come from outside: Chromium, mosquitto, the Firestore emulator, Java, Cargo."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dev.paths import TOOLS

HIDANE_VERSION = "0.6.0"
OFFICIAL_EMULATOR_JAVA = 21  # firebase-tools 15 refuses an older one for Firestore
NODE_MAJOR = 20

PYTHON_HINT = (  # the Makefile says the same where there is no Python to say it
    "Install it (Debian 12: `apt-get install python3.11 python3.11-venv`; macOS: `brew install python@3.11`; "
    "anywhere: `pyenv install 3.11`), or name it: make … PYTHON=/path/to/python3.11"
)
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_HINT = (
    "install Chromium from your system's packages (Debian, Ubuntu: `apt-get install chromium`), "
    "or set SUNMETER_CHROMIUM to its path"
)


def chromium() -> str | None:
    """Path of Chromium or Chrome, or None. SUNMETER_CHROMIUM comes first."""
    named = os.environ.get("SUNMETER_CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


MOSQUITTO_HINT = "install mosquitto from your system's packages (Debian, Ubuntu: `apt-get install mosquitto`)"


def mosquitto() -> str | None:
    """Path of the MQTT broker that the hub's optional part is tested against, or None."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def hidane() -> str | None:
    """Path of the Rust Firestore emulator: the one on PATH, else the project's own."""
    on_path = shutil.which("hidane")
    own = TOOLS / "bin" / "hidane"
    return on_path or (str(own) if own.is_file() else None)


def major_version(*command: str) -> int | None:
    """First number a program prints for its version, or None when it is missing or fails."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"(\d+)\.?", result.stdout + result.stderr)
    return int(found.group(1)) if result.returncode == 0 and found else None


def java_major() -> int | None:
    return major_version("java", "-version")


def node_major() -> int | None:
    return major_version("node", "--version")


@dataclass(frozen=True)
class FirestoreEmulator:
    """How the Firestore emulator is put under `firebase emulators:start`."""

    name: str
    prefix: tuple[str, ...]  # words before `firebase …`; empty for the official emulator


def firestore_emulator() -> FirestoreEmulator | None:
    """The emulator that set-up made available, or None."""
    path = hidane()
    if path:
        return FirestoreEmulator(f"hidane ({path})", (path, "exec", "--"))
    if (java_major() or 0) >= OFFICIAL_EMULATOR_JAVA and official_emulator_jars():
        return FirestoreEmulator("the official emulator (Java)", ())
    return None


def official_emulator_jars() -> list[Path]:
    """The Firestore emulator as firebase-tools keeps it after downloading it once."""
    cache = os.environ.get("FIREBASE_EMULATORS_PATH") or Path.home() / ".cache" / "firebase" / "emulators"
    return sorted(Path(cache).glob("cloud-firestore-emulator-*.jar"))
