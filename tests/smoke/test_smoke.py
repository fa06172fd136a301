"""The main job, as `make smoke` runs it: `dev/smoke/` says what is played and what must hold."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dev.paths import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.whole, pytest.mark.browser]


@pytest.mark.parametrize("recording", ["uci_minute_60d.csv.gz", "citylearn_homes.csv.gz#1"])
def test_a_recorded_day_goes_through_the_whole_path_and_stands_on_the_screen(recordings: Path, recording: str) -> None:
    environment = {**os.environ, "RECORDING": str(recordings / recording)}
    command = [sys.executable, "-m", "dev.smoke"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1500, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert recording in run.stdout.splitlines()[0]
    told = json.loads(run.stdout.splitlines()[-1])
    assert told["name"] == "smoke"
    assert told["figures"]["lost_mwh"] == 0
