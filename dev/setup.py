"""Set-up of a checkout: everything `make demo` and `make test` need, each step once, told as it happens.

Standard library only: this runs before any package is there. A step is skipped when its stamp (a digest of the files it
depends on) is unchanged and what it made is still in place, so a second run takes milliseconds.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dev import tools
from dev.paths import FIREBASE, FUNCTIONS, FUNCTIONS_PYTHON, NODE_MODULES, ROOT, RUN, TOOLS, VENV_PYTHON

UV = TOOLS / "uv" / "bin" / "uv"
TYPINGS = ROOT / "typings"
FONTS = ROOT / "client" / "assets" / "fonts"
FONT_WEIGHTS = (400, 500, 600, 700)
STAMPS = TOOLS / "stamps"
LOGS = RUN / "logs"
HEARTBEAT_S = 20  # a quiet step longer than this says that it is still at work


class SetupError(Exception):
    """A step that could not be done; the message says what to do about it."""


@dataclass(frozen=True)
class Step:
    """One thing to have in place. `inputs` are the files whose content decides whether it must be made again."""

    name: str
    does: str
    is_there: Callable[[], bool]
    make: Callable[[Path], None]  # gets the path of its log
    inputs: tuple[Path, ...] = ()
    remedy: str = "see the log above; check the network and run the command again"
    lacks: Callable[[], str | None] = lambda: None  # what it needs from outside the checkout and does not find


def run_logged(command: list[str | Path], log: Path, environment: dict[str, str] | None = None) -> None:
    """Runs a command with its output in `log`; shows that it is alive; raises with the log's tail."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
        started_s = time.monotonic()
        while True:
            try:
                code = process.wait(timeout=HEARTBEAT_S)
                break
            except subprocess.TimeoutExpired:
                print(f"        … {time.monotonic() - started_s:.0f} s: {last_line(log)}", flush=True)
            except BaseException:
                process.kill()
                process.wait()
                raise
    if code:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise SetupError(f"`{' '.join(map(str, command))}` ended with {code}:\n{tail}")


def last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:90] if lines else "working"


# ------------------------------------------------------------------ the steps


def make_uv(log: Path) -> None:
    shutil.rmtree(TOOLS / "uv", ignore_errors=True)
    run_logged([sys.executable, "-m", "venv", TOOLS / "uv"], log)
    requirements = ROOT / "requirements" / "uv.txt"
    run_logged([TOOLS / "uv" / "bin" / "python", "-m", "pip", "install", "--require-hashes", "-r", requirements], log)


def uv(log: Path, *arguments: str | Path) -> None:
    run_logged([UV, *arguments], log, {"UV_PYTHON_DOWNLOADS": "never"})


def make_environment(folder: Path, requirements: Path) -> Callable[[Path], None]:
    def make(log: Path) -> None:
        if not (folder / "bin" / "python").exists():
            uv(log, "venv", "--clear", "--python", sys.executable, folder)
        # Compiled now, not by every worker that the functions emulator starts.
        uv(
            log,
            "pip",
            "sync",
            "--compile-bytecode",
            "--require-hashes",
            "--python",
            folder / "bin" / "python",
            requirements,
        )

    return make


def make_typings(log: Path) -> None:
    shutil.rmtree(TYPINGS, ignore_errors=True)
    requirements = ROOT / "requirements" / "typings.txt"
    uv(log, "pip", "install", "--python", VENV_PYTHON, "--target", TYPINGS, "--require-hashes", "-r", requirements)


def lacks_node() -> str | None:
    found = tools.node_major()
    if found is None or found < tools.NODE_MAJOR:
        return f"Node {tools.NODE_MAJOR} or newer was not found" + (f" (this is {found})" if found else "")
    return None if shutil.which("npm") else "npm was not found"


def make_node_modules(log: Path) -> None:
    # Install scripts are not run: none of these packages needs one here, and one would download a binary.
    run_logged(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], log)


def lacks_maker_of_emulator() -> str | None:
    java = (tools.java_major() or 0) >= tools.OFFICIAL_EMULATOR_JAVA
    return None if shutil.which("cargo") or java else "neither cargo nor a new enough Java was found"


def make_firestore_emulator(log: Path) -> None:
    if shutil.which("cargo"):
        run_logged(["cargo", "install", "hidane", "--version", tools.HIDANE_VERSION, "--locked", "--root", TOOLS], log)
    else:
        run_logged([FIREBASE, "setup:emulators:firestore"], log)


def may_apt() -> bool:
    return os.environ.get("SUNMETER_APT") == "1" and os.geteuid() == 0 and bool(shutil.which("apt-get"))


def lacks_chromium() -> str | None:
    return None if may_apt() else "no Chromium was found"


def make_by_apt(package: str) -> Callable[[Path], None]:
    def make(log: Path) -> None:
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        run_logged(["apt-get", "update"], log, quiet)
        run_logged(["apt-get", "install", "-y", "--no-install-recommends", package], log, quiet)

    return make


def font_files() -> dict[Path, Path]:
    """Font in the app's assets → its source in the npm package; one family per weight, as Flet wants them."""
    source = NODE_MODULES / "@fontsource" / "inter" / "files"
    return {FONTS / f"Inter-{weight}.woff2": source / f"inter-latin-{weight}-normal.woff2" for weight in FONT_WEIGHTS}


def make_fonts(_log: Path) -> None:
    FONTS.mkdir(parents=True, exist_ok=True)
    for target, source in font_files().items():
        shutil.copyfile(source, target)


REQUIREMENTS = ROOT / "requirements"
STEPS = (
    Step(
        "uv",
        "installs uv, which makes the Python environments",
        UV.is_file,
        make_uv,
        (REQUIREMENTS / "uv.txt",),
        "Python's venv module and pip are needed (Debian, Ubuntu: `apt-get install python3.11-venv`)",
    ),
    Step(
        "python",
        "packages of hub, app, twin, tests and tools (.venv)",
        VENV_PYTHON.exists,
        make_environment(ROOT / ".venv", REQUIREMENTS / "dev.txt"),
        (REQUIREMENTS / "dev.txt",),
    ),
    Step(
        "functions",
        "packages of the Cloud Functions (functions/venv)",
        FUNCTIONS_PYTHON.exists,
        make_environment(FUNCTIONS / "venv", FUNCTIONS / "requirements.txt"),
        (FUNCTIONS / "requirements.txt",),
    ),
    Step(
        "typings",
        "MicroPython's type stubs (typings)",
        lambda: (TYPINGS / "machine.pyi").exists() or (TYPINGS / "machine").exists(),
        make_typings,
        (REQUIREMENTS / "typings.txt",),
    ),
    Step(
        "npm",
        "firebase-tools, MicroPython for WASM, fonts (about a minute)",
        FIREBASE.exists,
        make_node_modules,
        (ROOT / "package.json", ROOT / "package-lock.json"),
        f"Node {tools.NODE_MAJOR} or newer with npm is needed, and the network for this step",
        lacks_node,
    ),
    Step(
        "firestore",
        "a Firestore emulator (built with cargo where there is none: two to three minutes)",
        lambda: tools.firestore_emulator() is not None,
        make_firestore_emulator,
        (),
        f"install Rust (`cargo`), or Java {tools.OFFICIAL_EMULATOR_JAVA}+ (it downloads the official emulator)",
        lacks_maker_of_emulator,
    ),
    Step(
        "chromium",
        "a real browser for the tests",
        lambda: tools.chromium() is not None,
        make_by_apt("chromium"),
        (),
        tools.CHROMIUM_HINT,
        lacks_chromium,
    ),
    Step(
        "mosquitto",
        "a real MQTT broker for the tests (skipped without it)",
        lambda: tools.mosquitto() is not None or not may_apt(),
        make_by_apt("mosquitto"),
        (),
        tools.MOSQUITTO_HINT,
    ),
    Step(
        "fonts",
        "the app's fonts (client/assets/fonts)",
        lambda: all(target.is_file() for target in font_files()),
        make_fonts,
        (ROOT / "package-lock.json",),
    ),
)


# ------------------------------------------------------------------ stamps


def digest(step: Step) -> str:
    """Digest of a step's inputs, and of the Python it was made for."""
    seen = hashlib.sha256(f"{sys.version_info[:3]} {ROOT}".encode())
    for path in step.inputs:
        seen.update(path.read_bytes())
    return seen.hexdigest()


def is_done(step: Step) -> bool:
    stamp = STAMPS / step.name
    stamped = not step.inputs or (stamp.is_file() and stamp.read_text() == digest(step))
    return stamped and step.is_there()


def perform(step: Step) -> None:
    """Makes one step and stamps it; a failure names the step and what to do."""
    log = LOGS / f"setup-{step.name}.log"
    log.unlink(missing_ok=True)
    try:
        step.make(log)
    except (SetupError, OSError) as error:
        raise SetupError(f"set-up stopped at `{step.name}`: {error}\n→ {step.remedy}") from error
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / step.name).write_text(digest(step))


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Holds a second set-up of the same checkout back until the first is through."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("  another set-up of this checkout is at work; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    with alone():
        return make_what_is_missing()


def make_what_is_missing(steps: Sequence[Step] = STEPS) -> int:
    """Performs the steps that are not done, in order; 1 when one fails, or before the first when any must."""
    todo = [step for step in steps if not is_done(step)]
    lacking = [f"{lack}\n→ {step.remedy}" for step in todo if (lack := step.lacks())]
    if lacking:
        print("set-up cannot begin:", *lacking, "then run the command again", sep="\n", file=sys.stderr)
        return 1
    started_s = time.monotonic()
    for number, step in enumerate(todo, 1):
        print(f"  {number}/{len(todo)}  {step.name:<10} {step.does}", flush=True)
        step_started_s = time.monotonic()
        try:
            perform(step)
        except SetupError as error:
            print(f"\n{error}", file=sys.stderr)
            return 1
        print(f"        {'':<10} done in {time.monotonic() - step_started_s:.1f} s", flush=True)
    if todo:
        print(f"set-up done in {time.monotonic() - started_s:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
