"""What a night makes of a home's documents."""

import datetime as dt
import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sunmeter import night
from sunmeter.contract import ledger, unpacking, wire
from sunmeter.contract.documents import MONTH_COLUMNS, pack, unpack
from sunmeter.contract.ledger import LocalDay, Registers
from sunmeter.domain import days, downlinks, months, tariff
from sunmeter.domain.feedback import Feedback
from sunmeter.domain.tariff import Tariff
from sunmeter.learning.anomaly import Trained
from tests.unit.functions.makers import chain, registers

ZONE = "Europe/Paris"
VECTORS = json.loads((Path(__file__).parents[3] / "contract" / "vectors" / "scorer.json").read_text())


def local(date: str) -> LocalDay:
    return ledger.day_of(dt.date.fromisoformat(date), ZoneInfo(ZONE))


def energy(index: int) -> Registers:
    """A quarter of a home with an evening."""
    return registers(60_000 + round(300_000 * math.exp(-(((index / 4) - 19) ** 2) / 4)))


@cache
def history(length: int, last: str = "2026-11-22") -> tuple[dict[str, Any], ...]:
    """The month documents of so many days."""
    by_month: dict[str, dict[str, Any]] = {}
    for ago in range(length - 1, -1, -1):
        day = local((dt.date.fromisoformat(last) - dt.timedelta(days=ago)).isoformat())
        whole = days.merge(days.empty(day, ZONE), chain(day.start_s, [energy(index) for index in range(day.quarters)]))
        by_month[day.month] = months.with_day(by_month.get(day.month), whole)
    return tuple(by_month.values())


def known(length: int, last: str = "2026-11-22", **more: Any) -> night.Known:
    return night.Known(local(last), ZONE, [], list(history(length, last)), more.get("forecast"), more.get("score"))


def test_months_join_into_one_series_and_what_is_between_is_missing() -> None:
    first, second = history(30, "2026-11-10")
    series = night.hourly([second, first], "import_wh")
    assert series.start_s == first["start_s"]
    assert len(series.wh) == (31 * 24 + 1) + 30 * 24
    gap = (local("2026-10-12").start_s - series.start_s) // 3600
    assert np.isnan(series.wh[:gap]).all()
    assert not np.isnan(series.wh[gap : gap + 30 * 24]).any()


def test_without_months_there_is_no_series() -> None:
    assert len(night.hourly([], "import_wh").wh) == 0


def test_a_home_without_history_learns_that_it_has_none() -> None:
    lessons = night.learn(night.Known(local("2026-11-22"), ZONE, [], [], None, None), 5)
    assert (lessons.trained.status, lessons.trained.reason) == ("learning", "nothing_measured")
    assert lessons.forecast["load_wh"] is None
    assert lessons.forecast["reason"] == {"code": "days", "have": 0, "need": 7}
    assert lessons.score is None


def test_a_home_that_is_never_measured_at_night_learns_why_it_has_no_forecast() -> None:
    by_month: dict[str, dict[str, Any]] = {}
    for ago in range(39, -1, -1):
        day = local((dt.date(2026, 11, 22) - dt.timedelta(days=ago)).isoformat())
        morning_s = day.start_s + 6 * 3600
        whole = days.merge(days.empty(day, ZONE), chain(morning_s, [energy(index) for index in range(24, 92)]))
        by_month[day.month] = months.with_day(by_month.get(day.month), whole)
    lessons = night.learn(night.Known(local("2026-11-22"), ZONE, [], list(by_month.values()), None, None), 5)
    assert lessons.forecast["load_wh"] is None
    assert lessons.forecast["reason"]["code"] == "hours"


def test_a_month_that_is_read_twice_counts_once() -> None:
    first, second = history(30, "2026-11-10")
    once, twice = night.hourly([first, second], "house_wh"), night.hourly([second, first, second, first], "house_wh")
    np.testing.assert_array_equal(once.wh, twice.wh)


def test_the_first_night_is_scored_on_the_days_before_it() -> None:
    lessons = night.learn(known(40), 5)
    assert lessons.score is not None
    assert lessons.score["days"] >= 7
    assert lessons.score["day"] == "2026-11-22"
    assert lessons.forecast["start_s"] == local("2026-11-23").start_s
    assert [len(lessons.forecast["load_wh"][name]) for name in ("p50", "lo95", "hi95")] == [48] * 3
    assert lessons.forecast["pv_wh"] is None


def test_the_night_scores_the_forecast_of_the_day_that_is_over_once() -> None:
    first = night.learn(known(40, "2026-11-21"), 5)
    assert first.score is not None
    second = night.learn(known(41, "2026-11-22", forecast=first.forecast, score=first.score), 6)
    assert second.score is not None
    assert second.score["days"] == first.score["days"] + 1
    again = night.learn(known(41, "2026-11-22", forecast=second.forecast, score=second.score), 7)
    assert again.score == second.score


def test_a_forecast_of_another_day_is_not_scored() -> None:
    first = night.learn(known(40, "2026-11-20"), 5)
    assert first.score is not None
    later = night.learn(known(42, "2026-11-22", forecast=first.forecast, score=first.score), 6)
    assert later.score is not None
    assert later.score["days"] == first.score["days"]


def test_a_home_whose_panels_never_gave_anything_has_no_solar_forecast() -> None:
    without = known(40)
    with_sun = replace(without, months=[sunny(month) for month in without.months])
    assert night.learn(without, 5).forecast["pv_wh"] is None
    assert night.learn(with_sun, 5).forecast["pv_wh"]["p50"][12] == pytest.approx(700, rel=0.1)


def sunny(month: dict[str, Any]) -> dict[str, Any]:
    hours = len(month["columns"]["pv_wh"]) // 2
    known_hours = [wh is not None for wh in unpack(MONTH_COLUMNS["house_wh"], month["columns"]["house_wh"])]
    pv = [700 if known_hours[hour] else None for hour in range(hours)]
    return {**month, "columns": {**month["columns"], "pv_wh": pack(MONTH_COLUMNS["pv_wh"], pv)}}


def paid(month: dict[str, Any], cost_micro: int) -> dict[str, Any]:
    """The month as if each of its days had cost that."""
    return {
        **month,
        "days": {day: {**entry, "money": {"cost_micro": cost_micro}} for day, entry in month["days"].items()},
    }


def a_tariff(**more: Any) -> Tariff:
    return tariff.parse({"valid_from": "2026-01-01", "import": {"kind": "flat", "price_micro": 250_000}, **more}, "EUR")


def test_a_home_with_a_tariff_learns_where_its_month_will_end() -> None:
    before = known(60)
    priced = replace(before, months=[paid(month, 1_000_000) for month in before.months], tariff=a_tariff())
    bill = night.learn(priced, 5).forecast["bill"]
    a_day = sum(energy(index).import_mwh for index in range(96)) * 250_000 // 10**6
    assert (bill["month"], bill["tariff"], bill["so_far_micro"]) == ("2026-11", "2026-01-01", 22 * 1_000_000)
    assert bill["p50_micro"] == pytest.approx(22 * 1_000_000 + 8 * a_day, rel=0.001)
    assert bill["lo_micro"] <= bill["p50_micro"] <= bill["hi_micro"]


def test_the_standing_charge_of_the_days_left_is_certain() -> None:
    before = known(60)
    without = night.learn(replace(before, tariff=a_tariff()), 5).forecast["bill"]
    standing = a_tariff(standing_micro=500_000, vat_ppm=0)
    charged = night.learn(replace(before, tariff=standing), 5).forecast["bill"]
    for name in ("lo_micro", "p50_micro", "hi_micro"):
        assert charged[name] - without[name] == 8 * 500_000


def test_without_a_tariff_or_with_few_days_no_bill_is_foretold() -> None:
    assert night.learn(known(60), 5).forecast["bill"] is None
    assert night.learn(replace(known(5), tariff=a_tariff()), 5).forecast["bill"] is None


def test_days_without_market_prices_foretell_no_bill() -> None:
    dynamic = tariff.parse({"valid_from": "2026-01-01", "import": {"kind": "dynamic", "price_micro": 0}}, "EUR")
    assert night.learn(replace(known(60), tariff=dynamic), 5).forecast["bill"] is None


def test_on_the_last_day_of_a_month_the_next_one_begins_at_nought() -> None:
    before = known(60, "2026-11-30")
    priced = replace(before, months=[paid(month, 1_000_000) for month in before.months], tariff=a_tariff())
    bill = night.learn(priced, 5).forecast["bill"]
    assert (bill["month"], bill["so_far_micro"]) == ("2026-12", 0)


def test_a_night_goes_back_to_the_model_before_under_a_new_number() -> None:
    before = bytes.fromhex(VECTORS["model"])
    failed = Trained("failed", "would_alarm_too_often", 30.0, goes_back=True)
    sent = night._shipped(failed, before, VECTORS["version"] + 5)
    assert sent is not None
    assert unpacking.unpack(sent).version == VECTORS["version"] + 5
    assert sent[8:] == before[8:]
    assert night._shipped(replace(failed, goes_back=False), before, 9) is None
    assert night._shipped(Trained("ready", "", 30.0, payload=b"new"), before, 9) == b"new"


def test_choice_ratings_and_served_models_reach_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def train(measured: Any, **more: Any) -> Trained:
        asked.update(more)
        return Trained("failed", "nothing_varies", 0.0)

    monkeypatch.setattr("sunmeter.learning.anomaly.train", train)
    model = bytes.fromhex(VECTORS["model"])
    columns = {name: bytes(2 * 1440) for name in ("grid_w", "pv_w", "v_dv", "q_var")}
    day = {"start_s": local("2026-11-22").start_s, "columns": columns}
    said = Feedback(48, real=1, not_real=3, real_s=((5, 9),))
    night.learn(replace(known(9), days=[day], feedback=said, served=(model, b"not a model")), version=7)
    assert (asked["version"], asked["target_per_month"], asked["real_s"]) == (7, 2.0, ((5, 9),))
    assert asked["served"].last.version == VECTORS["version"]
    assert asked["served"].before is None


def test_the_models_a_meter_holds_are_opened_and_foreign_ones_are_none() -> None:
    meter, key = "m-0000000001", b"k" * 32

    def sealed(by: bytes, payload: bytes) -> bytes:
        return wire.seal(wire.Signer(by), meter, wire.MODEL, payload)

    last, before, foreign = sealed(key, b"last"), sealed(key, b"before"), sealed(b"x" * 32, b"foreign")
    assert downlinks.models(key, meter, {}) == (None, None)
    assert downlinks.models(key, meter, {"model": last}) == (b"last", None)
    assert downlinks.models(key, meter, {"model": last, "model_before": before}) == (b"last", b"before")
    assert downlinks.models(key, meter, {"model": last, "model_before": foreign}) == (b"last", None)
    assert downlinks.models(key, meter, {"model": None, "model_before": before}) == (None, None)
