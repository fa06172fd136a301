"""How much of what is promised about security holds: `make bench NAME=trust`.

Runs the tests of each of the twenty points (tests/trust/points.py); a point is green when all of its tests ran and
passed. Then the matrix of the rules, 100,000 seeded inputs for each decoder, and the soak of dev/soak.py, as long as it
needs for a whole day on the screen (HOURS=1: the long one). A quarter of an hour.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

from bench import fuzz
from bench._cloud_matrix import measure as measure_matrix
from dev.failures import carried_out
from dev.paths import ROOT, RUN
from dev.ports import Ports
from dev.processes import signals_unwind
from dev.soak import Plan, measured
from dev.stack import Stack
from tests.trust.points import POINTS

REPORT = RUN / "trust.xml"
SOAK_HOURS = 0.8  # two days of the houses: the one before today is whole


def run_points() -> dict[str, bool]:
    """Test (`file::name`) → whether it ran, in all its cases, and passed."""
    tests = sorted({test for point in POINTS for test in point.tests})
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={REPORT}", *tests]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.unlink(missing_ok=True)
    subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False)
    cases = outcomes(REPORT)
    return {test: all(cases[test]) if cases[test] else False for test in tests}


def outcomes(report: Path) -> defaultdict[str, list[bool]]:
    """Test → whether each of its cases passed; a case that was skipped did not."""
    found: defaultdict[str, list[bool]] = defaultdict(list)
    for case in ElementTree.parse(report).iter("testcase"):
        file = case.get("classname", "").replace(".", "/") + ".py"
        name = case.get("name", "").partition("[")[0]
        found[f"{file}::{name}"].append(not any(case.find(bad) is not None for bad in ("failure", "error", "skipped")))
    return found


def _trust() -> bool:
    plan = Plan.of_environment(SOAK_HOURS)
    green = run_points()
    held = [all(green[test] for test in point.tests) for point in POINTS]
    for number, (point, is_green) in enumerate(zip(POINTS, held, strict=True), start=1):
        print(f"{number:3} {'green' if is_green else 'RED  '} {point.promise}")
        for test in point.tests:
            if not green[test]:
                print(f"          {test}")
    unnamed, _ = fuzz.in_process()
    with Stack(Ports.free()) as stack:
        matrix = measure_matrix(stack)
    with signals_unwind():
        soak, agrees = measured(plan)
    figures = {
        "points_green": sum(held),
        "fuzzed": fuzz.INPUTS,
        "unnamed_errors": unnamed,
        **matrix,
        **soak,
    }
    print(json.dumps({"name": "trust", "figures": figures}))
    return all(held) and not unnamed and not matrix["matrix_failures"] and agrees


def main() -> int:
    return carried_out("trust", _trust)


if __name__ == "__main__":
    raise SystemExit(main())
