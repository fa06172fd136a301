"""Who operates which areas is set with care: nothing else an account holds is lost, and no hub becomes an operator."""

import pytest

from dev import operator


def test_areas_replace_those_before_and_leave_the_other_claims() -> None:
    assert operator.with_areas(None, ["south", "north", "north"]) == {"areas": ["north", "south"]}
    assert operator.with_areas({"areas": ["east"], "beta": True}, ["north"]) == {"beta": True, "areas": ["north"]}
    assert operator.with_areas({"areas": ["east"], "beta": True}, []) == {"beta": True}
    assert operator.with_areas({"areas": ["east"]}, []) is None


@pytest.mark.parametrize(
    ("claims", "areas", "said"),
    [
        ({"role": "hub"}, ["north"], "a hub's"),
        ({}, ["North"], "'North' is no area"),
        ({}, ["../x"], "no area"),
        ({}, [f"a{n}" for n in range(21)], "20 areas"),
    ],
)
def test_what_is_no_person_or_no_area_is_refused_in_words(
    claims: dict[str, object], areas: list[str], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        operator.with_areas(claims, areas)


def test_without_a_stack_or_a_project_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(operator.PROJECT_VARIABLE, raising=False)
    monkeypatch.setenv("SUNMETER_PORT_BASE", "64100")
    assert operator.main(["ada@example.org", "north"]) == 1
    assert "make demo" in capsys.readouterr().err
