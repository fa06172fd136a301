"""Seeded history is what a hub would have sent: valid, seamless, and exact to the milliwatt-hour."""

from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from contract.ledger import MEASURED, Interval, Registers, parse_interval, quality
from twin.local_time import midnight_s
from twin.people import demo_households
from twin.seed import history

METER = "m-0000000001"
START_S = midnight_s(date(2026, 6, 1), ZoneInfo("Europe/Paris"))
END_S = START_S + 3 * 86_400


@pytest.fixture(scope="module")
def intervals() -> list[Interval]:
    return [parse_interval(item) for item in history(METER, demo_households()[0], START_S, END_S)]


def test_every_quarter_is_there_once_and_is_accepted_as_measured(intervals: list[Interval]) -> None:
    assert [i.start_s for i in intervals] == list(range(START_S, END_S, 900))
    assert {quality(i) for i in intervals} == {MEASURED}
    assert {i.meter for i in intervals} == {METER}
    assert [i.evidence["resets"] for i in intervals[:3]] == [["power_on"], [], []]


def test_registers_never_fall_and_neighbours_join(intervals: list[Interval]) -> None:
    assert intervals[0].regs0 == Registers(0, 0, 0, 0)
    assert all(a.regs1 == b.regs0 for a, b in pairwise(intervals))
    assert not any(i.regs1.falls_below(i.regs0) for i in intervals)


def test_the_sum_is_what_the_minutes_hold(intervals: list[Interval]) -> None:
    profile = demo_households()[0].minutes(START_S, END_S)
    exact_mwh = [
        series.sum() * 1000 / 60
        for series in (
            np.maximum(profile.grid_w, 0),
            np.maximum(-profile.grid_w, 0),
            np.maximum(profile.pv_w, 0),
            np.maximum(-profile.pv_w, 0),
        )
    ]
    assert all(0 <= exact - counted < 1.001 for exact, counted in zip(exact_mwh, intervals[-1].regs1, strict=True))


def test_minutes_and_registers_of_a_quarter_agree(intervals: list[Interval]) -> None:
    for interval in intervals[40:60]:
        net_mwh = sum(watts for watts in interval.minutes["grid_w"] if watts is not None) * 1000 / 60
        assert interval.energy.import_mwh - interval.energy.export_mwh == pytest.approx(net_mwh, abs=15 * 10)


def test_history_can_go_on_where_another_ended() -> None:
    whole = list(history(METER, demo_households()[2], START_S, START_S + 7200))
    first = list(history(METER, demo_households()[2], START_S, START_S + 3600))
    rest = list(history(METER, demo_households()[2], START_S + 3600, START_S + 7200, tuple(first[-1]["regs1"])))
    np.testing.assert_allclose([i["regs0"] for i in rest], [i["regs0"] for i in whole[4:]], atol=1)


def test_history_that_does_not_begin_on_a_quarter_is_refused() -> None:
    with pytest.raises(ValueError, match="on a quarter"):
        next(history(METER, demo_households()[0], START_S + 60, END_S))
