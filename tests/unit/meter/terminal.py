"""A board at the end of a pseudo-terminal: real MicroPython with a raw REPL, an empty littlefs and a stand-in chip."""

from __future__ import annotations

import os
import pty
import subprocess
import tty
from pathlib import Path

from dev.paths import ROOT

CHIP = ROOT / "tests" / "firmware" / "board" / "chip"
MICROPYTHON = ROOT / ".venv" / "bin" / "micropython"


class Terminal:
    """port: what the tool opens."""

    def __init__(self, folder: Path) -> None:
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.port = os.ttyname(theirs)
        self._theirs = theirs  # kept open: a terminal that nobody holds hangs up
        self.errors = folder / "errors.log"
        with self.errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [str(MICROPYTHON), "-X", "heapsize=4m", "-m", "raw_repl"],
                cwd=folder,
                env={**os.environ, "MICROPYPATH": f"{CHIP}:.frozen"},
                stdin=self._ours,
                stdout=self._ours,
                stderr=errors,
            )

    def pull(self) -> None:
        """The cable is pulled: MicroPython no longer answers."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.pull()
        os.close(self._ours)
        os.close(self._theirs)
