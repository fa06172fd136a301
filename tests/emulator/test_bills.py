"""The utility's bill end to end: a gain proposed from readings, applied by the owner's word, and nothing else."""

import json
from collections.abc import Callable

import pytest

from contract import documents, ledger, wire
from contract.ledger import LocalDay, Registers
from dev.actors import CallRefused, Json
from tests.emulator.world import World, days_ago, master_key, quarters, sent

pytestmark = pytest.mark.stack

GAIN = 1.03  # the utility's meter counts so much more than ours


def bill_readings(past: list[LocalDay], gain: Callable[[int], float] = lambda span: GAIN) -> list[Json]:
    """What the utility's meter shows at noon of some days, when 0.4 kWh an hour flow by our count."""
    readings, shown_wh, before_ms = [], 5_000_000.0, None
    for span, day in enumerate(past):
        at_ms = (day.start_s + 12 * 3600) * 1000
        if before_ms is not None:
            shown_wh += (at_ms - before_ms) / 3_600_000 * 400 * gain(span)
        readings.append({"at_ms": at_ms, "import_wh": int(shown_wh)})
        before_ms = at_ms
    return readings


def with_whole_days(world: World, days: int) -> None:
    """So many days until yesterday, their registers joined."""
    regs0, items = ledger.ZERO, []
    for ago in range(days, 0, -1):
        day = days_ago(ago)
        found = list(quarters(world.meter, day, day.quarters, regs0))
        regs0 = found[-1].regs1
        items += sent(found)
    for first in range(0, len(items), 480):
        world.hub.ingest(items[first : first + 480])


def answered(world: World, version: int) -> Json:
    """The meter answers the command that waits for it."""
    (command,) = world.stored(documents.downlink(world.meter))["commands"]
    k_meter = wire.meter_key(master_key(world.stack), world.meter, 1)
    payload = wire.unseal(wire.Signer(k_meter), world.meter, wire.COMMAND, command["blob"])
    text = json.dumps({"step": "status", "verdict": "good", "version": version})
    world.hub.ingest([{"type": "result", "meter": world.meter, "command_id": command["id"], "code": 0, "text": text}])
    found: Json = json.loads(payload)
    return found


def config_of(world: World) -> Json:
    downlink = world.stored(documents.downlink(world.meter))
    k_meter = wire.meter_key(master_key(world.stack), world.meter, 1)
    found: Json = json.loads(wire.unseal(wire.Signer(k_meter), world.meter, wire.CONFIG, downlink["config"]))
    return found


@pytest.mark.slow
def test_a_gain_from_the_bill_is_proposed_and_reaches_the_meter_when_its_owner_says_so(world: World) -> None:
    with_whole_days(world, 31)
    found = world.owner.call(
        "fitbill", home=world.home, readings=bill_readings([days_ago(30), days_ago(15), days_ago(1)])
    )
    assert (found["state"], found["verdict"], found["third"]["verdict"]) == ("proposed", "proposed", "confirmed")
    assert found["gain_ppm"] == pytest.approx(1_030_000, abs=found["u_ppm"])
    assert config_of(world)["calibration"] == {}  # nothing is applied unasked
    told = {"home": world.home, "gain_ppm": found["gain_ppm"]}
    with pytest.raises(CallRefused) as refused:
        world.owner.call("applybill", **told)
    assert refused.value.code == "not_told_yet"
    command = answered(world, version=8)
    assert (command["name"], command["args"]) == ("calibrate", {"step": "status"})
    with pytest.raises(CallRefused) as refused:
        world.owner.call("applybill", home=world.home, gain_ppm=found["gain_ppm"] + 1)
    assert refused.value.code == "nothing_proposed"
    applied = world.owner.call("applybill", **told)
    assert config_of(world)["calibration"] == {"version": 9, "of": 8, "grid": {"trim_ppm": found["gain_ppm"]}}
    assert config_of(world)["version"] == applied["config_version"]
    assert world.stored(f"meters/{world.meter}")["calibrated_ms"] > 0  # none is due for two years
    assert world.owner.call("applybill", **told) == applied
    with pytest.raises(CallRefused) as refused:  # those readings were of the gain before
        world.owner.call("fitbill", home=world.home, readings=bill_readings([days_ago(30), days_ago(1)]))
    assert refused.value.code == "other_registers"


@pytest.mark.slow
def test_a_third_reading_that_disagrees_leaves_nothing_to_apply(world: World) -> None:
    with_whole_days(world, 31)
    readings = bill_readings([days_ago(30), days_ago(15), days_ago(1)], lambda span: GAIN if span == 1 else 1.10)
    found = world.owner.call("fitbill", home=world.home, readings=readings)
    assert (found["state"], found["verdict"]) == ("declined", "refuted")
    with pytest.raises(CallRefused) as refused:
        world.owner.call("applybill", home=world.home, gain_ppm=found["gain_ppm"])
    assert refused.value.code == "nothing_proposed"


def test_a_reading_at_a_time_without_measurement_is_refused(world: World) -> None:
    with_whole_days(world, 2)
    with pytest.raises(CallRefused) as refused:
        world.owner.call("fitbill", home=world.home, readings=bill_readings([days_ago(30), days_ago(1)]))
    assert (refused.value.code, refused.value.field) == ("not_measured", "readings.0.at_ms")


def test_a_meter_that_was_changed_between_the_readings_is_noticed(world: World) -> None:
    first, last = days_ago(3), days_ago(1)
    world.hub.ingest(sent(quarters(world.meter, first, first.quarters, Registers(9_000_000, 0, 0, 0))))
    world.hub.ingest(sent(quarters(world.meter, last, last.quarters)))
    with pytest.raises(CallRefused) as refused:
        world.owner.call("fitbill", home=world.home, readings=bill_readings([first, last]))
    assert refused.value.code == "other_registers"
