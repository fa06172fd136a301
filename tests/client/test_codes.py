import pytest

from sunmeter_app.codes import hub_code, meter_label
from sunmeter_app.problems import Problem


@pytest.mark.parametrize("typed", ["K7QM2XRD", "k7qm-2xrd", " K7QM 2XRD ", "K7-QM-2X-RD"])
def test_a_hubs_code_is_read_however_it_is_grouped(typed: str) -> None:
    assert hub_code(typed) == "K7QM2XRD"


@pytest.mark.parametrize("typed", ["", "K7QM2XR", "K7QM2XRDX", "K7QM2XR!", "K7QM2XRÉ"])
def test_what_cannot_be_a_hubs_code_is_refused_before_it_is_sent(typed: str) -> None:
    with pytest.raises(Problem) as caught:
        hub_code(typed)
    assert (caught.value.code, caught.value.field) == ("hub_code", "user_code")


@pytest.mark.parametrize("typed", ["m-0123456789-ABCDEFGH", "M 0123456789 abcdefgh", "m0123456789abcdefgh"])
def test_a_meters_label_is_read_however_it_is_typed(typed: str) -> None:
    assert meter_label(typed) == "m-0123456789-ABCDEFGH"


def test_letters_that_look_like_digits_are_read_as_crockford_means_them() -> None:
    assert meter_label("m-0o1l345678-OIL23456") == "m-0o1l345678-01123456"


@pytest.mark.parametrize("typed", ["", "0123456789-ABCDEFGH", "m-0123456789-ABCDEFG", "m-0123456789-ABCDEFGU"])
def test_what_cannot_be_a_label_is_refused_before_it_is_sent(typed: str) -> None:
    with pytest.raises(Problem) as caught:
        meter_label(typed)
    assert caught.value.code == "meter_label"
