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
    lease, now_ms, calls = NEVER, 20_000 * DAY_MS, 0
    with pytest.raises(Refused) as refused:
        while True:
            lease = leases.extended(lease, now_ms)
            now_ms, calls = now_ms + 100_000, calls + 1
    assert refused.value.code == "live_used_up"
    assert refused.value.retry_after_s == (20_001 * DAY_MS - now_ms) // 1000
    assert DAILY_MS - 2 * LEASE_MS < lease.used_ms <= DAILY_MS
    assert calls == pytest.approx(DAILY_MS / 100_000, abs=2)


def test_a_new_day_brings_a_new_allowance() -> None:
    used_up = Lease(NOON_MS, 20_000, DAILY_MS)
    assert leases.extended(used_up, NOON_MS + DAY_MS).used_ms == LEASE_MS
