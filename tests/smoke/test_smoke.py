"""The main job, as `make smoke` runs it: `dev/smoke.py` says what is played and what must hold."""

import json
import subprocess
import sys

import pytest

from dev.paths import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.stack, pytest.mark.browser]


def test_a_recorded_day_goes_through_the_whole_path_and_stands_on_the_screen() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "dev.smoke"], cwd=ROOT, capture_output=True, text=True, timeout=1500, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    told = json.loads(run.stdout.splitlines()[-1])
    assert told["name"] == "smoke"
    assert told["figures"]["lost_mwh"] == 0
