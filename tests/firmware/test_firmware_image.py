"""What is put on a meter: every module compiled for the ESP32, within its room on flash."""

import ast
import subprocess
from pathlib import Path

import pytest

from dev import firmware_image
from tests.firmware.interpreters import FIRMWARE

ROOM_BYTES = 100_000  # a board's file system has 2 MB: three copies, for updates, and two days of readings fill half


@pytest.mark.parametrize("source", firmware_image.sources(), ids=str)
def test_every_module_compiles_for_the_esp32(source: Path, tmp_path: Path) -> None:
    made = tmp_path / "module.mpy"
    firmware_image.compile_module(FIRMWARE / source, made, source.as_posix(), firmware_image.ESP32)
    assert made.stat().st_size > 20


def test_an_image_holds_every_module_and_fits(tmp_path: Path) -> None:
    made = firmware_image.make(tmp_path)
    assert {Path(name).with_suffix(".py").as_posix() for name in made} == {
        source.as_posix() for source in firmware_image.sources()
    }
    assert {name for name in made if name.endswith(".py")} == set(firmware_image.STARTED)
    assert sum(made.values()) < ROOM_BYTES


def test_what_is_started_as_source_is_a_few_lines(tmp_path: Path) -> None:
    for name in firmware_image.STARTED:
        assert len(ast.parse((FIRMWARE / name).read_text()).body) < 20


def test_a_module_that_does_not_compile_is_told_with_the_compilers_words(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n")
    with pytest.raises(subprocess.CalledProcessError) as error:
        firmware_image.compile_module(tmp_path / "broken.py", tmp_path / "broken.mpy", "broken.py", "xtensawin")
    assert "SyntaxError" in error.value.stderr
