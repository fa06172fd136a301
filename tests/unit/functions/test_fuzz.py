"""Whatever comes from outside is taken or refused by name; `make bench NAME=fuzz` does it with 100,000 inputs each."""

import pytest

from sunmeter.domain import causes
from tests.unit.functions.fuzzing import DECODERS, Decoder, fuzz

INPUTS = 2_000


@pytest.mark.parametrize("name", DECODERS)
def test_only_named_errors_come_of_whatever_is_sent(name: str) -> None:
    tally = fuzz(DECODERS[name], INPUTS, seed=20261123)
    assert not tally.broken, tally.broken[0]
    assert tally.refused.total() > INPUTS / 20, "inputs that nothing is wrong with show nothing"


def test_a_verdict_that_believes_all_evidence_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one did: what was told instead of a list broke its request for ever, with all that came along."""
    monkeypatch.setattr(causes, "_names", lambda told: set(told or ()))
    assert fuzz(DECODERS["interval"], INPUTS, seed=20261123).broken


def test_an_error_without_a_name_is_seen() -> None:
    careless = Decoder(DECODERS["interval"].spoilt, lambda raw: raw["start_s"] // 900)
    assert fuzz(careless, 500, seed=1).broken
