"""The static site's recipe: what Hosting is told, what a page may speak to, and that no server is packed."""

import json

import pytest

from dev.app import PROJECT_VARIABLE
from dev.neighbourhood import PUSH_KEY
from dev.paths import ROOT
from dev.site import OF_SERVERS, PACKAGES, inherited, origins
from sunmeter_app.config import ConfigError, config_from
from sunmeter_app.safety import HEADERS, policy_of

PROJECT = {
    PROJECT_VARIABLE: "my-project",
    "FIREBASE_API_KEY": "key",
    "FUNCTIONS_URL": "https://us-central1-my-project.cloudfunctions.net",
}


def test_hosting_sends_the_headers_of_the_server() -> None:
    hosting = json.loads((ROOT / "firebase.json").read_text())["hosting"]
    (everywhere,) = hosting["headers"]
    told = {each["key"]: each["value"] for each in everywhere["headers"]}
    assert everywhere["source"] == "**"
    assert told == {**HEADERS, "Cache-Control": "no-cache"}


def test_a_site_speaks_to_its_project_and_to_nobody_else() -> None:
    plain = set(origins(config_from(PROJECT)))
    assert plain == {
        "https://identitytoolkit.googleapis.com",
        "https://securetoken.googleapis.com",
        "https://us-central1-my-project.cloudfunctions.net",
        "https://firestore.googleapis.com",
    }
    pushed = config_from({**PROJECT, "FIREBASE_APP_ID": "1:1:web:1", "FIREBASE_VAPID_KEY": PUSH_KEY})
    assert set(origins(pushed)) - plain == {
        "https://firebaseinstallations.googleapis.com",
        "https://fcmregistrations.googleapis.com",
    }
    assert "connect-src 'self' https://a https://b;" in policy_of("", ["https://a", "https://b"])


def test_what_runs_on_servers_is_not_packed() -> None:
    app = ROOT / "client" / "sunmeter_app"
    packed = [path for path in app.rglob("*.py") if path.name not in OF_SERVERS]
    assert PACKAGES[0] == app.name
    for path in packed:
        text = path.read_text()
        for server in (
            "import grpc",
            "import httpx",
            "import uvicorn",
            "from fastapi",
            "from starlette",
            "google.cloud",
        ):
            assert server not in text, path


def test_a_language_is_packed_with_all_it_inherits() -> None:
    assert list(inherited("en_GB")) == ["en_GB", "en_001", "en", "root"]
    assert list(inherited("fr_FR")) == ["fr_FR", "fr", "root"]


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"FIREBASE_APP_ID": "1:1:web:1"}, "go together"),
        ({"FIREBASE_APP_ID": "1:1:web:1", "FIREBASE_VAPID_KEY": "short"}, "no public key"),
        ({"FCM_STANDIN_URL": "127.0.0.1"}, "FCM_STANDIN_URL is no http address"),
    ],
)
def test_settings_of_notifications_that_are_wrong_are_named(settings: dict[str, str], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        config_from({**PROJECT, **settings})
