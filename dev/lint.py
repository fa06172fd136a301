"""Every static check, one after the other: ruff (rules and format), mypy (strict), pyright over the firmware."""

from __future__ import annotations

import subprocess
import sys
import time

from dev.paths import NODE_MODULES, ROOT

CHECKS: dict[str, tuple[str, ...]] = {
    "ruff": (sys.executable, "-m", "ruff", "check", "."),
    "format": (sys.executable, "-m", "ruff", "format", "--check", "."),
    "mypy": (sys.executable, "-m", "mypy"),  # what it looks at stands in pyproject.toml
    "pyright": (str(NODE_MODULES / ".bin" / "pyright"),),
    "contract": (sys.executable, "-m", "dev.contract_copies", "--check"),
}


def passes(name: str, command: tuple[str, ...]) -> bool:
    """Runs one check; prints its output only when it fails."""
    started_s = time.monotonic()
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    verdict = "ok" if result.returncode == 0 else "FAILED"
    print(f"  {name:<9} {verdict:<7} {time.monotonic() - started_s:5.1f} s", flush=True)
    if result.returncode:
        print(result.stdout + result.stderr, flush=True)
    return result.returncode == 0


def main(names: list[str]) -> int:
    unknown = set(names) - set(CHECKS)
    if unknown:
        print(f"no check {', '.join(sorted(unknown))}; there are: {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    results = [passes(name, command) for name, command in CHECKS.items() if not names or name in names]
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
