"""A stack that runs, as other commands find it: by its ports, through what it left in its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dev.paths import RUN
from dev.ports import Ports, answers

DESCRIPTION = "stack.json"


class StackError(Exception):
    """The stack could not be started or is not running; the message says what to do."""


@dataclass(frozen=True)
class StackDescription:
    """What another command needs to know of a running stack; kept as `stack.json` in the stack's folder."""

    folder: Path
    functions: Path
    environment: dict[str, str]  # for clients of the emulators
    functions_environment: dict[str, str]  # for the functions themselves: secrets included

    def write(self) -> None:
        fields = {
            "folder": str(self.folder),
            "functions": str(self.functions),
            "environment": self.environment,
            "functions_environment": self.functions_environment,
        }
        path = self.folder / DESCRIPTION
        path.touch(mode=0o600)
        path.write_text(json.dumps(fields, indent=2))

    @classmethod
    def of_running(cls, ports: Ports | None = None) -> Self:
        """The stack that runs on these ports (default: the default ones). Raises StackError when there is none."""
        wanted = ports or Ports.default()
        path = folder_of(wanted) / DESCRIPTION
        if not path.is_file() or not answers(wanted.auth):
            raise StackError("no stack is running here: start one with `make demo` or `python -m dev.stack`")
        fields = json.loads(path.read_text())
        return cls(
            Path(fields["folder"]),
            Path(fields["functions"]),
            fields["environment"],
            fields["functions_environment"],
        )


def folder_of(ports: Ports) -> Path:
    """The folder of a stack: its configuration, logs and temporary files."""
    return RUN / f"stack-{ports.auth}"
