"""`make test` runs every test."""

from dev import tests
from dev.paths import ROOT


def test_the_two_halves_together_are_every_folder_of_tests() -> None:
    waiting, computing = tests.halves()
    assert waiting
    assert computing
    found = {path.relative_to(ROOT).parts[:2] for path in (ROOT / "tests").rglob("test_*.py")}
    assert sorted(waiting + computing) == sorted("/".join(parts) for parts in found)
