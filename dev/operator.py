"""Makes somebody an operator of areas, or of none any more: `make operator EMAIL=ada@example.org AREAS="north south"`.

An operator's areas are a claim of the account that nobody can set but the project itself. Against the stack that is
running here, or the project that FIREBASE_PROJECT names, with the rights of whoever is signed in to it
(`gcloud auth application-default login`). The person signs out and in again: a token holds its claims for an hour.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence

import firebase_admin
from firebase_admin import auth, exceptions
from google.auth.exceptions import GoogleAuthError

from dev.ports import Ports
from dev.running import StackDescription, StackError
from dev.stack import PROJECT

PROJECT_VARIABLE = "FIREBASE_PROJECT"
AREA = re.compile(r"[a-z0-9-]{1,40}")  # functions/sunmeter/domain/fields.py
MOST_AREAS = 20  # all claims of an account together have 1,000 bytes


def with_areas(claims: dict[str, object] | None, areas: Sequence[str]) -> dict[str, object] | None:
    """The claims with exactly these areas; what else there is stays. Raises ValueError for no person, or no area."""
    kept = {name: claim for name, claim in (claims or {}).items() if name != "areas"}
    if "role" in kept:
        raise ValueError("this account is a hub's: only people operate areas")
    wrong = [area for area in areas if not AREA.fullmatch(area)]
    if wrong:
        raise ValueError(f"'{wrong[0]}' is no area: its name has at most 40 of a-z, 0-9 and -")
    if len(set(areas)) > MOST_AREAS:
        raise ValueError(f"{MOST_AREAS} areas are the most that one account holds")
    return {**kept, "areas": sorted(set(areas))} if areas else kept or None


def appoint(email: str, areas: Sequence[str], app: firebase_admin.App) -> None:
    """Sets the areas of an account. Raises ValueError, auth.UserNotFoundError, or what the project answers."""
    person = auth.get_user_by_email(email, app=app)
    auth.set_custom_user_claims(person.uid, with_areas(person.custom_claims, areas), app=app)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make operator", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("email", help="of an account that exists")
    parser.add_argument("areas", nargs="*", help="all the areas that it operates from now on; none: it operates none")
    asked = parser.parse_args(arguments)
    project = os.environ.get(PROJECT_VARIABLE)
    try:
        if not project:
            os.environ |= StackDescription.of_running(Ports.default()).environment
        appoint(asked.email, asked.areas, firebase_admin.initialize_app(options={"projectId": project or PROJECT}))
    except StackError as error:
        print(f"{error}\nor name a real project: {PROJECT_VARIABLE}=… make operator …", file=sys.stderr)
        return 1
    except auth.UserNotFoundError:
        print(f"there is no account {asked.email}: create it in the app first", file=sys.stderr)
        return 1
    except (ValueError, GoogleAuthError, exceptions.FirebaseError) as error:
        print(error, file=sys.stderr)
        return 1
    told = f"operates {', '.join(sorted(set(asked.areas)))}" if asked.areas else "operates no area"
    print(f"{asked.email} {told}; to be signed out and in again")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
