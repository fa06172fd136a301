"""Codes that people type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunmeter.contract import wire
from sunmeter.contract.refusal import Refusal
from sunmeter.domain import codes

MASTER = bytes(range(32))
METER = "m-0123456789"
K_METER = wire.meter_key(MASTER, METER, 1)


@given(st.binary(min_size=5, max_size=5))
def test_a_user_code_is_eight_characters_that_read_back_as_themselves(random_bytes: bytes) -> None:
    code = codes.user_code(random_bytes)
    assert len(code) == 8
    assert codes.normal(code, "user_code") == code


def test_all_forty_bits_count() -> None:
    assert codes.user_code(b"\x00" * 5) == "00000000"
    assert codes.user_code(b"\xff" * 5) == "ZZZZZZZZ"
    assert codes.user_code(b"\x00\x00\x00\x00\x01") == "00000001"


@pytest.mark.parametrize("typed", ["abcd-ef01", " ABCD EF01 ", "abcdefO1", "abcdefoi", "ABCDEF0L"])
def test_a_code_is_read_as_a_person_may_type_it(typed: str) -> None:
    assert codes.normal(typed, "user_code") == "ABCDEF01"


@pytest.mark.parametrize("typed", ["", "ABCDEF0", "ABCDEF012", "ABCDEFU1", "ABCDEF0é"])
def test_what_cannot_be_a_code_is_malformed(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        codes.normal(typed, "user_code")
    assert (refused.value.code, refused.value.field) == ("malformed", "user_code")


def test_a_label_is_a_meter_and_its_claim_code() -> None:
    code = wire.claim_code(K_METER)
    for typed in (f"{METER}-{code}", f" {METER.upper()}-{code.lower()} ", f"{METER} {code[:4]}-{code[4:]}"):
        assert codes.label(typed) == (METER, code)


@pytest.mark.parametrize(
    "typed", ["", "m-012345678-ABCDEF01", "x-0123456789-ABCDEF01", "m-0123456789", "m-0123456789-AB"]
)
def test_what_cannot_be_a_label_is_malformed(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        codes.label(typed)
    assert (refused.value.code, refused.value.field) == ("malformed", "label")


def test_a_claim_code_fits_its_own_meter_only() -> None:
    assert codes.fits(K_METER, wire.claim_code(K_METER))
    assert not codes.fits(K_METER, wire.claim_code(wire.meter_key(MASTER, "m-9876543210", 1)))


def test_what_is_stored_of_a_user_code_depends_on_the_key() -> None:
    assert codes.user_code_mac(MASTER, "ABCDEF01") != codes.user_code_mac(bytes(32), "ABCDEF01")
