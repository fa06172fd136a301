"""`make sbom`: what each part is made of, as CycloneDX from its lock file, into .run/sbom, without network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from dev.paths import ROOT, RUN

FOLDER = RUN / "sbom"
LOCKS = {
    "hub": "requirements/edge.txt",
    "app": "requirements/client.txt",
    "functions": "functions/requirements.txt",
    "development": "requirements/dev.txt",
}
CYCLONEDX = (sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible", "--sv=1.6", "--of=JSON")
NPM = ("npm", "sbom", "--sbom-format=cyclonedx", "--package-lock-only")


def write_python(name: str, folder: Path = FOLDER) -> Path:
    """The bill of one part's Python packages, with the hashes they are pinned by. Raises CalledProcessError."""
    file = folder / f"{name}.cdx.json"
    subprocess.run([*CYCLONEDX, "-o", file, LOCKS[name]], cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    return file


def write_npm(folder: Path = FOLDER) -> Path:
    """The bill of what comes from npm: tools and web assets. Raises CalledProcessError."""
    file = folder / "npm.cdx.json"
    file.write_text(subprocess.run(NPM, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    return file


def components(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(file.read_text())["components"]
    return found


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file in (*map(write_python, LOCKS), write_npm()):
        print(f"  {len(components(file)):4} components  {file.relative_to(ROOT)}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
