"""The main job without hands: a recorded day, faster than real time, through the whole path and onto the screen.

    make smoke                        the household of UCI's recording, by the minute
    make smoke RECORDING=FILE[#HOME]  another recording, such as citylearn_homes.csv.gz#1: a home with PV, by the hour

Four weeks of the recording are seeded through `ingest` and trained on. Then one of its days is laid onto yesterday and
played: waveforms are made, the real firmware measures them, the real hub carries them, the real functions store them.
On the way a heater is left on at night, the hub's power fails, then the house's own, the internet is away for two hours
and the Wi-Fi for one. At the end a householder logs in with Chromium, and what the screen says is held against what was
recorded. A house without power uses none: what was recorded for the minutes of its power cut is not expected. Its meter
is off too and cannot tell of the interruption: the day names its quarter, and no alert is looked for.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from dev.failures import carried_out
from dev.processes import signals_unwind
from dev.told import step

from .claims import claims_of, report
from .play import play_of_environment
from .run import played


def _smoke() -> bool:
    """Whether everything holds."""
    started_s = time.monotonic()
    play = play_of_environment(datetime.now(UTC))
    print(f"  {play.what}, laid onto {play.day} in {play.zone}", flush=True)
    with signals_unwind(), played(play) as run:
        with step("reading the screen"):
            claims = claims_of(run)
        return report("smoke", claims, time.monotonic() - started_s)


def main() -> int:
    return carried_out("smoke", _smoke)


if __name__ == "__main__":
    raise SystemExit(main())
