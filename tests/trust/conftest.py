"""A home with its hub and meter, made anew for each test on the running stack."""

import pytest

from dev.stack import Stack
from tests.emulator.world import World


@pytest.fixture
def world(stack: Stack) -> World:
    return World.made(stack)
