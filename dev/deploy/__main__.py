"""Deploys to a Firebase project: `make deploy PROJECT=my-project [CHECK=1] [ARGS="--force"]`.

First a preflight that changes nothing; it says what is missing and what brings it. Then rules and indexes, a wait until
the indexes are built, the functions, and the app as a static site where FIREBASE_API_KEY is told. `CHECK=1` ends after
the preflight.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from dev import contract_copies, doctor, site, told
from dev.app import PROJECT_VARIABLE
from dev.findings import Finding, tell
from dev.manifest import ManifestError, read_manifest
from dev.paths import FIREBASE, NODE_MODULES, ROOT
from sunmeter_app.config import ConfigError

from . import checks, google

SECRET = "METER_MASTER_KEY"
API_KEY = "FIREBASE_API_KEY"
INDEXES_S, POLL_S = 1800.0, 10.0


class Undone(Exception):
    """The deployment stopped; the message says where, and what to do."""


def of_checkout() -> Iterator[Finding]:
    """What is to be deployed: it loads, and it is what was committed."""
    yield doctor.node()
    yield Finding("Firebase CLI", _cli_version(), "`make setup`")
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    remedy = f"{len(changed)} file(s) differ from the last commit: commit them, so that this can be deployed again"
    yield Finding("checkout", None if changed else _revision(), remedy, needed=False)
    stale = contract_copies.drifted()
    yield Finding("copies of contract/", None if stale else "the same everywhere", "`make contract`, and commit")
    yield _functions()
    remedy = f"{API_KEY}=… deploys the app as a static site too (docs/deploy.md)"
    yield Finding("static site", "is packed and deployed" if API_KEY in os.environ else None, remedy, needed=False)


def _cli_version() -> str | None:
    package = NODE_MODULES / "firebase-tools" / "package.json"
    return json.loads(package.read_text())["version"] if package.is_file() else None


def _revision() -> str:
    described = ["git", "describe", "--tags", "--always"]
    return subprocess.run(described, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def _functions() -> Finding:
    try:
        return Finding("functions/", f"{len(_endpoints())} load", "")
    except (ManifestError, OSError) as error:
        return Finding("functions/", None, f"they do not load: {str(error)[-2000:]}")


@functools.cache
def _endpoints() -> dict[str, Any]:
    return dict(read_manifest()["endpoints"])


def region() -> str:
    """Where the functions run: one region, as tests/unit/functions/test_preflight.py holds. Raises ManifestError."""
    (found,) = {each["region"][0] for each in _endpoints().values()}
    return str(found)


def preflight(project: str) -> bool:
    """Looks at everything and says what it finds; whether it may go on. Raises google.NoAnswer."""
    print(f"what '{project}' needs before it is deployed to (nothing is changed):")
    if not tell([checks.project_id(project), *of_checkout()]):
        return False
    answers = google.ask(project, SECRET)
    return tell([checks.login(answers)]) and tell(checks.of_project(project, region(), answers))


def deploy(project: str, arguments: Sequence[str]) -> None:
    """Rules and indexes first: a function whose query has no index yet fails. Raises Undone, google.NoAnswer."""
    _firebase(project, "firestore", arguments)
    with told.step("the indexes are built (minutes, once there is history)"):
        _wait_for_indexes(project)
    _firebase(project, "functions", arguments)
    if API_KEY in os.environ:
        with told.step("the app is packed as a static site"):
            site.build(site.SITE, site_settings(project))
        _firebase(project, "hosting", arguments)


def site_settings(project: str) -> dict[str, str]:
    """What the site needs to know of its project: the environment, and what follows from the project's name."""
    functions_url = f"https://{region()}-{project}.cloudfunctions.net"
    return {"FUNCTIONS_URL": functions_url, **os.environ, PROJECT_VARIABLE: project}


def _firebase(project: str, what: str, arguments: Sequence[str]) -> None:
    command = [str(FIREBASE), "deploy", "--only", what, "--project", project, *arguments]
    print("  " + " ".join(["firebase", *command[1:]]), flush=True)
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise Undone(
            f"deploying {what} failed, as told above; what was deployed before it stays. Run this again once mended"
        )


def _wait_for_indexes(project: str) -> None:
    deadline_s = time.monotonic() + INDEXES_S
    while (left := checks.indexes_under_way(google.ask(project, SECRET, "fields").of["fields"])) != 0:
        if left is None:
            raise Undone("Google did not say whether the indexes are built: run this again")
        if time.monotonic() > deadline_s:
            raise Undone(f"{left} indexes are still being built after {INDEXES_S / 60:.0f} min: run this again later")
        time.sleep(POLL_S)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make deploy", description=__doc__.split("\n\n")[0])
    parser.add_argument("project", help="the Firebase project's id")
    parser.add_argument("--check", action="store_true", help="only the preflight")
    asked, for_cli = parser.parse_known_args(arguments)
    try:
        if not preflight(asked.project):
            print("Mend what is missing, then run this again. Nothing was changed.", file=sys.stderr)
            return 1
        if not asked.check:
            deploy(asked.project, for_cli)
    except (ConfigError, Undone, google.NoAnswer, site.SiteError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
