"""The scorer as the meter computes it, with 32-bit floats, beside the same with 64 bits, as training does.

The contract's own sources are compiled once more so that every sum, product and quotient of floats, every function of
`math` and every literal is rounded to 32 bits: for + - * / and the square root that is what such a machine computes, to
the last bit (Figueroa 1995: 53 bits are enough for double rounding to be harmless at 24).
"""

import ast
import math
import operator
import random
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from contract import packing, scorer, unpacking
from contract.features import LOG_FLOOR, NAMES
from sunmeter.learning.gaussian import RECIPES

CONTRACT = Path(__file__).parents[2] / "contract"
_MODULES = ("refusal", "features", "densities", "model", "unpacking", "rules", "scorer")  # each after those it imports
_OPERATORS: dict[type[ast.operator], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv"}
START_S = 1_790_000_000 // 86_400 * 86_400


def rounded(number: Any) -> Any:
    """A float as 32 bits hold it; anything else as it is."""
    return struct.unpack("f", struct.pack("f", number))[0] if isinstance(number, float) else number


def _operate(name: str, left: Any, right: Any) -> Any:
    work: Callable[[Any, Any], Any] = getattr(operator, name)
    if isinstance(left, float) or isinstance(right, float) or name == "truediv":
        return rounded(work(rounded(float(left)), rounded(float(right))))
    return work(left, right)


class _Single(ast.NodeTransformer):
    """Sends every operation on numbers through `_operate`."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        name = _OPERATORS.get(type(node.op))
        return node if name is None else self._call(name, node.left, node.right)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        name = _OPERATORS.get(type(node.op))
        if name is None:
            return node
        before = ast.parse(ast.unparse(node.target), mode="eval").body
        return ast.Assign([node.target], self._call(name, before, node.value))

    def _call(self, name: str, left: ast.expr, right: ast.expr) -> ast.Call:
        return ast.Call(ast.Name("_operate", ast.Load()), [ast.Constant(name), left, right], [])


def single() -> tuple[ModuleType, ModuleType]:
    """`contract.scorer` and `contract.unpacking` with 32-bit floats."""
    package = "single_contract"
    sys.modules[package] = ModuleType(package)
    sys.modules[package].__path__ = []
    for name in _MODULES:
        module = ModuleType(f"{package}.{name}")
        module.__package__ = package
        sys.modules[module.__name__] = module
        tree = ast.fix_missing_locations(_Single().visit(ast.parse((CONTRACT / f"{name}.py").read_text())))
        vars(module)["_operate"] = _operate
        exec(compile(tree, f"{package}/{name}.py", "exec"), vars(module))
        vars(module)["math"] = _single_math()
    return sys.modules[f"{package}.scorer"], sys.modules[f"{package}.unpacking"]


def _single_math() -> SimpleNamespace:
    def single(function: Callable[[float], float]) -> Callable[[float], float]:
        return lambda x: rounded(function(rounded(float(x))))

    names = ("log", "exp", "sin", "cos", "sqrt")
    return SimpleNamespace(pi=rounded(math.pi), **{name: single(getattr(math, name)) for name in names})


def random_model(chance: random.Random) -> bytes:
    """A model such as training makes them: its recipes, and homes and supplies of every kind."""
    house_w, pv_peak_w = math.exp(chance.uniform(4, 8)), chance.uniform(500, 9000)
    means = {6: 1000 * chance.uniform(215, 250), 7: 1000 * chance.uniform(215, 250), 9: chance.uniform(500, 990)}
    means |= {8: math.log(chance.uniform(60, 900)), 10: chance.uniform(-50, 400), 11: math.log(chance.uniform(5, 400))}
    means |= {12: chance.uniform(-30, 30), 13: math.log(chance.uniform(300, 900))}
    channels = []
    for number, recipe in RECIPES.items():
        scale = 0.3 if number in LOG_FLOOR else {6: 1500.0, 7: 900.0, 9: 30.0, 10: 40.0, 12: 1.0}[number]
        spread = max(recipe.least_step, scale * math.exp(chance.uniform(-1.0, 1.0)))
        mean = means.get(number, math.log(house_w)) if number != 12 else means[12]
        least_sigma = max(0.02, recipe.least_step / spread)
        channels.append(
            {
                "channel": NAMES[number],
                "mean": [mean, *[chance.gauss(0, 0.4 * spread) for _ in range(recipe.mean - 1)]],
                "log_spread": [math.log(spread), *[chance.gauss(0, 0.1) for _ in range(recipe.spread - 1)]],
                "low": _tail(chance, least_sigma) if recipe.sides & 1 else None,
                "high": _tail(chance, least_sigma) if recipe.sides & 2 else None,
            }
        )
    hours = range(48)
    sun = [max(0.0, math.sin((hour % 24 - 6) / 12 * math.pi)) for hour in hours]
    return packing.pack(
        {
            **{
                "version": 1,
                "trained_s": START_S,
                "offset_s": 7200,
                "next_offset_s": 3600,
                "change_s": START_S + 90_000,
            },
            **{"threshold_milli": 3000, "open_minutes": 5, "close_minutes": 60, "channels": channels},
            "expected": {
                "start_s": START_S,
                "mean_w": [house_w * chance.uniform(0.3, 2) for _ in hours],
                "spread_w": [house_w * chance.uniform(0.1, 1) + 5 for _ in hours],
            },
            "night": {
                "hours": [0, 6],
                "carries": chance.uniform(0, 1),
                "usual": chance.uniform(-0.5, 0.5),
                "spread": chance.uniform(0.3, 2),
                "tail": _tail(chance, 0.3),
            },
            "envelope": {"start_s": START_S, "w": [pv_peak_w * part for part in sun]},
        }
    )


def _tail(chance: random.Random, least_sigma: float) -> dict[str, float]:
    """By the priors of `sunmeter.learning.tails`, within its bounds."""
    return {
        "u": chance.uniform(0.5, 3.5),
        "sigma": max(least_sigma, math.exp(chance.gauss(math.log(0.5), 0.5))),
        "xi": min(0.8, max(0.0, chance.gauss(0.05, 0.12))),
        "rate": chance.uniform(0.3, 2.5),
    }


def random_minutes(chance: random.Random, minutes: int) -> list[tuple[int, int, int, int, int]]:
    """A day and more of a home with PV, with steps, clouds and wanderings: (minute_s, W, W, tenths of a volt, var)."""
    base_w, peak_w, v_dv = chance.uniform(30, 900), chance.uniform(500, 9000), chance.uniform(2150, 2500)
    rows = []
    heavy_w = 0.0
    for minute in range(minutes):
        if chance.random() < 0.03:
            heavy_w = chance.choice([0.0, 0.0, math.exp(chance.uniform(4, 8.7))])
        sun = max(0.0, math.sin((minute / 60 % 24 - 6) / 12 * math.pi))
        pv_w = round(peak_w * sun * chance.uniform(0.1, 1)) if sun else -3
        v_dv += chance.gauss(0, 3) + (2300 - v_dv) * 0.002
        grid_w = round(base_w * chance.uniform(0.8, 1.2) + heavy_w) - max(pv_w, 0)
        rows.append((START_S + 60 * minute, grid_w, pv_w, round(v_dv), round(40 + 0.2 * heavy_w + chance.gauss(0, 8))))
    return rows


def greatest_difference(models: int, minutes: int, seed: int = 1) -> tuple[float, int]:
    """The greatest difference in log p (natural) between the two, over every channel of so many random models and
    minutes; and how many channel scores that were."""
    chance = random.Random(seed)
    machines = (single(), (scorer, unpacking))
    worst, compared = 0.0, 0
    for _ in range(models):
        packed = random_model(chance)
        scorers = [machine.Scorer(machine.Features(), reader.unpack(packed)) for machine, reader in machines]
        for row in random_minutes(chance, minutes):
            for made in scorers:
                made.push(*row)
            for first, second in zip(scorers[0].model.channels, scorers[1].model.channels, strict=True):
                if scorers[0].features.warm >> first.channel & 1:
                    a, b = (s._score(s.model, c, row[0] + 60) for s, c in zip(scorers, (first, second), strict=True))
                    if min(a, b) < 30:  # beyond it a score is cut
                        worst = max(worst, abs(a - b) * math.log(10))
                        compared += 1
            a, b = (made._by_night(made.model, row[0] + 60) for made in scorers)
            worst = max(worst, abs(a - b) * math.log(10) if min(a, b) < 30 else 0.0)
    return worst, compared
