"""How the code is shaped: `python -m dev.shape` prints a line a program, the longest of each, and imports in circles.

Of a program's files and functions: how many, their median, 90th percentile and greatest length [lines], and the most
parameters and branches of a function. Copies of the contract count once, as `contract`.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.contract_copies import COPIES
from dev.paths import IMPORT_ROOTS, ROOT

# A program's name, and where its code lies.
PROGRAMS: dict[str, tuple[str, ...]] = {
    "firmware": ("firmware",),
    "edge": ("edge/sunmeter_edge",),
    "functions": ("functions/main.py", "functions/sunmeter"),
    "client": ("client/sunmeter_app", "client/extensions"),
    "contract": ("contract",),
    "twin": ("twin",),
    "dev": ("dev",),
    "bench": ("bench",),
    "tests": ("tests",),
}
BRANCHES = (ast.If, ast.For, ast.While, ast.ExceptHandler, ast.BoolOp, ast.IfExp, ast.comprehension, ast.match_case)
LONGEST = 10  # functions that are named


@dataclass(frozen=True)
class Function:
    """One function, a method or a nested one included."""

    name: str  # path:line name
    lines: int
    parameters: int  # without self and cls
    branches: int


@dataclass(frozen=True)
class Spread:
    """How a length is spread [lines]."""

    number: int
    median: float
    p90: int
    most: int

    @classmethod
    def of(cls, lengths: Iterable[int]) -> Spread:
        known = sorted(lengths)
        return cls(len(known), statistics.median(known), known[int(0.9 * (len(known) - 1))], known[-1])


def files_of(program: str, root: Path = ROOT) -> list[Path]:
    """The Python files of a program, but for its copies of the contract."""
    found = [file for place in PROGRAMS[program] for file in _python_files(root / place)]
    return [file for file in found if str(file.parent.relative_to(root)) not in COPIES]


def functions_of(file: Path, root: Path = ROOT) -> Iterator[Function]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            yield Function(
                f"{file.relative_to(root)}:{node.lineno} {node.name}",
                (node.end_lineno or node.lineno) - node.lineno + 1,
                len([each for each in named if each.arg not in ("self", "cls")]),
                sum(isinstance(each, BRANCHES) for each in ast.walk(node)),
            )


def imports(files: Iterable[Path], roots: Iterable[Path] = (*IMPORT_ROOTS, ROOT / "firmware")) -> dict[Path, set[Path]]:
    """Which of the files each one imports, also from within its functions; not what only its annotations name."""
    known, places = set(files), tuple(roots)
    return {file: {to for to in _imported(file, known, places) if to != file} for file in known}


def circles(arrows: Mapping[Path, set[Path]]) -> list[list[Path]]:
    """Files that import each other, directly or around: one list a circle."""
    reached = {file: _reached(file, arrows) for file in arrows}
    found = {frozenset(to for to in reached[file] if file in reached[to]) for file in arrows if file in reached[file]}
    return sorted(sorted(circle) for circle in found)


def _python_files(place: Path) -> Iterator[Path]:
    yield from [place] if place.is_file() else sorted(place.rglob("*.py"))


def _imported(file: Path, known: set[Path], roots: tuple[Path, ...]) -> Iterator[Path]:
    for node in _statements(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield from _modules(name.name.split("."), (file.parent, *roots), known)
        if isinstance(node, ast.ImportFrom):
            parts = node.module.split(".") if node.module else []
            places = (file.parents[node.level - 1],) if node.level else roots
            for name in node.names:
                inner = list(_modules([*parts, name.name], places, known))
                yield from inner or _modules(parts, places, known)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below, but for what stands under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from _statements(child)


def _modules(parts: list[str], places: Iterable[Path], known: set[Path]) -> Iterator[Path]:
    """The file of a module: the first place that has it."""
    for place in places:
        for file in (
            place.joinpath(*parts).with_suffix(".py") if parts else None,
            place.joinpath(*parts, "__init__.py"),
        ):
            if file in known:
                yield file
                return


def _reached(start: Path, arrows: Mapping[Path, set[Path]]) -> set[Path]:
    found: set[Path] = set()
    waiting = [start]
    while waiting:
        new = arrows[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found


def main() -> int:
    everything: list[Path] = []
    functions: list[Function] = []
    for program in PROGRAMS:
        files = files_of(program)
        own = [function for file in files for function in functions_of(file)]
        lengths = Spread.of(len(file.read_text().splitlines()) for file in files)
        of_functions = Spread.of(function.lines for function in own)
        print(
            f"  {program:<10} {lengths.number:>4} files of {lengths.median:.0f} lines, p90 {lengths.p90}, "
            f"most {lengths.most}; {of_functions.number:>4} functions of {of_functions.median:.0f}, "
            f"p90 {of_functions.p90}, most {of_functions.most}; parameters ≤ {max(each.parameters for each in own)}, "
            f"branches ≤ {max(each.branches for each in own)}"
        )
        everything += files
        functions += own
    for function in sorted(functions, key=lambda each: -each.lines)[:LONGEST]:
        print(f"  {function.lines:>4} lines  {function.name}")
    found = circles(imports(everything))
    for circle in found:
        print(f"  in a circle: {', '.join(str(file.relative_to(ROOT)) for file in circle)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
