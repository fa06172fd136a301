"""How long live readings flow."""

import pytest

from sunmeter.domain import leases
from sunmeter.domain.leases import DAILY_MS, DAY_MS, LEASE_MS, Lease
from sunmeter.domain.refusals import Refused

NOON_MS = 20_000 * DAY_MS + DAY_MS // 2
NEVER = Lease(0, 0, 0)


def test_a_first_call_grants_two_minutes() -> None:
    assert leases.extended(NEVER, NOON_MS) == Lease(NOON_MS + LEASE_MS, 20_000, LEASE_MS)


def test_a_second_watcher_costs_nothing_while_enough_is_left() -> None:
    lease = leases.extended(NEVER, NOON_MS)
    assert leases.extended(lease, NOON_MS + 30_000) is lease


def test_only_the_time_added_counts_against_the_day() -> None:
    lease = leases.extended(leases.extended(NEVER, NOON_MS), NOON_MS + 100_000)
    assert lease == Lease(NOON_MS + 100_000 + LEASE_MS, 20_000, 100_000 + LEASE_MS)


def test_watching_all_day_ends_with_the_allowance_and_says_for_how_long() -> None:
    lease, midnight_ms, every_ms = NEVER, 20_000 * DAY_MS, 100_000
    calls = DAILY_MS // every_ms - 1  # the first takes a little more
    for call in range(calls):
        lease = leases.extended(lease, midnight_ms + call * every_ms)
    assert DAILY_MS - LEASE_MS < lease.used_ms <= DAILY_MS
    with pytest.raises(Refused) as refused:
        leases.extended(lease, midnight_ms + calls * every_ms)
    assert refused.value.code == "live_used_up"
    assert refused.value.retry_after_s == (DAY_MS - calls * every_ms) // 1000


def test_a_new_day_brings_a_new_allowance() -> None:
    used_up = Lease(NOON_MS, 20_000, DAILY_MS)
    assert leases.extended(used_up, NOON_MS + DAY_MS).used_ms == LEASE_MS
