"""Who owns a home whose owner goes, and how a name is taken out of what stays."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunmeter.contract.refusal import Refusal
from sunmeter.domain import farewell, roles
from sunmeter.domain.refusals import Refused

PEOPLE = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(roles.ROLES), max_size=6)
JSON = st.recursive(
    st.none() | st.integers() | st.sampled_from(["ada", "ada@example.org", "kept", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ada", "x", "y"]), inner, max_size=3),
)
NAMES = frozenset({"ada", "ada@example.org"})


@given(PEOPLE, st.dictionaries(st.just("home"), st.none() | st.sampled_from("abcdefg"), max_size=1))
def test_a_home_always_has_an_owner_or_goes(known: roles.Roles, chosen: farewell.Choices) -> None:
    known = {**known, "me": roles.OWNER}
    fate = farewell.fate("home", known, "me", chosen)
    if fate.heir is None:
        assert roles.owners(known) == {"me"}
        assert chosen.get("home", "nothing said") is None or len(known) == 1
    else:
        after = farewell.inherited(known, "me", fate.heir)
        assert after[fate.heir] == roles.OWNER
        assert set(after) == set(known) - {"me"}


def test_a_home_that_was_to_pass_never_goes_while_somebody_lives_there() -> None:
    known = {"me": roles.OWNER, "bob": roles.VIEWER}
    assert farewell.fate("home", known, "me", {"home": "somebody who left"}).heir == "bob"
    assert farewell.fate("home", known, "me", {"home": None}).heir is None
    assert farewell.fate("home", known, "me", {}).heir == "bob"
    assert farewell.fate("home", {**known, "cid": roles.OWNER}, "me", {"home": None}).heir == "cid"


@given(JSON)
def test_no_name_is_left_and_everything_else_stays(value: Any) -> None:
    cleaned = farewell.without({"ada": value, "kept": value}, NAMES)
    assert "ada" not in repr(cleaned)
    assert farewell.without(cleaned, NAMES) == cleaned
    assert farewell.without(value, frozenset({"nobody"})) == value


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"homes": []}, "malformed"),
        ({"homes": {"h": "keep"}}, "malformed"),
        ({"homes": {"h": {"pass_to": 5}}}, "malformed"),
        ({"homes": {"../h": "delete"}}, "malformed"),
        ({"homes": dict.fromkeys(map(str, range(101)), "delete")}, "too_many"),
    ],
)
def test_choices_that_cannot_be_read_are_refused(asked: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        farewell.choices(asked)


def test_the_last_owner_stays_and_a_full_home_is_full() -> None:
    known = {"me": roles.OWNER, "bob": roles.MEMBER}
    with pytest.raises(Refused, match="last_owner"):
        roles.left(known, "me")
    with pytest.raises(Refused, match="last_owner"):
        roles.changed(known, "me", roles.VIEWER)
    full = {str(number): roles.VIEWER for number in range(roles.MAX_MEMBERS)}
    with pytest.raises(Refused, match="quota"):
        roles.joined(full, "me", roles.MEMBER)
    with pytest.raises(Refused, match="member_already"):
        roles.joined(known, "bob", roles.OWNER)
