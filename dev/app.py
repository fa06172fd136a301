"""The app in web-server mode: against the stack that is running here, or the project that the environment names."""

from __future__ import annotations

import os
import subprocess
import sys

from dev.neighbourhood import app_environment
from dev.paths import VENV_PYTHON
from dev.ports import PortError, Ports
from dev.stack import Stack, StackDescription, StackError

PROJECT_VARIABLE = "FIREBASE_PROJECT"


def main() -> int:
    environment = dict(os.environ)
    try:
        ports = Ports.default()
        ports.require_free("app")
        if PROJECT_VARIABLE not in environment:
            StackDescription.of_running(ports)  # raises when there is none
            environment |= app_environment(Stack(ports))
    except (PortError, StackError) as error:
        print(
            f"{error}\nor name a real project: {PROJECT_VARIABLE}=… FIREBASE_API_KEY=… FUNCTIONS_URL=… make app",
            file=sys.stderr,
        )
        return 1
    try:
        return subprocess.call([VENV_PYTHON, "-m", "sunmeter_app", "--port", str(ports.app)], env=environment)
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
