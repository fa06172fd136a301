"""What a command can be told is written down where a contributor looks."""

import re
import subprocess
from zoneinfo import ZoneInfo

import pytest

from dev.paths import ROOT
from twin.faults import parse_fault

READ = re.compile(r"environ(?:\.get)?[(\[]\s*\"([A-Z_]+)\"|_VARIABLE = \"([A-Z_]+)\"|is_on\(\"([A-Z_]+)\"\)")
INTERNAL = {"FCM_STANDIN_URL", "PATH"}  # told by the stack to the functions; handed on as it is


def read_by_commands() -> set[str]:
    files = [*(ROOT / "dev").rglob("*.py"), *(ROOT / "bench").glob("*.py")]
    return {next(filter(None, found)) for file in files for found in READ.findall(file.read_text())} - INTERNAL


def test_every_variable_that_a_command_reads_is_in_contributing() -> None:
    assert {"KEEP", "FAULT", "RECORDING", "SUNMETER_PORT_BASE", "SUNMETER_DATA"} <= read_by_commands()
    table = (ROOT / "CONTRIBUTING.md").read_text()
    makefile = set(re.findall(r"\$\(?([A-Z_]{4,})\)", (ROOT / "Makefile").read_text()))
    wanted = read_by_commands() | (makefile & {"PYTHON", "NAME", "PYTEST_ARGS"})
    assert sorted(variable for variable in wanted if f"`{variable}" not in table) == []


def test_make_help_names_what_the_demo_can_be_told_and_what_clean_takes() -> None:
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = {line.split()[1]: line for line in told.splitlines()}
    assert all(variable in lines["demo"] for variable in ("RECORDING=", "FAULT=", "KEEP="))
    assert "KEEP=1" in lines["clean"]


@pytest.mark.parametrize("file", ["README.md", "dev/demo.py"])
def test_every_fault_that_is_offered_can_be_given_and_lasts_as_it_says(file: str) -> None:
    offered = re.findall(r"FAULT=([a-z]+@\S+?)[`\s]", (ROOT / file).read_text())
    assert offered
    for text in offered:
        fault = parse_fault(text, 0, 0, ZoneInfo("UTC"), 3)
        assert fault.kind != "heater" or fault.end_ms - fault.start_ms >= 3_600_000, "too short to be noticed"
