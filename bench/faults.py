"""Whether anything is lost or counted twice: `make bench NAME=faults` (LONG=1: 10,000 kills and 5,400 power cuts).

Kills: kill -9 of a real hub at random points, over real sockets, while 30 % of what meters and cloud exchange with it
goes wrong: resets, delays, lost replies, doubled requests, refusals. Power cuts (simulated): the hub's verbs on a disk
that keeps any subset of what was not synced, down to torn sectors; recovery is cut too. The peers are hubs that are
broken on purpose, one promise each: a run that does not catch all of them has found nothing.

`acked`: frames acknowledged to a meter. `lost`, `double`: those, their events and their quarters that the hub's file or
the cloud does not have, or has twice; in the end all energy must be last minus first register, to the mWh.
"""

import json
import logging
import os
import sys
import time
from typing import Protocol

from tests.edge.faults.builds import BUILDS, CAUGHT_BY_KILLS
from tests.edge.faults.kills import Progress, Tally, kill_again_and_again
from tests.edge.faults.power import cut_again_and_again

LONG = os.environ.get("LONG") == "1"
KILLS, CUTS = (10_000, 5_400) if LONG else (300, 500)
ENOUGH = 60  # faults after which a broken build has gone uncaught
SAY_EVERY_S = 10.0


class Run(Protocol):
    def __call__(self, faults: int, build: str, /) -> Tally: ...


def progress(what: str, faults: int) -> Progress:
    """Tells how far it is, now and then."""
    said_s = begins_s = time.monotonic()

    def say(tally: Tally) -> None:
        nonlocal said_s
        now_s = time.monotonic()
        if now_s - said_s < SAY_EVERY_S and tally.faults < faults:
            return
        said_s = now_s
        found = f"{len(tally.findings.lost)} lost, {len(tally.findings.double)} double, {now_s - begins_s:.0f} s"
        print(f"{what} {tally.faults:6} of {faults}, {tally.acknowledged:8} acknowledged, {found}")

    return say


def caught(name: str, run: Run, build: str) -> bool:
    """Whether the same faults find this broken build out."""
    tally = run(ENOUGH, build)
    verdict = f"caught after {tally.faults}" if tally.findings else f"NOT caught in {tally.faults}"
    print(f"{name:10} {build:24} {verdict}")
    return bool(tally.findings)


def main() -> int:
    logging.disable(logging.CRITICAL)  # thousands of failures are told to the hub's log
    killed = kill_again_and_again(KILLS, progress=progress("kills     ", KILLS))
    cut = cut_again_and_again(CUTS, progress=progress("power cuts", CUTS))
    print(f"{cut.harmed} of {cut.faults} power cuts came upon writes that were not synced")
    trials: list[tuple[str, Run, str]] = [("kills", kill_again_and_again, build) for build in CAUGHT_BY_KILLS]
    trials += [("power cuts", cut_again_and_again, build) for build in BUILDS]
    verdicts = [caught(*trial) for trial in trials]
    for finding in [*killed.findings.some(), *cut.findings.some()]:
        print(finding)
    figures = {
        "kills": killed.faults,
        "power_cuts": cut.faults,
        "acked": killed.acknowledged + cut.acknowledged,
        "lost": len(killed.findings.lost) + len(cut.findings.lost),
        "double": len(killed.findings.double) + len(cut.findings.double),
        "broken_builds_caught": sum(verdicts),
        "broken_builds": len(verdicts),
    }
    print(json.dumps({"name": "faults", "figures": figures}))
    return 0 if all(verdicts) and not figures["lost"] and not figures["double"] else 1


if __name__ == "__main__":
    sys.exit(main())
