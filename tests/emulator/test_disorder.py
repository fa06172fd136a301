"""Whoever dies, and however triggers come: in the end all is whole; and builds that lack what carries it are caught."""

from collections.abc import Iterator

import pytest

from dev.stack import Stack
from dev.triggers import triggers_lost
from tests.emulator.disorder import BUILDS, give_device, play
from tests.emulator.world import World, days_ago

pytestmark = [pytest.mark.stack, pytest.mark.slow]

PLAYS = 10
BROKEN = [build for build in BUILDS if build != "whole"]


@pytest.fixture
def world(stack: Stack) -> Iterator[World]:
    made = World.made(stack)
    give_device(made)
    with triggers_lost(stack):  # they are told by hand: lost, doubled, late
        yield made


def test_whoever_dies_and_however_triggers_come_all_is_whole_in_the_end(world: World) -> None:
    for seed in range(PLAYS):
        assert play(world, days_ago(3 + PLAYS - seed), seed) == [], f"seed {seed}"


@pytest.mark.parametrize("build", BROKEN)
def test_a_build_that_lacks_what_carries_the_whole_is_caught(world: World, build: str) -> None:
    assert any(play(world, days_ago(3 + PLAYS - seed), seed, build) for seed in range(PLAYS))
