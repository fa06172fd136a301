"""Minutes out of packed day columns."""

import numpy as np
import pytest

from contract import documents
from sunmeter.learning import minutes as loading


def columns(**series: list[int | None]) -> dict[str, bytes]:
    return {name: documents.pack(documents.DAY_COLUMNS[name], values) for name, values in series.items()}


def test_days_join_in_order_and_what_lies_between_is_missing() -> None:
    first = columns(grid_w=[100, None], pv_w=[None, None], v_dv=[2300, None], q_var=[-5, 7])
    second = columns(grid_w=[-300], pv_w=[900], v_dv=[2310], q_var=[0])
    found = loading.of_days([(240, second), (0, first)])
    assert found.start_s == 0
    np.testing.assert_array_equal(found.grid_w, [100, np.nan, np.nan, np.nan, -300])
    np.testing.assert_array_equal(found.v_dv, [2300, np.nan, np.nan, np.nan, 2310])
    np.testing.assert_array_equal(found.house_w, [100, np.nan, np.nan, np.nan, 600])
    np.testing.assert_array_equal(found.q_var, [-5, 7, np.nan, np.nan, 0])


def test_no_days_are_no_minutes() -> None:
    with pytest.raises(ValueError, match="no days"):
        loading.of_days([])


def test_an_hour_of_which_less_than_half_was_measured_is_missing() -> None:
    grid_w = np.concatenate([np.full(60, 120.0), np.full(40, np.nan), np.full(20, 60.0), np.full(30, 240.0)])
    empty = np.full(150, np.nan)
    found = loading.Minutes(7200, grid_w, empty, empty, empty)
    hours = found.hourly(found.house_w)
    assert hours.start_s == 7200
    np.testing.assert_array_equal(hours.wh, [120, np.nan, 240])


def test_hours_begin_with_the_clock_wherever_the_minutes_begin() -> None:
    empty = np.full(90, np.nan)
    found = loading.Minutes(3600 + 45 * 60, np.full(90, 60.0), empty, empty, empty)
    hours = found.hourly(found.house_w)
    assert hours.start_s == 3600
    np.testing.assert_array_equal(hours.wh, [np.nan, 60, np.nan])  # 15 minutes, an hour, 15 minutes
    assert found.between(3600 * 2, 3600 * 3).start_s == 3600 * 2
    assert len(found.between(3600 * 2, 3600 * 3).grid_w) == 60
