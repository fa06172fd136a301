"""What is put on a meter: every module compiled for the ESP32, within its room on flash."""

from pathlib import Path

import pytest

from dev import release
from tests.firmware.interpreters import FIRMWARE

ROOM_BYTES = 100_000  # a board's file system has 2 MB: three copies, for updates, and two days of readings fill half
SOURCES = release.sources()
FIXED = {f"fixed/{path.name}": path.read_bytes() for path in (FIRMWARE / "fixed").glob("*.py")}


@pytest.mark.parametrize("name", sorted({**SOURCES, **FIXED}))
def test_every_module_compiles_for_the_esp32(name: str) -> None:
    assert len(release.compile_module(name, {**SOURCES, **FIXED}[name])) > 20


def test_an_image_holds_every_module_and_fits(tmp_path: Path) -> None:
    made = release.write_image(tmp_path)
    assert {name.removesuffix(".mpy") for name in made} == {name.removesuffix(".py") for name in SOURCES}
    assert sum(made.values()) < ROOM_BYTES


def test_a_module_that_does_not_compile_is_told_with_the_compilers_words() -> None:
    with pytest.raises(release.ReleaseError, match="SyntaxError"):
        release.compile_module("broken.py", b"def f(:\n")
