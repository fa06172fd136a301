"""Runs one benchmark: `make bench NAME=path` is `python -m bench.path`."""

from __future__ import annotations

import runpy
import sys

from dev.paths import ROOT


def names() -> list[str]:
    """The benchmarks there are: the modules of bench/ that do not begin with an underscore."""
    return sorted(file.stem for file in (ROOT / "bench").glob("*.py") if not file.stem.startswith("_"))


def main(arguments: list[str]) -> int:
    name = arguments[0] if arguments else ""
    if name not in names():
        what = f"there is no benchmark '{name}'" if name else "say which benchmark"
        print(f"{what}: make bench NAME=… with one of: {', '.join(names()) or '(none yet)'}", file=sys.stderr)
        return 2
    sys.argv = [f"bench.{name}", *arguments[1:]]
    runpy.run_module(f"bench.{name}", run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
