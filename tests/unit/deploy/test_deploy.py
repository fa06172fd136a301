"""Deploying: what a project lacks is told before anything is changed, and Firestore comes before the functions.

Google is a stand-in, asked by the Firebase CLI's real code; the CLI's `deploy` itself is a stand-in too.
"""

import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dev import site
from dev.deploy import __main__ as deploy
from dev.deploy import checks, google
from dev.findings import Finding

from .google_standin import DATABASE, PROJECT, Bodies, ready, standing_in

REGION = "us-central1"
SECRET = f"/v1/projects/{PROJECT}/secrets/METER_MASTER_KEY/versions"
FIELDS = f"{DATABASE}/collectionGroups/-/fields"
MISSING = google.Answer(None, 404, "not there")
FORBIDDEN = google.Answer(None, 403, "not for you")
UNREACHED = google.Answer(None, 0, "no network")
LINKS_ONLY = {"signIn": {"email": {"enabled": True, "passwordRequired": False}}}


@pytest.fixture(scope="module")
def whole() -> google.Answers:
    """Of a project that has everything, asked by the CLI's code."""
    with standing_in(ready()) as environment:
        return google.ask(PROJECT, deploy.SECRET, environment=environment)


def found(answers: google.Answers, region: str = REGION, **others: google.Answer) -> list[Finding]:
    return list(checks.of_project(PROJECT, region, replace(answers, of={**answers.of, **others})))


def database(location: str, kind: str = "FIRESTORE_NATIVE") -> google.Answer:
    return google.Answer({"locationId": location, "type": kind})


def test_a_project_that_has_everything_is_found_whole(whole: google.Answers) -> None:
    assert [each.name for each in found(whole) if each.needed and not each.found] == []


@pytest.mark.parametrize(
    ("question", "answer", "name", "remedy"),
    [
        ("billing", google.Answer({"billingEnabled": False}), "Blaze plan", "usage/details"),
        ("billing", FORBIDDEN, "Blaze plan", "did not say (403: not for you)"),
        ("billing", UNREACHED, "Blaze plan", "did not say (not reached"),
        ("services", google.Answer({}), "APIs", "gcloud services enable fcm.googleapis.com"),
        ("services", FORBIDDEN, "APIs", "did not say"),
        ("database", MISSING, "Firestore database", "firestore:databases:create '(default)' --location us-central1"),
        ("database", FORBIDDEN, "Firestore database", "did not say"),
        ("database", database("eur3"), "Firestore database", "set REGION"),
        ("database", database("nam5", "DATASTORE_MODE"), "Firestore database", "native mode"),
        ("sign_in", MISSING, "sign-in by e-mail", "authentication/providers"),
        ("sign_in", google.Answer({"signIn": {"email": {}}}), "sign-in by e-mail", "authentication/providers"),
        ("sign_in", google.Answer(LINKS_ONLY), "sign-in by", "providers"),
        ("sign_in", UNREACHED, "sign-in by", "did not say"),
        ("secret", MISSING, "secret METER_MASTER_KEY", "functions:secrets:set METER_MASTER_KEY"),
        ("secret", google.Answer({}), "secret METER_MASTER_KEY", "keep that file offline"),
        ("secret", UNREACHED, "secret METER_MASTER_KEY", "did not say"),
    ],
)
def test_what_is_missing_is_named_with_what_brings_it(
    whole: google.Answers, question: str, answer: google.Answer, name: str, remedy: str
) -> None:
    (missing,) = [each for each in found(whole, REGION, **{question: answer}) if each.needed and not each.found]
    assert missing.name.startswith(name)
    assert remedy in missing.remedy


def test_a_database_in_the_functions_own_region_is_right(whole: google.Answers) -> None:
    assert all(each.found for each in found(whole, "europe-west1", database=database("europe-west1")) if each.needed)


def test_of_a_project_that_cannot_be_seen_nothing_else_is_told() -> None:
    with standing_in({}) as environment:
        (only,) = found(google.ask(PROJECT, deploy.SECRET, environment=environment))
    assert only.found is None
    assert "cannot see 'house-meters'" in only.remedy


@pytest.mark.parametrize(
    ("project", "remedy"),
    [("", "PROJECT="), ("demo-sunmeter", "demo-"), ("My Project", "no project id"), ("a", "6 to 30")],
)
def test_an_id_that_cannot_be_one_is_refused(project: str, remedy: str) -> None:
    assert remedy in checks.project_id(project).remedy


def test_without_a_login_it_says_how_to_sign_in(tmp_path: Path) -> None:
    with standing_in(ready()) as environment:
        nobody = {name: value for name, value in environment.items() if name != "FIREBASE_TOKEN"}
        nowhere = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        answers = google.ask(PROJECT, deploy.SECRET, environment=nobody | nowhere)
    login = checks.login(answers)
    assert login.found is None
    assert "firebase login" in login.remedy


# ------------------------------------------------------------------ the deployment


@pytest.fixture
def bodies(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bodies]:
    monkeypatch.delenv("FIREBASE_API_KEY", raising=False)
    served = ready()
    with standing_in(served) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield served


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Callable[[], list[str]]]:
    """Puts a program in the place of the CLI that fails at one deployment; returns what was asked of it."""

    def put(fails_at: str) -> Callable[[], list[str]]:
        program, log = tmp_path / "firebase", tmp_path / "asked"
        program.write_text(f'#!/bin/sh\necho "$*" >> {log}\n[ "$3" != "{fails_at}" ]\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(deploy, "FIREBASE", program)
        return lambda: log.read_text().splitlines() if log.exists() else []

    return put


def test_rules_and_indexes_go_first_then_the_functions(bodies: Bodies, cli: Any) -> None:
    asked = cli("nothing")
    assert deploy.main([PROJECT, "--force"]) == 0
    assert asked() == [f"deploy --only {what} --project {PROJECT} --force" for what in ("firestore", "functions")]


def test_the_static_site_goes_last_where_the_key_of_the_project_is_told(
    bodies: Bodies, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[dict[str, str]] = []
    monkeypatch.setattr(site, "build", lambda folder, settings: built.append(settings))
    monkeypatch.setenv("FIREBASE_API_KEY", "key")
    asked = cli("nothing")
    assert deploy.main([PROJECT]) == 0
    assert [each.split()[2] for each in asked()] == ["firestore", "functions", "hosting"]
    (told,) = built
    assert (told["FIREBASE_PROJECT"], told["FIREBASE_API_KEY"]) == (PROJECT, "key")
    assert told["FUNCTIONS_URL"] == f"https://us-central1-{PROJECT}.cloudfunctions.net"


def test_a_preflight_alone_deploys_nothing(bodies: Bodies, cli: Any) -> None:
    asked = cli("nothing")
    assert deploy.main([PROJECT, "--check"]) == 0
    assert asked() == []


def test_nothing_is_changed_while_something_is_missing(
    bodies: Bodies, cli: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = cli("nothing")
    del bodies[SECRET]
    assert deploy.main([PROJECT]) == 1
    assert asked() == []
    assert "Nothing was changed" in capsys.readouterr().err


def test_functions_do_not_go_where_firestore_failed(
    bodies: Bodies, cli: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = cli("firestore")
    assert deploy.main([PROJECT]) == 1
    assert len(asked()) == 1
    assert "deploying firestore failed" in capsys.readouterr().err


def test_functions_wait_for_their_indexes(bodies: Bodies, cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = cli("nothing")
    monkeypatch.setattr(deploy, "POLL_S", 0.0)
    building = {"fields": [{"indexConfig": {"indexes": [{"state": "READY"}, {"state": "CREATING"}]}}]}
    built, ready_secret = bodies[FIELDS], bodies[SECRET]
    assert isinstance(built, dict)
    assert isinstance(ready_secret, dict)
    bodies[FIELDS] = answers = [building, building, building, built]
    bodies[SECRET] = of_preflight = [ready_secret, {}, {}]
    assert deploy.main([PROJECT]) == 0
    assert answers == [built]
    assert len(of_preflight) == 2, "what the preflight asks is asked once, not at each wait"
    assert len(asked()) == 2


def test_indexes_that_are_not_built_in_time_hold_the_functions_back(
    bodies: Bodies, cli: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = cli("nothing")
    monkeypatch.setattr(deploy, "INDEXES_S", -1.0)
    bodies[FIELDS] = {"fields": [{"indexConfig": {"indexes": [{"state": "CREATING"}]}}]}
    assert deploy.main([PROJECT]) == 1
    assert len(asked()) == 1
    assert "1 indexes are still being built" in capsys.readouterr().err
