"""Where things are in a checkout, and the few settings a developer may give by environment."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
RUN = ROOT / ".run"
VENV_PYTHON = ROOT / ".venv" / "bin" / "python"
FUNCTIONS = ROOT / "functions"
FUNCTIONS_PYTHON = FUNCTIONS / "venv" / "bin" / "python"
NODE_MODULES = ROOT / "node_modules"
FIREBASE = NODE_MODULES / ".bin" / "firebase"

# The folders whose packages the programs import from the checkout (pytest's `pythonpath` says the same, and flet_fcm).
IMPORT_ROOTS = (ROOT, ROOT / "edge", ROOT / "client", ROOT / "functions")


_SAID = {"": False, "0": False, "no": False, "false": False, "1": True, "yes": True, "true": True}


class BadSetting(Exception):
    """A setting whose value means nothing; the message says which would."""


def is_on(variable: str) -> bool:
    """Whether a switch among the environment's variables is on; not given is off. Raises BadSetting."""
    said = os.environ.get(variable, "")
    if said.lower() not in _SAID:
        raise BadSetting(f"{variable} takes 1 or 0, not '{said}'")
    return _SAID[said.lower()]


def data_dir() -> Path:
    """The folder of public recordings: SUNMETER_DATA, else `shared/data` beside the checkout."""
    return Path(os.environ.get("SUNMETER_DATA") or ROOT.parent / "shared" / "data")


def python_path() -> str:
    """PYTHONPATH for a program that is run from the checkout."""
    return os.pathsep.join(map(str, IMPORT_ROOTS))
