"""The books on the emulators: what registers counted and no quarter holds is stored and shown, until it comes."""

import pytest

from contract.ledger import Registers
from dev.stack import Stack
from sunmeter import training
from tests.emulator.inprocess import Functions
from tests.emulator.world import EACH, World, days_ago, quarters, sent

pytestmark = pytest.mark.stack


def test_a_night_balances_the_ledger_with_the_registers_and_its_owner_sees_what_is_open(stack: Stack) -> None:
    world, first, second = World.made(stack), days_ago(3), days_ago(2)
    functions = Functions.of(stack, world.hub.uid)
    whole = [
        *world.quarters(first),
        *quarters(world.meter, second, 96, regs0=Registers(*(96 * amount for amount in EACH))),
    ]
    late, path = whole[90:100], f"homes/{world.home}/insight/ledger"
    functions.send(sent(whole[:90] + whole[100:]))

    def night(day: str) -> None:
        for each in (first, second):
            functions.trigger(world.home, each.day, None, world.stored(f"homes/{world.home}/days/{each.day}"))
        training.train({"home": world.home, "day": day}, functions.cloud)

    night(first.day)
    told = world.owner.expect(path)
    assert told["open"] == [{"day": second.day, "meter": world.meter, "difference_mwh": [10 * each for each in EACH]}]
    assert world.day(second)["difference_mwh"] == [0, 0, 0, 0]  # it is missing at its edge: between the days
    (meter,) = told["meters"]
    assert meter["counted_mwh"] == [192 * each for each in EACH]
    assert meter["ledger_mwh"] == [182 * each for each in EACH]

    functions.send(sent(late))
    night(second.day)
    told = world.owner.expect(path)
    assert (told["open"], told["open_days"], told["day"]) == ([], 0, second.day)
    assert told["meters"][0]["difference_mwh"] == [0, 0, 0, 0]


def test_a_night_that_finds_the_books_as_they_were_writes_nothing(stack: Stack) -> None:
    world, day = World.made(stack), days_ago(2)
    functions = Functions.of(stack, world.hub.uid)
    reference = world.db.document(f"homes/{world.home}/insight/ledger")
    functions.send(sent(world.quarters(day)))
    functions.trigger(world.home, day.day, None, world.stored(f"homes/{world.home}/days/{day.day}"))
    training.train({"home": world.home, "day": day.day}, functions.cloud)
    before = reference.get().update_time
    training.train({"home": world.home, "day": days_ago(1).day}, functions.cloud)
    assert reference.get().update_time == before
