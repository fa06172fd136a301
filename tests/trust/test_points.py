"""The points are held by tests that exist, and the page shows them as they are."""

import ast
from functools import cache

from dev.paths import ROOT

from .points import PAGE, POINTS, page


@cache
def defined_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_there_are_twenty_and_each_has_a_test_that_exists() -> None:
    assert len(POINTS) == 20
    for point in POINTS:
        assert point.tests
        for file, _, name in (test.partition("::") for test in point.tests):
            assert name in defined_in(file), f"{file} has no {name}"


def test_the_page_is_of_today() -> None:
    assert PAGE.read_text() == page(), "run `python -m tests.trust.points`"
