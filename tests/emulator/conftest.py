"""A home with its hub and meter, made anew for each test on the running stack."""

import pytest

from dev.actors import Place
from dev.stack import Stack
from tests.emulator.world import World


@pytest.fixture
def place(stack: Stack) -> Place:
    return Place.of(stack)


@pytest.fixture
def world(stack: Stack) -> World:
    return World.made(stack)
