"""Tariffs end to end: days are priced as they come, a change re-prices what is past, and nobody is left behind."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from contract import documents
from contract.ledger import QUARTER_S, LocalDay
from dev.actors import CallRefused, Json, Person
from dev.triggers import triggers_lost
from sunmeter import reconcile, reprice
from sunmeter.domain import repricing
from tests.emulator.inprocess import Functions, Killed
from tests.emulator.world import World, days_ago, eventually, sent

pytestmark = pytest.mark.stack

PRICE = 250_000  # micro per kWh; a quarter of the world is 0.1 kWh bought and 0.02 kWh from the roof
FLAT: Json = {"kind": "flat", "price_micro": PRICE}
A_QUARTER = PRICE // 10


def tariff(**changes: Any) -> Json:
    return {"valid_from": "2020-01-01", "import": FLAT, **changes}


def stored_day(world: World, day: LocalDay) -> Json:
    return world.stored(documents.day(world.home, day.day))


def stored_month(world: World, day: LocalDay) -> Json:
    return world.stored(documents.month(world.home, day.month))


def job_of(world: World) -> Json:
    return world.stored(documents.job(world.home, repricing.JOB))


def set_tariff(world: World, **told: Any) -> Json:
    return world.owner.call("settariff", home=world.home, tariff=tariff(**told))


def repriced(world: World) -> Json:
    """The job once nothing is left."""
    return eventually(lambda: job if (job := job_of(world))["state"] == "done" else None, within_s=60.0)


def functions_of(world: World) -> Functions:
    return Functions.of(world.stack, world.hub.uid)


def test_a_day_that_comes_after_its_tariff_is_priced_as_it_is_stored(world: World) -> None:
    assert set_tariff(world, standing_micro=400_000)["job"] == "reprice"
    day = days_ago(1)
    world.hub.ingest(sent(world.quarters(day)))
    money = world.day(day)["money"]
    assert money["import_micro"] == day.quarters * A_QUARTER
    assert money["cost_micro"] == day.quarters * A_QUARTER + 400_000
    assert money["saved_micro"] == day.quarters * PRICE // 50
    month = eventually(lambda: world.owner.get(documents.month(world.home, day.month)))
    assert month["days"][day.day[8:]]["money"] == money
    assert month["money"]["cost_micro"] == money["cost_micro"]


def test_a_home_without_a_tariff_has_days_without_money(world: World) -> None:
    world.hub.ingest(sent(world.quarters(days_ago(1), 4)))
    assert stored_day(world, days_ago(1))["money"] is None


def test_a_tariff_for_the_past_prices_what_is_stored_and_tells_how_far_it_came(world: World) -> None:
    past = [days_ago(ago) for ago in (1, 2, 40, 80)]
    for day in past:
        world.hub.ingest(sent(world.quarters(day)))
    answer = set_tariff(world)
    assert answer == {"tariff": "2020-01-01", "tariff_rev": 1, "job": "reprice"}
    job = repriced(world)
    assert (job["days"], job["days_changed"], job["left_until"]) == (4, 4, None)
    assert job["months_done"] == job["months"] >= 3
    for day in past:
        assert world.day(day)["money"]["cost_micro"] == day.quarters * A_QUARTER
        assert stored_month(world, day)["days"][day.day[8:]]["money"]["cost_micro"] == day.quarters * A_QUARTER


def test_an_edited_tariff_prices_its_own_days_anew_and_no_others(world: World) -> None:
    before, after = days_ago(12), days_ago(3)
    for day in (before, after):
        world.hub.ingest(sent(world.quarters(day)))
    set_tariff(world)
    repriced(world)
    set_tariff(world, valid_from=days_ago(10).day, **{"import": {**FLAT, "price_micro": 2 * PRICE}})
    assert repriced(world)["days"] == 1
    assert stored_day(world, before)["money"]["cost_micro"] == before.quarters * A_QUARTER
    assert stored_day(world, after)["money"]["cost_micro"] == after.quarters * 2 * A_QUARTER
    answer = world.owner.call("deletetariff", home=world.home, tariff=days_ago(10).day)
    assert answer["tariff_rev"] == 3
    repriced(world)
    assert stored_day(world, after)["money"]["cost_micro"] == after.quarters * A_QUARTER
    assert world.owner.list(f"homes/{world.home}/tariffs").keys() == {"2020-01-01"}


def test_the_same_tariff_again_changes_nothing(world: World) -> None:
    first = set_tariff(world)
    repriced(world)
    assert set_tariff(world) == {**first, "job": None}
    assert world.stored(documents.home(world.home))["tariff_rev"] == 1


def test_a_tariff_that_begins_tomorrow_prices_nothing_yet(world: World) -> None:
    world.hub.ingest(sent(world.quarters(days_ago(1), 4)))
    assert set_tariff(world, valid_from=days_ago(-1).day)["job"] is None
    assert stored_day(world, days_ago(1))["money"] is None


def test_a_late_interval_is_priced_under_the_newest_tariff_before_the_task_comes_to_it(world: World) -> None:
    day = days_ago(1)
    each = sent(world.quarters(day))
    functions = functions_of(world)
    functions.send(each[:40])
    with_tariffs(functions, world, tariff())
    functions.send([each[40]])  # the task has not run
    stored = stored_day(world, day)
    assert stored["tariff_rev"] == 1
    assert stored["money"]["import_micro"] == 41 * A_QUARTER
    reads = functions.wire.reads
    functions.send([each[41]])
    assert functions.wire.reads - reads == 4  # hub, meter, home, day: its terms are in the day


def with_tariffs(functions: Functions, world: World, raw: Json) -> Json:
    """What `settariff` does, in this process: the task stays in the queue."""
    from sunmeter import tariffs

    return tariffs.set_tariff(Asked(world.owner.uid, {"home": world.home, "tariff": raw}), functions.cloud)  # type: ignore[arg-type]


class Asked:
    """A callable's request by a person who is signed in."""

    def __init__(self, uid: str, data: Json):
        self.auth = self
        self.uid = uid
        self.token: Json = {"email_verified": True}
        self.data = data


def run_repricing(functions: Functions) -> None:
    for key, task in list(functions.tasks.items()):
        if task.queue == reprice.QUEUE:
            reprice.run(task.data, functions.cloud)
            del functions.tasks[key]


def test_market_prices_that_come_late_price_the_days_that_waited_for_them(world: World) -> None:
    day = days_ago(2)
    set_tariff(world, **{"import": {"kind": "dynamic", "price_micro": 50_000}})
    world.hub.ingest(sent(world.quarters(day)))
    waiting = stored_day(world, day)["money"]
    assert (waiting["cost_micro"], waiting["unpriced_mwh"]) == (0, day.quarters * 100_000)
    hours = day.quarters // 4
    told = {"home": world.home, "start_s": day.start_s, "prices_micro": [100_000] * hours}
    answer = world.owner.call("setprices", **told)
    assert (answer["changed"], answer["months"], answer["job"]) == (4 * hours, [day.month], "reprice")
    repriced(world)
    money = eventually(lambda: found if not (found := stored_day(world, day)["money"])["unpriced_mwh"] else None)
    assert money["cost_micro"] == day.quarters * 150_000 // 10
    assert world.owner.call("setprices", **told) == {"changed": 0, "months": [day.month], "job": None}


def test_prices_of_tomorrow_ask_for_no_work(world: World) -> None:
    set_tariff(world)
    told = {"home": world.home, "start_s": days_ago(-1).start_s, "prices_micro": [1] * 24}
    assert world.owner.call("setprices", **told)["job"] is None


def test_prices_of_what_is_left_of_today_reach_the_day_that_has_begun(world: World) -> None:
    set_tariff(world, **{"import": {"kind": "dynamic", "price_micro": 50_000}})
    today = days_ago(0)
    last_hour = {"start_s": today.start_s + (today.quarters - 4) * QUARTER_S, "prices_micro": [100_000]}
    assert world.owner.call("setprices", home=world.home, **last_hour)["job"] == "reprice"


def test_a_year_of_market_prices_is_one_call(world: World) -> None:
    prices = list(range(8760))
    start_s = days_ago(400).start_s
    answer = world.owner.call("setprices", home=world.home, start_s=start_s, prices_micro=prices)
    assert answer["changed"] == 8760 * 4
    assert len(answer["months"]) in {12, 13}


@pytest.mark.parametrize(
    ("name", "data", "field"),
    [
        ("settariff", {}, "tariff"),
        ("settariff", {"tariff": {**tariff(), "import": {"kind": "flat"}}}, "tariff.import.price_micro"),
        ("settariff", {"tariff": tariff(valid_from="soon")}, "tariff.valid_from"),
        ("deletetariff", {"tariff": 5}, "tariff"),
        ("setprices", {"start_s": 1_700_000_100, "prices_micro": ["x"]}, "prices_micro.0"),
        ("setbudget", {}, "month_micro"),
        ("setbudget", {"month_micro": 0}, "month_micro"),
        ("whatif", {"tariff": {"import": {"kind": "dear"}}}, "tariff.import.kind"),
        ("whatif", {"months": 14, "tariff": tariff()}, "months"),
        ("fitbill", {"readings": []}, "readings"),
        ("fitbill", {"readings": [{"at_ms": 1, "import_wh": 1}, {"at_ms": 1, "import_wh": 1}]}, "readings.1.at_ms"),
        ("fitbill", {"readings": [{"at_ms": 1, "import_wh": 5}, {"at_ms": 2, "import_wh": 4}]}, "readings.1.import_wh"),
        ("applybill", {"gain_ppm": 2_000_000}, "gain_ppm"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name(world: World, name: str, data: Json, field: str) -> None:
    with pytest.raises(CallRefused) as refused:
        world.owner.call(name, home=world.home, **data)
    assert refused.value.http_status == 400
    assert refused.value.field == field


def test_a_stranger_finds_no_home_and_a_viewer_changes_nothing(world: World) -> None:
    viewer = Person.somebody(world.place)
    roles = {world.owner.uid: "owner", viewer.uid: "viewer"}
    world.db.document(documents.home(world.home)).update({"roles": roles, "member_uids": list(roles)})
    changes: dict[str, Json] = {
        "settariff": {"tariff": tariff()},
        "deletetariff": {"tariff": "2020-01-01"},
        "setprices": {"start_s": 1_700_000_100, "prices_micro": [1]},
        "setbudget": {"month_micro": 1},
        "fitbill": {"readings": [{"at_ms": 1, "import_wh": 1}, {"at_ms": 2, "import_wh": 1}]},
        "applybill": {"gain_ppm": 1_000_000},
    }
    for name, data in changes.items():
        with pytest.raises(CallRefused) as refused:
            viewer.call(name, home=world.home, **data)
        assert refused.value.code in {"members_only", "owners_only"}
        with pytest.raises(CallRefused) as refused:
            Person.somebody(world.place).call(name, home=world.home, **data)
        assert refused.value.code == "no_such_home"
    assert viewer.call("whatif", home=world.home, tariff=tariff())["now"] is None


def test_a_budget_stands_in_the_home(world: World) -> None:
    world.owner.call("setbudget", home=world.home, month_micro=60_000_000)
    assert world.owner.expect(documents.home(world.home))["budget"] == {"month_micro": 60_000_000}
    world.owner.call("setbudget", home=world.home, month_micro=None)
    assert world.owner.expect(documents.home(world.home))["budget"] is None


def test_another_tariff_over_one_s_own_months_costs_what_it_would_have_cost(world: World) -> None:
    set_tariff(world)
    past = [days_ago(ago) for ago in (1, 2, 40)]
    with triggers_lost(world.stack):
        for day in past:
            world.hub.ingest(sent(world.quarters(day)))
        world.stack.clock.fire("reconcile")
    tried = {"import": {"kind": "flat", "price_micro": 2 * PRICE}, "standing_micro": 1000}
    answer = world.owner.call("whatif", home=world.home, tariff=tried)
    number = sum(day.quarters for day in past)
    assert answer["total"]["cost_micro"] == number * 2 * A_QUARTER + 3 * 1000
    assert answer["now"]["cost_micro"] == number * A_QUARTER
    assert answer["difference_micro"] == number * A_QUARTER + 3000
    assert answer["exact"]
    assert answer["reads"] <= 14


@pytest.mark.slow
def test_wherever_a_re_pricing_dies_every_day_is_priced_in_the_end(world: World) -> None:
    past = [days_ago(ago) for ago in (1, 2, 33, 65)]
    functions = functions_of(world)
    with triggers_lost(world.stack):
        for day in past:
            functions.send(sent(world.quarters(day)))
        reconcile.heal_months(functions.cloud)
        damaged, number, price = 0, 0, PRICE
        calls = 1
        while number < calls:
            number += 1
            price += 10
            functions = functions_of(world)
            raw = tariff(**{"import": {**FLAT, "price_micro": price}})
            start = functions.wire.calls
            if number > 1:
                functions.wire.cut_at, functions.wire.cut_after = number - 1, number % 2 == 1
            with contextlib.suppress(Killed):
                with_tariffs(functions, world, raw)
                run_repricing(functions)
            calls = max(calls, functions.wire.calls - start)
            damaged += not are_priced(world, past, price)
            functions.wire.cut_at = None
            with_tariffs_or_nothing(functions, world, raw)
            functions.now_ms += 3_600_000
            functions.tasks.clear()  # what was asked for is lost too
            reconcile.retry_pricing(functions.cloud)
            run_repricing(functions)
            assert are_priced(world, past, price), f"died at call {number - 1}"
    assert damaged > number / 3  # without the reconciler much would stay under the old price


def with_tariffs_or_nothing(functions: Functions, world: World, raw: Json) -> None:
    """A person whose call was not answered asks again."""
    with_tariffs(functions, world, raw)


def are_priced(world: World, past: list[LocalDay], price_micro: int) -> bool:
    def is_priced(day: LocalDay) -> bool:
        cost_micro = day.quarters * price_micro // 10
        entry = stored_month(world, day)["days"][day.day[8:]]
        return all((each["money"] or {}).get("cost_micro") == cost_micro for each in (stored_day(world, day), entry))

    return all(map(is_priced, past))


def test_a_re_pricing_that_no_task_carries_on_is_found_by_the_reconciler(world: World) -> None:
    functions = functions_of(world)
    functions.send(sent(world.quarters(days_ago(1))))
    with_tariffs(functions, world, tariff())
    functions.tasks.clear()  # lost
    assert job_of(world)["left_until"]
    world.stack.clock.fire("reconcile")
    repriced(world)
    assert stored_day(world, days_ago(1))["tariff_rev"] == 1


def test_two_re_pricings_at_once_and_a_third_of_nothing_end_alike(world: World) -> None:
    functions = functions_of(world)
    functions.send(sent(world.quarters(days_ago(1))))
    with_tariffs(functions, world, tariff())
    (queued,) = [task.data for task in functions.tasks.values() if task.queue == reprice.QUEUE]
    reprice.run(queued, functions.cloud)
    before = world.db.document(documents.day(world.home, days_ago(1).day)).get().update_time
    for _ in range(2):
        reprice.run(queued, functions.cloud)
    assert world.db.document(documents.day(world.home, days_ago(1).day)).get().update_time == before


@pytest.mark.slow
def test_days_that_come_while_tariffs_change_are_priced_under_the_last_one(world: World) -> None:
    hub, people = functions_of(world), functions_of(world)
    past = [days_ago(ago) for ago in range(2, 10)]
    price = PRICE
    with triggers_lost(world.stack), ThreadPoolExecutor(2) as pool:
        for day in past:
            price += 10
            raw = tariff(**{"import": {**FLAT, "price_micro": price}})
            sending = pool.submit(lambda day: [hub.send([each]) for each in sent(world.quarters(day, 3))], day)
            pool.submit(with_tariffs, people, world, raw).result()
            assert [answer.status_code for answer in sending.result()] == [200] * 3
        run_repricing(people)
    for day in past:
        assert stored_day(world, day)["money"]["cost_micro"] == 3 * price // 10, day.day
