"""A night: from the days that ingest stored to a model in the meter's downlink, a forecast and its score."""

import contextlib
import math
import random

import pytest

from contract import documents, unpacking, wire
from contract.ledger import EXTREMES, MINUTES, QUARTER_S, Interval, LocalDay, Registers
from dev.actors import Json
from sunmeter import queries, reconcile, training
from tests.emulator.inprocess import Functions
from tests.emulator.world import World, days_ago, master_key, one_more_run, sent

pytestmark = pytest.mark.stack


def lived_in(meter: str, day: LocalDay, rng: random.Random) -> list[Interval]:
    """A day of a home with a morning, an evening and a sun."""
    made, regs = [], Registers(0, 0, 0, 0)
    for index in range(day.quarters):
        hour = index / 4
        base_w = 180 + 400 * math.exp(-((hour - 7.5) ** 2)) + 900 * math.exp(-((hour - 19.5) ** 2) / 3)
        sun_w = max(0.0, 2_500 * math.sin((hour - 7) / 10 * math.pi)) if 7 < hour < 17 else 0.0
        house = [round(base_w * rng.uniform(0.8, 1.2) + rng.choice([0] * 9 + [1_500])) for _ in range(MINUTES)]
        pv = [round(sun_w * rng.uniform(0.7, 1.0)) for _ in range(MINUTES)]
        grid = [used - made for used, made in zip(house, pv, strict=True)]
        imported, exported = sum(max(w, 0) for w in grid), sum(max(-w, 0) for w in grid)
        energy = Registers(imported * 1000 // 60, exported * 1000 // 60, sum(pv) * 1000 // 60, 0)
        minutes: dict[str, tuple[int | None, ...]] = {
            "grid_w": tuple(grid),
            "pv_w": tuple(pv),
            "v_dv": tuple(rng.randrange(2280, 2330) for _ in range(MINUTES)),
            "q_var": tuple(rng.randrange(40, 90) for _ in range(MINUTES)),
        }
        extremes: dict[str, int | None] = dict.fromkeys(EXTREMES, 100)
        start_s = day.start_s + index * QUARTER_S
        rev = (start_s + QUARTER_S) * 1000
        made.append(
            Interval(meter, start_s, rev, regs, regs.plus(energy), 1000, minutes, extremes, {"edges": "measured"})
        )
        regs = regs.plus(energy)
    return made


def with_history(world: World, days: int, until: int = 1) -> None:
    rng = random.Random(11)
    for ago in range(days + until - 1, until - 1, -1):
        assert all(result["ok"] for result in world.hub.ingest(sent(lived_in(world.meter, days_ago(ago), rng))))


def insight(world: World, name: str) -> Json | None:
    return world.owner.get(f"homes/{world.home}/insight/{name}")


def after_the_night(world: World) -> Json:
    """What is known of the model once the task that the night asked for has run."""
    with one_more_run(world.stack, "trainhome"):
        world.stack.clock.fire("nightly")
    return world.owner.expect(f"homes/{world.home}/insight/model")


@pytest.mark.slow
def test_a_night_leaves_a_model_in_the_downlink_a_forecast_and_its_score(world: World) -> None:
    rate = {"kind": "flat", "price_micro": 250_000}
    world.owner.call("settariff", home=world.home, tariff={"valid_from": "2020-01-01", "import": rate})
    world.owner.call("changehome", home=world.home, false_alerts_per_year=48)
    with_history(world, 30)
    told = after_the_night(world)
    assert (told["rated"], told["precision_permille"]) == ({"real": 0, "not_real": 0, "days": 90}, None)
    assert (told["target_per_month"], told["served_alerts"], told["went_back"]) == (4.0, None, False)
    assert (told["status"], told["reason"], told["meter"]) == ("ready", "", world.meter)
    assert told["days"] == pytest.approx(30, abs=0.1)
    assert (told["first_day"], told["day"]) == (days_ago(30).day, days_ago(1).day)
    assert told["detectable"]["night_w"] > 0

    downlink = world.stored(f"downlink/{world.meter}")
    assert downlink["model_version"] == told["version"]
    assert downlink["model_before"] is None
    signer = wire.Signer(wire.meter_key(master_key(world.stack), world.meter, 1))
    payload = wire.unseal(signer, world.meter, wire.MODEL, downlink["model"])
    assert len(payload) <= 1024
    assert unpacking.unpack(payload).version == told["version"]

    forecast = insight(world, "forecast")
    assert forecast is not None
    assert forecast["start_s"] == days_ago(0).start_s
    assert {len(series) for series in forecast["load_wh"].values()} == {48}
    assert all(lo <= hi for lo, hi in zip(forecast["load_wh"]["lo80"], forecast["load_wh"]["hi80"], strict=True))
    assert sum(forecast["pv_wh"]["p50"]) > 5_000
    assert forecast["month"]["lo_wh"] <= forecast["month"]["p50_wh"] <= forecast["month"]["hi_wh"]
    bill = forecast["bill"]
    assert (bill["month"], bill["tariff"]) == (days_ago(0).month, "2020-01-01")
    assert bill["lo_micro"] <= bill["p50_micro"] <= bill["hi_micro"]
    assert bill["so_far_micro"] <= bill["p50_micro"]

    score = insight(world, "score")
    assert score is not None
    assert score["days"] >= 7
    assert score["served"] in {"model", "naive"}


@pytest.mark.slow
def test_a_night_that_is_repeated_learns_nothing_new(world: World) -> None:
    with_history(world, 9)
    first = after_the_night(world)
    world.db.document("system/reconcile").set({})
    world.db.document(f"homes/{world.home}/insight/model").update({"trained_ms": 1})  # as if it were long ago
    with one_more_run(world.stack, "trainhome"):
        world.stack.clock.fire("reconcile")
    assert insight(world, "model") == {**first, "trained_ms": 1}


@pytest.mark.slow
def test_a_home_with_little_history_is_told_why_there_is_no_model(world: World) -> None:
    with_history(world, 3)
    told = after_the_night(world)
    assert (told["status"], told["reason"], told["version"]) == ("learning", "too_little_data", 0)
    assert world.stored(f"downlink/{world.meter}")["model"] is None
    forecast = insight(world, "forecast")
    assert forecast is not None
    assert (forecast["load_wh"], forecast["method"]) == (None, "none")
    assert forecast["reason"]


@pytest.mark.slow
def test_a_home_that_no_night_has_trained_is_found_by_the_reconciler(world: World) -> None:
    with_history(world, 2)
    with one_more_run(world.stack, "trainhome"):
        world.stack.clock.fire("reconcile")
    told = insight(world, "model")
    assert told is not None
    assert told["trained_ms"] > 0


def test_a_home_that_cannot_be_trained_is_asked_for_less_and_less_often_and_again_once_it_can(world: World) -> None:
    functions = Functions.of(world.stack, world.hub.uid)
    spoilt = world.db.document(documents.month(world.home, days_ago(1).month))
    spoilt.set({"month": days_ago(1).month, "start_s": 0, "days": {}, "columns": {}})
    asked_after_h = []
    for hour in range(120):
        if reconcile.retry_training(functions.cloud):
            asked_after_h.append(hour)
            ((_, task),) = functions.tasks.items()
            functions.tasks.clear()
            for _ in range(3):  # as often as its queue tries
                with contextlib.suppress(KeyError):
                    training.train(task.data, functions.cloud)
        functions.now_ms += reconcile.HOUR_MS
    assert asked_after_h == [0, 4, 28, 52, 76, 100]
    told = world.stored(documents.insight(world.home, "model"))
    assert (told["status"], told["reason"], told["broke_off"]) == ("failed", "internal", 18)
    spoilt.delete()
    training.train(task.data, functions.cloud)  # the next night
    told = world.stored(documents.insight(world.home, "model"))
    assert (told["status"], told["broke_off"], told["retry_ms"]) == ("learning", 0, None)


def test_only_homes_with_a_meter_wait_for_their_training(world: World) -> None:
    functions = Functions.of(world.stack, world.hub.uid)
    cottage = world.owner.new_home("Cottage")

    def waiting() -> list[str]:
        found = functions.cloud.store.find(queries.homes_not_trained(world.db, functions.now_ms, reconcile.MOST))
        return [insight.home for insight in found]

    assert waiting() == [world.home], "however many homes are made without a meter, none is looked at each hour"
    world.owner.call("movemeter", home=world.home, to_home=cottage)
    assert waiting() == [cottage]
    world.owner.call("releasemeter", home=cottage)
    assert waiting() == []


def test_of_a_home_that_is_deleted_while_its_training_breaks_off_nothing_is_left(world: World) -> None:
    functions = Functions.of(world.stack, world.hub.uid)
    model = world.db.document(documents.insight(world.home, "model"))
    model.delete()
    world.db.document(documents.home(world.home)).delete()
    functions.cloud.store.transact(
        lambda transaction: training._note_failure(transaction, world.home, functions.now_ms)
    )
    assert not model.get().exists
