"""What people said of alerts: how precise they were, how often a model may alarm, what was real."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunmeter.domain import feedback
from sunmeter.domain.feedback import Feedback

NOW_MS = 1_790_000_000_000
HOUR_MS = 3_600_000
HOME: dict[str, Any] = {"mutes": {}}


def alert(rating: str, **more: Any) -> dict[str, Any]:
    usual = {"kind": "overuse", "channel": "excess_60m", "model_version": 7}
    when = {"start_ms": NOW_MS - 5 * HOUR_MS, "end_ms": NOW_MS - 3 * HOUR_MS}
    return {**usual, **when, "rating": rating, **more}


def test_ratings_are_counted_and_what_was_real_keeps_its_time() -> None:
    lasts = alert("real", start_ms=NOW_MS - HOUR_MS, end_ms=None)
    found = feedback.of_alerts([lasts, alert("real"), alert("not_real"), alert("none")], HOME, NOW_MS)
    assert (found.real, found.not_real, found.precision_permille) == (2, 1, 667)
    assert found.real_s == (
        ((NOW_MS - 5 * HOUR_MS) // 1000, (NOW_MS - 3 * HOUR_MS) // 1000),
        ((NOW_MS - HOUR_MS) // 1000, NOW_MS // 1000),
    )


def test_rules_and_muted_loads_say_nothing_of_the_model() -> None:
    muted = {"overuse-excess_60m": {"until_ms": NOW_MS + 1}, "anomaly-voltage_5m": {"until_ms": NOW_MS - 1}}
    alerts = [alert("not_real"), alert("not_real", model_version=0, channel="no_current")]
    known = alert("not_real", kind="anomaly", channel="voltage_5m")
    assert feedback.of_alerts([*alerts, known], {"mutes": muted}, NOW_MS).not_real == 1


def test_the_home_chooses_and_few_ratings_change_nothing() -> None:
    assert feedback.of_alerts([], HOME, NOW_MS).target_per_month == 1
    often = feedback.of_alerts([alert("not_real")] * 2, {**HOME, "false_alerts_per_year": 48}, NOW_MS)
    assert (often.target_per_month, often.precision_permille) == (4, None)


@pytest.mark.parametrize(
    ("real", "not_real", "target"), [(0, 3, 0.25), (1, 3, 0.5), (3, 3, 1.0), (9, 0, 1.0), (0, 90, 0.125)]
)
def test_the_less_of_it_is_real_the_less_is_told(real: int, not_real: int, target: float) -> None:
    assert Feedback(real=real, not_real=not_real).target_per_month == pytest.approx(target)


@given(st.integers(0, 100), st.integers(0, 100), st.sampled_from(feedback.PER_YEAR))
def test_one_more_false_alarm_never_makes_the_model_keener(real: int, not_real: int, chosen: int) -> None:
    before, after = Feedback(chosen, real, not_real), Feedback(chosen, real, not_real + 1)
    assert chosen / 12 / 8 <= after.target_per_month <= before.target_per_month <= chosen / 12


def test_what_is_kept_says_how_precise_the_alerts_were() -> None:
    assert Feedback(real=3, not_real=1).told() == {
        "rated": {"real": 3, "not_real": 1, "days": 90},
        "precision_permille": 750,
        "target_per_month": 1.0,
    }
