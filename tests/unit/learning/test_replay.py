"""The numpy replay says what the meter would say, minute by minute."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunmeter.contract import scorer as contract
from sunmeter.contract import unpacking
from sunmeter.contract.model import Model
from sunmeter.learning.minutes import MINUTE_S, Minutes
from sunmeter.learning.replay import alerts, features, replay
from tests.unit.learning.homes import minutes as made_up

VECTORS = json.loads((Path(__file__).parents[3] / "contract" / "vectors" / "scorer.json").read_text())
MODEL = unpacking.unpack(bytes.fromhex(VECTORS["model"]))
TOGETHER = unpacking.unpack(
    bytes.fromhex(
        json.loads((Path(__file__).parents[3] / "contract" / "vectors" / "mixture.json").read_text())["model"]
    )
)
NIGHT = unpacking.unpack(
    bytes.fromhex(json.loads((Path(__file__).parents[3] / "contract" / "vectors" / "night.json").read_text())["model"])
)


def rows(minutes: Minutes) -> list[tuple[int, ...]]:
    """As the meter has them."""
    columns = (minutes.grid_w, minutes.pv_w, minutes.v_dv, minutes.q_var)
    numbers = [[None if np.isnan(number) else int(number) for number in column] for column in columns]
    return list(zip([int(ts_s) for ts_s in minutes.ts_s], *numbers, strict=True))


def pushed(model: Model, minutes: Minutes, skip: set[int]) -> tuple[list[int], list[int]]:
    """Scores and leading channels by the contract's scorer, some minutes never pushed (scored -1)."""
    scorer = contract.Scorer(contract.Features(), model)
    scores, channels = [], []
    for position, row in enumerate(rows(minutes)):
        scores.append(-1 if position in skip else scorer.push(*row))
        channels.append(scorer.channel)
    return scores, channels


def with_gaps(minutes: Minutes, gaps: list[tuple[int, int]]) -> Minutes:
    columns = [column.copy() for column in (minutes.grid_w, minutes.pv_w, minutes.v_dv, minutes.q_var)]
    for first, length in gaps:
        for column in columns:
            column[first : first + length] = np.nan
    return Minutes(minutes.start_s, *columns)


@pytest.mark.parametrize("model", [MODEL, TOGETHER, NIGHT], ids=["channels", "together", "night"])
@pytest.mark.parametrize("pv", [False, True])
def test_replay_equals_the_scorer_over_days_with_gaps(pv: bool, model: Model) -> None:
    days = made_up(3, pv=pv, start_s=VECTORS["minutes"][0][0] + 7 * MINUTE_S)
    days = with_gaps(days, [(100, 1), (500, 55), (1700, 400), (3000, 3)])
    skipped = set(range(510, 540)) | set(range(1700, 2100))
    scores, channels = pushed(model, days, skipped)
    played = replay(model, days)
    asked = [position for position in range(len(scores)) if position not in skipped]
    assert max(abs(int(played.score_milli[at]) - scores[at]) for at in asked) <= 1
    assert [int(played.channel[at]) for at in asked] == [channels[at] for at in asked]
    assert len(set(channels)) > 3


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 59))
def test_features_are_those_of_the_meter_on_any_minutes(seed: int, lead: int) -> None:
    chance = np.random.default_rng(seed)
    size = 1500
    columns = [chance.integers(-40_000, 40_000, size).astype(float) for _ in range(4)]
    columns[2] = chance.integers(0, 6_000, size).astype(float)
    for column in columns:
        column[chance.random(size) < 0.02] = np.nan
    found = Minutes(1_774_652_400 + lead * MINUTE_S, *(np.clip(column, -32767, 32767) for column in columns))
    vectorised = features(found)
    meter = contract.Features()
    for position, row in enumerate(rows(found)):
        meter.push(*row)
        for channel, series in vectorised.items():
            warm = bool(meter.warm >> channel & 1)
            assert warm == bool(np.isfinite(series[position])), contract.NAMES[channel]
            if warm:
                assert abs(meter.values[channel] - series[position]) <= 1e-6 * abs(series[position])


@given(st.lists(st.booleans(), max_size=300), st.integers(1, 6), st.integers(1, 12))
def test_alerts_are_those_of_the_latch(over: list[bool], opening: int, closing: int) -> None:
    latch = contract.Latch(opening, closing)
    opened = [position for position, on in enumerate(over) if latch.push(on) and latch.is_open]
    found = alerts(np.array(over, np.int64), 1, opening, closing)
    assert [start for start, _ in found] == opened


def test_a_silent_threshold_never_alerts() -> None:
    assert alerts(np.array([70_000] * 50), contract.SILENT, 1, 1) == []
