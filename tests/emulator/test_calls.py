"""Every function that is reached over HTTP, called with what it does not expect: refused by name, nothing stored.

All of them run in one process here, which the emulators do not do; `ingest` on the emulators is in test_spoilt.
"""

from collections.abc import Iterator

import pytest
import requests

from dev.manifest import read_manifest
from dev.stack import Stack
from tests.emulator.calling import Calling, amiss
from tests.emulator.one_process import WRITTEN, served
from tests.emulator.seeds import AREA, HTTPS, SEEDS, Scene
from tests.emulator.world import World

CALLS = 40  # of each function: two thousand in all


@pytest.fixture
def scene(stack: Stack) -> Iterator[Scene]:
    with served(stack) as place:
        yield Scene.made(World.made(stack, AREA, place))


def test_every_function_has_a_call_that_it_takes() -> None:
    endpoints = read_manifest()["endpoints"]
    reached = {name for name, each in endpoints.items() if each.keys() & {"httpsTrigger", "callableTrigger"}}
    assert set(SEEDS) == reached
    assert {name for name in reached if "httpsTrigger" in endpoints[name]} == set(HTTPS)


@pytest.mark.stack
def test_spoilt_calls_are_refused_by_name_and_write_nothing(scene: Scene) -> None:
    calling = Calling(scene, seed=6)
    for name in SEEDS:
        calling.spoils(name, CALLS)
        taken = calling.answer(name)
        assert taken.status_code in (200, 202), f"{name}: {taken.text}"
    assert calling.tally.amiss == []
    refused = sum(number for status, number in calling.tally.statuses.items() if status >= 400)
    assert refused > CALLS * len(SEEDS) / 2, calling.tally


def answered(status: int, body: bytes, written: str = "") -> requests.Response:
    answer = requests.Response()
    answer.status_code, answer._content = status, body
    answer.headers[WRITTEN] = written
    return answer


def test_what_is_amiss_with_an_answer_is_seen() -> None:
    named = b'{"code": "malformed", "field": "home", "message": "Check it."}'
    assert amiss(answered(400, named, "limits/1")) == ""
    assert amiss(answered(400, named, "limits/1 homes/2")) == "refused, and wrote ['homes/2']"
    assert amiss(answered(400, b"<html>")) == "without a name"
    assert amiss(answered(503, named)) == "an error of ours"
