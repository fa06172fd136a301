"""Each cause from the evidence that stands for it; how that evidence comes about is in tests/edge/test_causes.py."""

from typing import Any

import pytest

from sunmeter.contract.documents import CAUSES
from sunmeter.domain.causes import cause
from tests.unit.functions.makers import interval

WHOLE, PART, NOTHING = 1000, 400, 0
ONLINE = {"readings": 90}


@pytest.mark.parametrize(
    ("coverage_permille", "evidence", "named"),
    [
        (PART, {"readings": 36, "resets": ["power_on"]}, "power_cut"),
        (PART, {"readings": 36, "resets": ["brown_out"], "late": 3}, "power_cut"),
        (
            NOTHING,
            {"readings": 0, "silence_ended_by": "power_on", "hub_s": 900},
            "power_cut",
        ),  # the street's
        (NOTHING, {"readings": 0, "silence_ended_by": "watchdog"}, "meter"),
        (WHOLE, {**ONLINE, "resets": ["power_on"]}, "power_cut"),
        (PART, {"readings": 36, "late": 30, "hub_s": 540}, "hub"),
        (WHOLE, {**ONLINE, "late": 54, "hub_s": 540}, "hub"),
        (PART, {"readings": 36, "resets": ["watchdog"]}, "meter"),
        (PART, {"readings": 36, "resets": ["crash", "software"], "late": 1}, "meter"),
        (WHOLE, {**ONLINE, "resets": ["software"]}, "meter"),  # an update: over in seconds
        (WHOLE, {**ONLINE, "resets": ["watchdog"], "late": 8}, "meter"),
        (WHOLE, {**ONLINE, "resets": ["watchdog"], "offline_s": 900}, "meter"),
        (PART, {"readings": 36, "late": 3}, "wifi"),
        (PART, {"readings": 36, "dropped": 54}, "wifi"),
        (NOTHING, {"readings": 0, "snapshots": 1}, "wifi"),
        (NOTHING, {"readings": 0}, "wifi"),  # the same boot goes on behind it
        (WHOLE, {**ONLINE, "late": 90}, "wifi"),
        (WHOLE, {**ONLINE, "offline_s": 900, "cloud_s": 0}, "internet"),
        (WHOLE, {**ONLINE, "offline_s": 900, "cloud_s": 200}, "internet"),
        (WHOLE, {**ONLINE, "offline_s": 900, "cloud_s": 700}, "cloud"),
        (WHOLE, {**ONLINE, "offline_s": 900}, "internet"),  # a hub of an earlier version
        (WHOLE, {**ONLINE, "offline_s": 59, "cloud_s": 0, "hub_s": 59}, "none"),
        (WHOLE, {**ONLINE, "late": 5}, "none"),
        (WHOLE, ONLINE, "none"),
        (PART, {"readings": 90, "rejected": 40}, "unknown"),
        (PART, {"readings": 90, "offline_s": 900}, "unknown"),  # a line that is cut takes nothing
    ],
)
def test_a_cause_is_named_by_its_evidence(coverage_permille: int, evidence: dict[str, Any], named: str) -> None:
    assert cause(interval(coverage_permille=coverage_permille, **evidence)) == named


def test_every_cause_has_its_evidence_above() -> None:
    (cases,) = [mark.args[1] for mark in test_a_cause_is_named_by_its_evidence.pytestmark]
    assert {named for *_, named in cases} == set(CAUSES)


@pytest.mark.parametrize("junk", [5, -1, "900", "", ["power_on", 7], [1, 2], [], True])
@pytest.mark.parametrize(
    "name", ["resets", "hub_s", "offline_s", "cloud_s", "late", "snapshots", "dropped", "readings"]
)
def test_evidence_of_another_kind_is_no_error(name: str, junk: Any) -> None:
    assert cause(interval(coverage_permille=PART, **{name: junk})) in CAUSES
