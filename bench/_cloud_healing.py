"""Days of a home among instances that die anywhere and triggers that are lost, doubled and late: how many end whole.

`healed_pct` of the real functions; beside them, in the same run, the same plays without the reconciler, and with two
other ways to carry a day into its month.
"""

from __future__ import annotations

import contextlib
import io
import os

from dev.stack import Stack
from dev.triggers import triggers_lost
from tests.emulator.disorder import BUILDS, give_device, play
from tests.emulator.world import World, days_ago

PLAYS = 5 if os.environ.get("SMALL") == "1" else 40
PEER_PLAYS = 5 if os.environ.get("SMALL") == "1" else 15
FIRST_DAY = 3


def measure(stack: Stack) -> dict[str, float]:
    figures = {}
    with triggers_lost(stack):  # they are told by hand: lost, doubled, late
        for build in BUILDS:
            plays = PLAYS if build == "whole" else PEER_PLAYS
            name = "healed_pct" if build == "whole" else f"healed_pct_{build.replace(' ', '_')}"
            figures[name] = 100 * whole_share(stack, build, plays)
            print(f"random kills, {build}: {figures[name]:.0f} % of {plays} days whole in the end")
    return figures


def whole_share(stack: Stack, build: str, plays: int) -> float:
    world = World.made(stack)
    give_device(world)
    whole = 0
    for seed in range(plays):
        with contextlib.redirect_stdout(io.StringIO()):  # the functions log what they do
            amiss = play(world, days_ago(FIRST_DAY + plays - seed), 1000 + seed, build)
        whole += not amiss
        if amiss and build == "whole":
            print(f"seed {1000 + seed}: amiss: {', '.join(amiss)}")
    return whole / plays
