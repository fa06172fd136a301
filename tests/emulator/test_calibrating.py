"""The guided calibration end to end: an owner's step reaches the meter sealed, its answer comes back to the owner."""

import json

import pytest

from contract import documents, wire
from dev.actors import CallRefused, Person
from tests.emulator.world import World, master_key

pytestmark = pytest.mark.stack


def test_a_step_goes_to_the_meter_and_its_answer_stands_in_the_job(world: World) -> None:
    job = world.owner.call("calibratemeter", home=world.home, step="voltage", mv=230_400)["job"]
    (command,) = world.stored(documents.downlink(world.meter))["commands"]
    signer = wire.Signer(wire.meter_key(master_key(world.stack), world.meter, 1))
    body = json.loads(wire.unseal(signer, world.meter, wire.COMMAND, command["blob"]))
    assert (body["name"], body["args"]) == ("calibrate", {"step": "voltage", "mv": 230_400})
    text = json.dumps({"step": "voltage", "verdict": "good", "ratio_ppm": 1_012_000, "version": 3})
    world.hub.ingest([{"type": "result", "meter": world.meter, "command_id": command["id"], "code": 0, "text": text}])
    answer = world.owner.expect(documents.job(world.home, job))
    assert (answer["kind"], answer["state"], answer["text"]) == ("command", "done", text)
    assert world.stored(documents.meter(world.meter))["calibrated_ms"] > 0


def test_only_an_owner_calibrates(world: World) -> None:
    stranger = Person.somebody(world.place)
    with pytest.raises(CallRefused) as refused:
        stranger.call("calibratemeter", home=world.home, step="zero")
    assert refused.value.code == "no_such_home"
    assert world.stored(documents.downlink(world.meter))["commands"] == []
