"""The app in web-server mode: against the stack that is running here, or the project that the environment names."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from dev.neighbourhood import app_environment
from dev.paths import VENV_PYTHON
from dev.ports import PortError, Ports
from dev.running import StackDescription, StackError
from dev.stack import Stack

PROJECT_VARIABLE = "FIREBASE_PROJECT"


def settings(environment: Mapping[str, str], ports: Ports) -> dict[str, str]:
    """An environment that names a project: the one it names, else the stack that runs here. Raises StackError."""
    if PROJECT_VARIABLE in environment:
        return dict(environment)
    try:
        StackDescription.of_running(ports)
    except StackError as error:
        others = f"{PROJECT_VARIABLE}=… FIREBASE_API_KEY=… FUNCTIONS_URL=…"
        raise StackError(f"{error}\nor name a real project: {others}") from error
    return {**environment, **app_environment(Stack(ports))}


def main() -> int:
    try:
        ports = Ports.default()
        ports.require_free("app")
        environment = settings(os.environ, ports)
    except (PortError, StackError) as error:
        print(error, file=sys.stderr)
        return 1
    try:
        return subprocess.call([VENV_PYTHON, "-m", "sunmeter_app", "--port", str(ports.app)], env=environment)
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
