"""What functions/ declares, as the Firebase CLI discovers it: triggers, schedules, queues, secrets, memory."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from dev.paths import FUNCTIONS, FUNCTIONS_PYTHON

# The same calls the CLI's discovery server makes, without the server.
DISCOVER = (
    "import json, yaml; from firebase_functions.private import serving; "
    "print(json.dumps(yaml.safe_load(serving.functions_as_yaml(serving.get_functions()))))"
)


class ManifestError(Exception):
    """functions/main.py could not be loaded; the message is its traceback."""


def read_manifest(functions: Path = FUNCTIONS) -> dict[str, Any]:
    """The manifest of a functions folder: {"endpoints": {name: …}, "params": […], "requiredAPIs": […]}."""
    result = subprocess.run(
        [FUNCTIONS_PYTHON, "-c", DISCOVER], cwd=functions, capture_output=True, text=True, timeout=60, check=False
    )
    if result.returncode:
        raise ManifestError(result.stderr.strip())
    manifest: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return manifest


def schedules(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Name → schedule trigger ({"schedule": …, "timeZone": …}) of every scheduled function."""
    endpoints = manifest["endpoints"].items()
    return {name: endpoint["scheduleTrigger"] for name, endpoint in endpoints if "scheduleTrigger" in endpoint}
