"""The commands that the documents tell are commands: make knows each target, each program parses its own.

`make demo`, `test`, `smoke`, `site` and the rest have tests that run them; this one finds what was renamed or misspelt.
"""

import contextlib
import importlib.util
import io
import re
import shlex
import subprocess

import pytest

from dev.docs import tracked_pages
from dev.paths import ROOT
from sunmeter_edge import cli

TEXTS = {str(page): (ROOT / page).read_text() for page in tracked_pages() if page.name != "CHANGELOG.md"}
_FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_TICKED = re.compile(r"`([^`\n]+)`")


def told(start: str) -> list[str]:
    """Commands that begin with a word, in blocks and in ticks of all pages, without their comments."""
    found = set()
    for text in TEXTS.values():
        lines = [line for block in _FENCED.findall(text) for line in block.splitlines()]
        for line in [*lines, *_TICKED.findall(_FENCED.sub("", text))]:
            command = re.sub(r"^(?:\$ |sudo |[A-Z_]+=\S+ )+", "", re.split(r" #| {2,}", line.strip())[0])
            if command.startswith(f"{start} "):
                found.add(command.rstrip(" \\"))
    return sorted(found)


MAKES = [command for command in told("make") if re.match(r"make [a-zA-Z]", command)]


def test_make_knows_every_target_and_bench_that_is_told() -> None:
    assert len(MAKES) > 20
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for command in MAKES:
        words = shlex.split(command.replace("…", "x"))[1:]
        named = [word for word in words if "=" not in word and re.fullmatch(r"[a-z]+", word)]
        assert named, command
        assert set(named) <= targets, command
        if named == ["bench"]:
            names = [word.removeprefix("NAME=") for word in words if word.startswith("NAME=")]
            assert all(name == "x" or importlib.util.find_spec(f"bench.{name}") for name in names), command


def test_make_expands_what_is_told_of_operating() -> None:
    for command in ("make health", "make backup TO=x", "make restore FROM=x", "make docs", "make audit", "make sbom"):
        expanded = subprocess.run(
            ["make", "-n", "-o", "setup", *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert expanded.returncode == 0, expanded.stderr
        assert "-m dev." in expanded.stdout


def test_the_hub_knows_each_of_its_commands() -> None:
    commands = told("sunmeter-edge")
    assert len(commands) >= 5
    for command in commands:
        words = [word for word in shlex.split(command)[1:] if word.isascii()]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            cli.parser().parse_args(words)
            continue
        assert words in (["--help"], ["--version"]), command


@pytest.mark.parametrize("command", sorted({each.split(" ")[2] for each in told(".venv/bin/python") if " -m " in each}))
def test_modules_that_are_to_be_run_are_there(command: str) -> None:
    assert importlib.util.find_spec(command), command
