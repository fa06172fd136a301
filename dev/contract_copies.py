"""Copies the contract into the programs that deploy alone: byte for byte, by one table.

`python -m dev.contract_copies` writes the copies; `--check` only tells which ones drifted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from dev.paths import ROOT

COMMAND = "make contract"

# Each program's own package `contract`, and the modules of /contract it holds.
COPIES: dict[str, tuple[str, ...]] = {
    "firmware/contract": (
        "__init__",
        "refusal",
        "wire",
        "features",
        "densities",
        "model",
        "unpacking",
        "rules",
        "scorer",
    ),
    "edge/sunmeter_edge/contract": (
        *("__init__", "refusal", "wire", "manifest", "ledger", "documents"),
        *("features", "listen"),
    ),
    "functions/sunmeter/contract": (
        *("__init__", "refusal", "wire", "manifest", "ledger", "documents", "money", "rates"),
        *("features", "densities", "model", "unpacking", "rules", "scorer", "packing"),
    ),
    "client/sunmeter_app/contract": ("__init__", "refusal", "ledger", "documents", "listen", "money", "rates"),
}


def pairs(root: Path = ROOT) -> Iterator[tuple[Path, Path]]:
    """Every (original, copy) of the table."""
    for folder, modules in COPIES.items():
        for module in modules:
            yield root / "contract" / f"{module}.py", root / folder / f"{module}.py"


def drifted(root: Path = ROOT) -> list[tuple[Path, Path]]:
    """The (original, copy) pairs whose copy is missing or differs by any byte."""
    return [
        (original, copy)
        for original, copy in pairs(root)
        if not copy.is_file() or copy.read_bytes() != original.read_bytes()
    ]


def strays(root: Path = ROOT) -> list[Path]:
    """Modules beside the copies that the table does not know: code written where it would be taken for a copy."""
    expected = {copy for _, copy in pairs(root)}
    return sorted(file for folder in COPIES for file in (root / folder).glob("*.py") if file not in expected)


def write_copies(root: Path = ROOT) -> list[Path]:
    """Writes the copies that drifted and returns them."""
    stale = drifted(root)
    for original, copy in stale:
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(original.read_bytes())
    return [copy for _, copy in stale]


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        stale = drifted()
        for original, copy in stale:
            print(f"{copy.relative_to(ROOT)} differs from {original.relative_to(ROOT)}: run `{COMMAND}`")
        return 1 if stale else 0
    for copy in write_copies():
        print(f"contract: wrote {copy.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
