"""What a project needs before the cloud part is deployed to it: each check says what is there, or what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dev.findings import Finding

from .google import Answer, Answers

PROJECT_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
# The CLI switches these on as it deploys, if the account may.
BY_CLI = (
    "artifactregistry",
    "cloudbuild",
    "cloudfunctions",
    "cloudscheduler",
    "cloudtasks",
    "eventarc",
    "pubsub",
    "run",
    "secretmanager",
)
BEFORE = ("fcm", "firebaserules", "firestore", "identitytoolkit")  # nothing switches these on by itself
MULTI_REGIONS = {"nam5": "us-", "nam7": "us-", "eur3": "europe-"}


def project_id(project: str) -> Finding:
    name = "project"
    if not project:
        return Finding(name, None, "say which: make deploy PROJECT=my-project")
    if project.startswith("demo-"):
        return Finding(name, None, f"'{project}': an id that begins with demo- is one of the emulators'")
    if not PROJECT_ID.fullmatch(project):
        return Finding(name, None, f"'{project}' is no project id (6 to 30 of a-z, 0-9 and -)")
    return Finding(name, project, "")


def login(answers: Answers) -> Finding:
    remedy = "`npx firebase login`, or set GOOGLE_APPLICATION_CREDENTIALS to a service account's key file"
    return Finding("login of the Firebase CLI", answers.account, remedy)


def of_project(project: str, region: str, answers: Answers) -> Iterator[Finding]:
    """The checks that need Google's answers, in the order in which they are to be mended."""
    account, of = answers.account or "", answers.of
    yield (seen := _project_is_there(project, account, of["project"]))
    if not seen.found:
        return  # nothing else would be answered
    yield _plan(project, of["billing"])
    yield from _services(project, of["services"])
    yield _database(project, region, of["database"])
    yield _sign_in(project, of["sign_in"])
    yield _secret(project, of["secret"])


def _project_is_there(project: str, account: str, answer: Answer) -> Finding:
    name = "Firebase project"
    if answer.body:
        return Finding(name, f"number {answer.body.get('projectNumber', '?')}", "")
    if answer.status in (403, 404):
        remedy = (
            f"{account} cannot see '{project}': create it at console.firebase.google.com, or ask its owner for a role"
        )
        return Finding(name, None, remedy)
    return Finding(name, None, _unanswered(answer))


def _plan(project: str, answer: Answer) -> Finding:
    name = "Blaze plan (functions need it)"
    if answer.body is None:
        return Finding(name, None, _unanswered(answer))
    url = f"https://console.firebase.google.com/project/{project}/usage/details"
    return Finding(name, "billing is on" if answer.body.get("billingEnabled") else None, f"choose Blaze at {url}")


def _services(project: str, answer: Answer) -> Iterator[Finding]:
    if answer.body is None:
        yield Finding("APIs", None, _unanswered(answer))
        return
    on = {service["config"]["name"].removesuffix(".googleapis.com") for service in answer.body.get("services", [])}
    missing = [each for each in BEFORE if each not in on]
    names = " ".join(f"{each}.googleapis.com" for each in missing)
    remedy = f"`gcloud services enable {names} --project {project}`, or at console.cloud.google.com/apis/library"
    yield Finding("APIs", None if missing else ", ".join(BEFORE), remedy)
    later = [each for each in BY_CLI if each not in on]
    found = None if later else "all on"
    yield Finding("APIs of functions", found, f"the CLI will switch on {', '.join(later)}", needed=False)


def _database(project: str, region: str, answer: Answer) -> Finding:
    name = "Firestore database"
    if answer.body is None:
        make = f"`npx firebase firestore:databases:create '(default)' --location {region} --project {project}`"
        return Finding(name, None, make if answer.status == 404 else _unanswered(answer))
    location = answer.body.get("locationId", "")
    kind = answer.body.get("type", "")
    if kind != "FIRESTORE_NATIVE":
        return Finding(name, None, f"it is of type {kind}: Sunmeter needs native mode, in a project of its own")
    if location != region and not region.startswith(MULTI_REGIONS.get(location, "none")):
        remedy = (
            f"it is in {location}, the functions in {region}: set REGION in functions/sunmeter/project.py to {location}"
        )
        return Finding(name, None, remedy)
    return Finding(name, f"in {location}", "")


def _sign_in(project: str, answer: Answer) -> Finding:
    name = "sign-in by e-mail and password"
    url = f"https://console.firebase.google.com/project/{project}/authentication/providers"
    if answer.body is None and answer.status not in (403, 404):
        return Finding(name, None, _unanswered(answer))
    email = (answer.body or {}).get("signIn", {}).get("email", {})
    is_on = email.get("enabled") and email.get("passwordRequired", True)
    return Finding(name, "on" if is_on else None, f"switch on Email/Password at {url}")


def _secret(project: str, answer: Answer) -> Finding:
    name = "secret METER_MASTER_KEY"
    put = f"npx firebase functions:secrets:set METER_MASTER_KEY --data-file master.key --project {project}"
    make = f"`(umask 077; openssl rand -hex 32 > master.key)`, `{put}`"
    keep = "and keep that file offline: every meter's key comes from it"
    if answer.body is None and answer.status not in (403, 404):
        return Finding(name, None, _unanswered(answer))
    versions = (answer.body or {}).get("versions", [])
    return Finding(name, f"{len(versions)} enabled version(s)" if versions else None, f"{make}, {keep}")


def _unanswered(answer: Answer) -> str:
    return f"Google did not say ({answer.status or 'not reached'}: {answer.error.strip()[:200]})"


def indexes_under_way(answer: Answer) -> int | None:
    """How many index entries are still being built; None when Google did not say."""
    if answer.body is None:
        return None
    indexes = (index for each in answer.body.get("fields", []) for index in each["indexConfig"].get("indexes", []))
    return len([index for index in indexes if index.get("state") != "READY"])
