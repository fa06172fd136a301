"""An audit that could not be made is never told as a good one; one that finds something fails."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dev import audit, sbom
from dev.audit import KNOWN, NONE, NOT_ASKED, Verdict, of_npm_audit, of_pip_audit, result
from dev.paths import ROOT

CLEAN = json.dumps({"dependencies": [{"name": "uv", "version": "1", "vulns": []}], "fixes": []})
SKIPPED = json.dumps({"dependencies": [{"name": "uv", "skip_reason": "Dependency not found on PyPI"}], "fixes": []})
WEAK = json.dumps({"dependencies": [{"name": "x", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": []}]}]})


def npm(severity: str) -> str:
    advisory = {"name": "y", "title": "leaks", "severity": severity, "url": "https://github.com/advisories/GHSA-1"}
    return json.dumps({"vulnerabilities": {"y": {"via": [advisory]}, "z": {"via": ["y"]}}})


@pytest.mark.parametrize(
    ("verdict", "code", "told"),
    [
        (of_pip_audit(CLEAN, ""), NONE, "nothing that is not accepted"),
        (of_pip_audit(SKIPPED, "No known vulnerabilities found"), NOT_ASKED, "does not know 1 of 1 packages, uv first"),
        (of_pip_audit("", "trace\nConnectionError: no route"), NOT_ASKED, "ConnectionError: no route"),
        (of_pip_audit("", ""), NOT_ASKED, "it said nothing"),
        (of_pip_audit(WEAK, ""), KNOWN, "PYSEC-1 in x 2"),
        (of_npm_audit(json.dumps({"vulnerabilities": {}})), NONE, "nothing that is not accepted"),
        (of_npm_audit(json.dumps({"message": "405 Method Not Allowed"})), NOT_ASKED, "405 Method Not Allowed"),
        (of_npm_audit(json.dumps({"error": {"summary": "getaddrinfo EAI_AGAIN"}})), NOT_ASKED, "EAI_AGAIN"),
        (of_npm_audit("npm error network"), NOT_ASKED, "npm error network"),
        (of_npm_audit(npm("high")), KNOWN, "GHSA-1 in y: leaks"),
        (of_npm_audit(npm("low")), NONE, "nothing that is not accepted"),
    ],
)
def test_each_answer_is_told_as_what_it_is(verdict: Verdict, code: int, told: str) -> None:
    found, lines = result([verdict], {})
    assert found == code
    assert told in "\n".join(lines)


def test_what_is_accepted_is_told_with_its_reason_and_fails_nothing() -> None:
    code, lines = result([of_pip_audit(WEAK, "")], {"PYSEC-1": "no input of ours reaches it"})
    assert code == NONE
    assert lines[-1] == "accepted   PYSEC-1 in x 2 (no input of ours reaches it)"


def test_something_known_is_worse_than_something_not_asked() -> None:
    assert result([of_npm_audit(npm("critical")), of_pip_audit("", "")], {})[0] == KNOWN
    assert result([of_pip_audit("", ""), of_npm_audit(npm("critical"))], {})[0] == KNOWN


@pytest.mark.parametrize("ask", [audit.ask_pip_audit, audit.ask_npm_audit], ids=lambda ask: str(ask.__name__))
def test_nothing_is_known_to_be_wrong_with_what_is_pinned(ask: Callable[[], Verdict]) -> None:
    """Where the network answers. Where it does not, this is skipped and says why."""
    verdict = ask()
    code, lines = result([verdict], audit.accepted())
    if code == NOT_ASKED:
        pytest.skip(f"NOT AUDITED: {verdict.auditor} could not be asked: {verdict.not_asked}")
    assert code == NONE, lines


def test_the_bill_of_a_part_names_every_package_that_it_is_pinned_to(tmp_path: Path) -> None:
    pinned = re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / sbom.LOCKS["hub"]).read_text(), re.MULTILINE)
    found = sbom.components(sbom.write_python("hub", tmp_path))
    assert {(each["name"], each["version"]) for each in found} == set(pinned)
    assert all(each["externalReferences"][0]["hashes"] for each in found)


def test_the_bill_of_npm_is_made_from_its_lock_file(tmp_path: Path) -> None:
    found = {(each["name"], each["version"]) for each in sbom.components(sbom.write_npm(tmp_path))}
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert ("firebase-tools", locked["node_modules/firebase-tools"]["version"]) in found
    assert len(found) > 300
