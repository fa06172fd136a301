"""The meter's 32-bit floats: what they cost the score."""

from tests.contract.float32 import greatest_difference, rounded, single


def test_the_emulation_rounds_what_a_meter_rounds() -> None:
    assert rounded(0.1) == 0.10000000149011612
    assert rounded(16_777_217) == 16_777_217  # integers are not floats
    scorer, _ = single()
    assert scorer.Scorer.__module__ == "single_contract.scorer"


def test_32_bits_change_log_p_by_less_than_a_ten_thousandth() -> None:
    worst, compared = greatest_difference(models=3, minutes=1500, seed=7)
    assert compared > 30_000
    assert 0.0 < worst < 1e-4
