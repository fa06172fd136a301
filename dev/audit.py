"""`make audit`: what is known to be wrong with the pinned packages, by pip-audit and npm audit.

0: both were asked about every package and know of nothing that is not accepted. 1: they know of something. 3: one of
them could not be asked, or not about all: that is no good news, and never told as such. (pip-audit itself ends with 0
and "No known vulnerabilities found" where its service knows no package at all.)

What is accepted stands in pyproject.toml, [tool.sunmeter.audit], with its reason.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dev.paths import ROOT

PROBE = "requirements/uv.txt"  # one package: where the service does not know it, it is not asked for the others
LOCKS = (PROBE, "requirements/dev.txt", "requirements/typings.txt")  # dev.txt holds hub, app and functions
PIP_AUDIT = (
    sys.executable,
    "-m",
    "pip_audit",
    "--format=json",
    "--progress-spinner=off",
    "--disable-pip",
    "--desc=off",
)
NPM_AUDIT = ("npm", "audit", "--json", "--package-lock-only")
SEVERE = ("high", "critical")  # of npm's packages, which are tools of developers; of Python's all count
NONE, KNOWN, NOT_ASKED = 0, 1, 3


@dataclass(frozen=True)
class Verdict:
    """What one auditor said. not_asked: why it could not say more; "": it was asked about all."""

    auditor: str
    not_asked: str = ""
    known: Mapping[str, str] = field(default_factory=dict)  # id → what it is about


def of_pip_audit(told: str, trouble: str) -> Verdict:
    """From its JSON; without any, from what it said instead."""
    try:
        packages: list[dict[str, Any]] = json.loads(told)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Verdict("pip-audit", _last_line(trouble) or "it said nothing")
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    known = {
        vulnerability["id"]: f"{each['name']} {each['version']}"
        for each in packages
        for vulnerability in each.get("vulns", [])
    }
    if not skipped:
        return Verdict("pip-audit", "", known)
    reason = f"its service does not know {len(skipped)} of {len(packages)} packages, {skipped[0]} first"
    return Verdict("pip-audit", reason, known)


def of_npm_audit(told: str) -> Verdict:
    """From its JSON."""
    try:
        report: dict[str, Any] = json.loads(told)
        packages: dict[str, dict[str, Any]] = report["vulnerabilities"]
    except (ValueError, KeyError, TypeError):
        return Verdict("npm audit", _npm_trouble(told))
    advisories = [each for package in packages.values() for each in package["via"] if isinstance(each, dict)]
    severe = [each for each in advisories if each["severity"] in SEVERE]
    return Verdict(
        "npm audit", "", {each["url"].rsplit("/", 1)[-1]: f"{each['name']}: {each['title']}" for each in severe}
    )


def _npm_trouble(told: str) -> str:
    try:
        report = json.loads(told)
        return str(report.get("message") or report["error"]["summary"]) or "it said nothing"
    except (ValueError, KeyError, TypeError, AttributeError):
        return _last_line(told) or "it said nothing"


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1][:200] if text.strip() else ""


def accepted() -> dict[str, str]:
    """What is known and accepted: id → reason."""
    told: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["sunmeter"]["audit"]["accepted"]
    return told


def result(verdicts: list[Verdict], acceptable: Mapping[str, str]) -> tuple[int, list[str]]:
    """The exit code, and a line for each thing to know."""
    lines, code = [], NONE
    for verdict in verdicts:
        if verdict.not_asked:
            lines.append(f"NOT ASKED  {verdict.auditor}: {verdict.not_asked}")
            code = code or NOT_ASKED
        elif verdict.known.keys() <= acceptable.keys():
            lines.append(f"ok         {verdict.auditor}: nothing that is not accepted")
        for name, about in sorted(verdict.known.items()):
            is_accepted = name in acceptable
            lines.append(f"{'accepted' if is_accepted else 'KNOWN':<10} {name} in {about}{_why(acceptable, name)}")
            code = code if is_accepted else KNOWN
    return code, lines


def _why(acceptable: Mapping[str, str], name: str) -> str:
    return f" ({acceptable[name]})" if name in acceptable else ""


def ask_pip_audit() -> Verdict:
    verdict = _asked_of_pip_audit((PROBE,))
    return verdict if verdict.not_asked else _asked_of_pip_audit(LOCKS)


def _asked_of_pip_audit(locks: tuple[str, ...]) -> Verdict:
    files = [word for lock in locks for word in ("--requirement", lock)]
    done = subprocess.run(
        [*PIP_AUDIT, "--require-hashes", *files], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return of_pip_audit(done.stdout, done.stderr)


def ask_npm_audit() -> Verdict:
    try:
        done = subprocess.run(NPM_AUDIT, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Verdict("npm audit", str(error))
    return of_npm_audit(done.stdout or done.stderr)


def main() -> int:
    code, lines = result([ask_pip_audit(), ask_npm_audit()], accepted())
    print(*lines, sep="\n", flush=True)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
