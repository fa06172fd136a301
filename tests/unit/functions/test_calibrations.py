"""What a step of the calibration is asked with: only what the meter takes, each field checked."""

from typing import Any

import pytest

from sunmeter.contract.refusal import Refusal
from sunmeter.domain.calibrations import arguments

CLAMPS = {"grid": {"input": 2, "sign": -1}, "pv": {"input": 1, "sign": 1}}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"step": "zero", "mv": 1}, {"step": "zero"}),
        ({"step": "voltage", "mv": 230_400}, {"step": "voltage", "mv": 230_400}),
        ({"step": "current", "channel": "pv", "ma": 8700}, {"step": "current", "channel": "pv", "ma": 8700}),
        ({"step": "current", "channel": "grid", "mw": 2_000_000, "ma": 1}, None),
        ({"step": "clamps", "set": CLAMPS}, {"step": "clamps", "set": CLAMPS}),
        ({"step": "clear", "channel": "v"}, {"step": "clear", "channel": "v"}),
    ],
)
def test_a_step_carries_its_own_arguments_and_no_others(asked: dict[str, Any], told: dict[str, Any] | None) -> None:
    without_ma = {name: each for name, each in asked.items() if name != "ma"}
    assert arguments({"home": "h", **asked}) == (told if told is not None else without_ma)


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ({"step": "explode"}, "out_of_range", "step"),
        ({"step": "voltage", "mv": 230}, "out_of_range", "mv"),
        ({"step": "voltage"}, "malformed", "mv"),
        ({"step": "current", "channel": "v", "ma": 100}, "out_of_range", "channel"),
        ({"step": "clamps", "set": {**CLAMPS, "pv": {"input": 3, "sign": 1}}}, "out_of_range", "set.pv.input"),
        ({"step": "clamps", "set": {**CLAMPS, "grid": {"input": 1, "sign": 0}}}, "out_of_range", "set.grid.sign"),
        ({"step": "clamps", "set": []}, "malformed", "set"),
    ],
)
def test_a_step_that_is_not_right_names_its_field(asked: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        arguments(asked)
    assert (refused.value.code, refused.value.field) == (code, field)
