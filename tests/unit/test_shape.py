"""The shape of the code: nothing longer, wider or more branched than what there is, and no imports in a circle."""

from pathlib import Path

import pytest

from dev import shape
from dev.paths import ROOT

# By program: (lines of a file, lines of a function, parameters, branches), the greatest there are and a little room.
# What grows beyond is two things, or a reason to raise a bound here, in the open.
MOST = {
    "firmware": (540, 105, 10, 14),  # passes of viper, which cannot call: kernel.py
    "edge": (260, 55, 7, 20),
    "functions": (430, 40, 9, 16),  # main.py: a table of triggers
    "client": (340, 65, 8, 20),
    "contract": (400, 40, 6, 12),
    "twin": (430, 35, 7, 10),
    "dev": (380, 45, 5, 12),
    "bench": (330, 50, 5, 16),
    "tests": (680, 120, 10, 18),  # a journey is one story
}
MEDIAN, P90 = 7, 20  # lines of a function, in every program


@pytest.mark.parametrize("program", shape.PROGRAMS)
def test_no_file_and_no_function_is_longer_than_what_there_is(program: str) -> None:
    files = shape.files_of(program)
    functions = [function for file in files for function in shape.functions_of(file)]
    lines, of_function, parameters, branches = MOST[program]
    assert [file.name for file in files if len(file.read_text().splitlines()) > lines] == []
    assert [each.name for each in functions if each.lines > of_function] == []
    assert [each.name for each in functions if each.parameters > parameters] == []
    assert [each.name for each in functions if each.branches > branches] == []
    spread = shape.Spread.of(each.lines for each in functions)
    assert (spread.median <= MEDIAN, spread.p90 <= P90) == (True, True), spread


def test_nothing_is_imported_in_a_circle() -> None:
    files = [file for program in shape.PROGRAMS for file in shape.files_of(program)]
    assert [[str(file.relative_to(ROOT)) for file in circle] for circle in shape.circles(shape.imports(files))] == []


def package(folder: Path, **modules: str) -> list[Path]:
    (folder / "house").mkdir()
    files = {name: folder / "house" / f"{name}.py" for name in ("__init__", *modules)}
    for name, file in files.items():
        file.write_text(modules.get(name, ""))
    return list(files.values())


@pytest.mark.parametrize(
    ("attic", "cellar"),
    [
        ("from . import cellar", "from .attic import roof"),
        ("import house.cellar", "from house import attic"),
        ("def climb():\n    from house.cellar import stairs", "import house.attic"),
    ],
)
def test_a_circle_is_found_however_it_is_written(tmp_path: Path, attic: str, cellar: str) -> None:
    files = package(tmp_path, attic=attic, cellar=cellar, garden="from . import attic")
    (circle,) = shape.circles(shape.imports(files, [tmp_path]))
    assert [file.stem for file in circle] == ["attic", "cellar"]


def test_what_only_annotations_name_makes_no_circle(tmp_path: Path) -> None:
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import cellar"
    files = package(tmp_path, attic=typed, cellar="from . import attic")
    assert shape.circles(shape.imports(files, [tmp_path])) == []


def test_a_function_is_measured_with_what_stands_in_it(tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text(
        "class A:\n    def of(self, a, *, b):\n        if a and b:\n            return b\n        return a\n"
    )
    (found,) = shape.functions_of(file, tmp_path)
    assert found == shape.Function("one.py:2 of", lines=4, parameters=2, branches=2)
