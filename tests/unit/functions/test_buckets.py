"""How often one caller may come to one instance, and what who comes too often is told."""

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from sunmeter import web
from sunmeter.contract.refusal import Refusal
from sunmeter.domain.buckets import Buckets


def test_a_burst_is_let_in_and_then_so_many_a_second() -> None:
    buckets = Buckets(per_s=2, burst=5)
    assert [buckets.wait_s("a", 100.0) for _ in range(6)] == [0.0] * 5 + [0.5]
    assert [buckets.wait_s("a", 100.6) for _ in range(2)] == [0.0, pytest.approx(0.4)]
    assert [buckets.wait_s("a", 900.0) for _ in range(6)][-2:] == [0.0, 0.5], "a bucket never holds more than a burst"


def test_one_caller_does_not_take_another_s_turn() -> None:
    buckets = Buckets(per_s=1, burst=1)
    assert [buckets.wait_s(name, 5.0) > 0 for name in "abab"] == [False, False, True, True]


def test_a_clock_that_is_set_back_gives_nothing_away_and_takes_nothing() -> None:
    buckets = Buckets(per_s=1, burst=1)
    buckets.wait_s("a", 50.0)
    assert buckets.wait_s("a", 10.0) == 1.0


def test_callers_that_are_made_up_fill_no_memory() -> None:
    buckets = Buckets(per_s=1, burst=1, most=100)
    for number in range(1000):
        buckets.wait_s(number, 5.0)
    assert len(buckets._left) == 100


def test_a_caller_s_name_takes_no_more_room_for_being_long(monkeypatch: pytest.MonkeyPatch) -> None:
    callers = Buckets(per_s=1, burst=1)
    monkeypatch.setattr(web, "OF_CALLER", callers)
    web._let_in("ingest", "Bearer " + 8_000 * "x", asked())
    assert len(repr(callers._left)) < 300


def asked(**headers: str) -> Request:
    return Request(EnvironBuilder(method="POST", headers=list(headers.items())).get_environ())


def test_who_comes_too_often_is_answered_429_with_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "OF_CALLER", Buckets(per_s=0.1, burst=2))
    monkeypatch.setattr(web, "cloud", lambda: None)
    answers = [web.requested(lambda request, cloud: web.reply({}), asked(Authorization="Bearer t")) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "10"
    assert answers[2].get_json()["code"] == "try_later"


def test_who_says_a_new_name_each_time_is_known_by_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "OF_ADDRESS", Buckets(per_s=1, burst=2))
    for number in range(2):
        web._let_in("ingest", f"Bearer {number}", asked(X_Forwarded_For="10.0.0.1"))
    with pytest.raises(Refusal, match="try_later"):
        web._let_in("ingest", "Bearer 3", asked(X_Forwarded_For="10.0.0.1"))
    web._let_in("ingest", "Bearer 3", asked(X_Forwarded_For="10.0.0.2"))


@pytest.mark.parametrize(
    ("told", "counted"),
    [("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
     ("2001:db8:1:3::1", "2001:db8:1:3::/64"), ("10.0.0.1", "10.0.0.1"), ("x, 10.0.0.2", "10.0.0.2"), ("x", "x")],
)  # fmt: skip
def test_who_has_a_network_of_addresses_counts_as_one(told: str, counted: str) -> None:
    assert web.address_of(asked(X_Forwarded_For=told)) == counted
