"""`make health` calls wrong what is wrong, and nothing else."""

from typing import Any

import pytest

from dev import health

NOW_MS = 1_795_949_500_000
HUB: dict[str, Any] = {
    "name": "Street",
    "revoked": False,
    "last_ms": NOW_MS - 40_000,
    "due_ms": NOW_MS + 3_600_000,
    "silent_ms": None,
    "queue": 3,
    "version": "0.1.0",
    "damaged_ms": 0,
    "meters": {"m-1": {"last_ms": NOW_MS - 50_000, "firmware": 1, "model": 2}},
}


def wrong(hub: dict[str, Any]) -> list[str]:
    return [each.sentence for each in health.of_hubs({"hub-1": hub}, NOW_MS) if not each.is_good]


def test_a_hub_that_is_well_is_one_line() -> None:
    (line,) = health.of_hubs({"hub-1": HUB}, NOW_MS)
    assert line.sentence == "hub hub-1 (Street): heard 40 s ago, version 0.1.0, 1 meters, 3 intervals wait"
    assert line.is_good


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"silent_ms": NOW_MS - 9_000}, "silent, heard 40 s ago; 3 intervals waited then"),
        ({"due_ms": NOW_MS - 1}, "silent, heard 40 s ago"),
        ({"damaged_ms": NOW_MS - 7_200_000}, "lost its database 2 h ago"),
        ({"meters": {"m-1": {"last_ms": 0}}}, "meter m-1: not heard yet"),
        ({"meters": {"m-1": {"last_ms": NOW_MS - 3_000_000}}}, "meter m-1: silent to its hub for 49 min"),
        ({"meters": {"m-1": {"last_ms": NOW_MS, "refusal": 1}}}, "meter m-1: refused what it was sent"),
        ({"meters": {"m-1": {"last_ms": NOW_MS, "refusal": 200}}}, "(200)"),
    ],
)
def test_what_is_wrong_with_a_hub_or_its_meters_is_said(change: dict[str, Any], told: str) -> None:
    (line,) = wrong({**HUB, **change})
    assert told in line


def test_a_hub_whose_access_was_withdrawn_is_no_failure() -> None:
    assert wrong({**HUB, "revoked": True, "silent_ms": 1, "due_ms": 1}) == []


def test_work_that_waits_and_a_reconciler_that_does_not_run_are_wrong() -> None:
    def of(left: int, ago_ms: int | None) -> list[bool]:
        ran_ms = None if ago_ms is None else NOW_MS - ago_ms
        return [each.is_good for each in health.of_work({"pushes": left}, ran_ms, NOW_MS)]

    assert of(0, 60_000) == [True, True]
    assert of(2, 60_000) == [False, True]
    assert of(0, 3 * 3_600_000) == [True, False]
    assert of(0, None) == [True, False]


def test_functions_that_are_out_of_reach_are_named() -> None:
    found = health.answers("http://127.0.0.1:9")
    assert not found.is_good
    assert "out of reach" in found.sentence
