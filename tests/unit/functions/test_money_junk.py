"""Whatever comes where a tariff, prices or readings are expected: taken, or refused by name; never a traceback."""

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest

from sunmeter.contract.refusal import Refusal
from sunmeter.domain import billfit, fields, spot, tariff
from tests.unit.functions.test_billfit import GOOD as READINGS
from tests.unit.functions.test_tariff import GOOD as TARIFF

PRICES = {"series": "import", "start_s": 1_795_305_600, "step_s": 3600, "prices_micro": [1, None, 3]}
DECODERS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "tariff": (lambda raw: tariff.parse(raw, "EUR"), TARIFF),
    "prices": (lambda raw: spot.parse(fields.mapping(raw)).quarters, PRICES),
    "readings": (lambda raw: billfit.parse(fields.mapping(raw)), READINGS),
}
JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, float("nan"), float("inf"), 10**400, -(10**40), "", "x", "\0", "2026-02-01",
    "é" * 70, [], [[]], [None], [1] * 30, {}, {"": 1}, {"kind": "zones"}, b"x", "import", 1440, 1 << 48,
)  # fmt: skip


def places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(place for key, each in inner for place in places(each, (*at, key)))]


def spoilt(good: Any, chance: random.Random) -> Any:
    """A copy with one to three places turned into junk, or left out."""
    raw = {"": copy.deepcopy(good)}
    for _ in range(chance.randrange(1, 4)):
        at = chance.choice([place for place in places(raw) if place])
        node: Any = raw
        for key in at[:-1]:
            node = node[key]
        if isinstance(node, dict) and at[-1] != "" and chance.random() < 0.3:
            del node[at[-1]]
        else:
            node[at[-1]] = copy.deepcopy(chance.choice(JUNK))
    return raw[""]


def refusal_of(decode: Callable[[Any], Any], raw: Any) -> Refusal | None:
    try:
        decode(raw)
    except Refusal as refusal:
        return refusal
    return None


@pytest.mark.parametrize("name", DECODERS)
def test_junk_is_refused_by_name_or_taken(name: str) -> None:
    decode, good = DECODERS[name]
    chance, refused = random.Random(5), 0
    decode(good)
    for _ in range(5_000):
        raw = spoilt(good, chance)
        refusal = refusal_of(decode, raw)
        refused += refusal is not None
        if refusal:
            assert refusal.code in {"malformed", "out_of_range", "too_many"}, raw
            assert refusal.field or not isinstance(raw, dict), raw
    assert refused > 2_500
