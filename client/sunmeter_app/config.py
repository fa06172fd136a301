"""Where the app finds Firebase: read from the environment, checked before anything starts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .room import MOST_VISITS, REST_AFTER_S, Bounds


class ConfigError(Exception):
    """Settings that are missing or wrong, each with what it is for."""


@dataclass(frozen=True)
class PushConfig:
    """What web push needs of the project."""

    app_id: str
    key: str  # the public half of the key pair that signs for the browsers' push services
    standin: str | None = None  # URL of the local stack's stand-in for FCM; None: Google's

    @property
    def installations_url(self) -> str:
        return f"{self.standin or 'https://firebaseinstallations.googleapis.com'}/v1"

    @property
    def registrations_url(self) -> str:
        return f"{self.standin or 'https://fcmregistrations.googleapis.com'}/v1"


@dataclass(frozen=True)
class Config:
    """Addresses of one Firebase project, Google's or an emulator's."""

    project: str
    api_key: str
    functions_url: str  # callables are at {functions_url}/{name}
    auth_emulator: str | None  # host:port; None: Google's Identity Toolkit
    firestore_emulator: str | None  # host:port; None: Google's Firestore
    push: PushConfig | None = None  # None: this app offers no notifications
    bounds: Bounds = field(default_factory=Bounds)  # of web-server mode

    @property
    def identity_url(self) -> str:
        return _google("identitytoolkit.googleapis.com/v1", self.auth_emulator)

    @property
    def tokens_url(self) -> str:
        return _google("securetoken.googleapis.com/v1", self.auth_emulator)


# What each setting is for, as the error and `--help` tell it.
SETTINGS = {
    "FIREBASE_PROJECT": "the Firebase project's id, for example demo-sunmeter",
    "FIREBASE_API_KEY": "the project's web API key (any text with the Auth emulator)",
    "FUNCTIONS_URL": "where the callables are, for example http://127.0.0.1:5001/demo-sunmeter/us-central1",
    "FIREBASE_AUTH_EMULATOR_HOST": "host:port of the Auth emulator; leave it out for Google's",
    "FIRESTORE_EMULATOR_HOST": "host:port of the Firestore emulator; leave it out for Google's",
    "FIREBASE_APP_ID": "the web app's id, for notifications: 1:123456789:web:0123456789abcdef",
    "FIREBASE_VAPID_KEY": "the public key of the Web Push certificate, for notifications (Cloud Messaging settings)",
    "SUNMETER_MOST_VISITS": f"how many tabs one process of web-server mode holds (default {MOST_VISITS})",
    "SUNMETER_REST_AFTER_S": f"after how many seconds an unused tab makes room there (default {REST_AFTER_S:.0f})",
    "FCM_STANDIN_URL": "where the local stack stands in for FCM; leave it out for Google's",
}
_NUMBERS = ("SUNMETER_MOST_VISITS", "SUNMETER_REST_AFTER_S")
_REQUIRED = ("FIREBASE_PROJECT", "FIREBASE_API_KEY", "FUNCTIONS_URL")


def config_from(environ: Mapping[str, str]) -> Config:
    """Reads the settings. Raises ConfigError naming every one that is missing or wrong."""
    given = {name: environ.get(name, "").strip() for name in SETTINGS}
    faults = [f"{name} is not set: {SETTINGS[name]}" for name in _REQUIRED if not given[name]]
    if given["FUNCTIONS_URL"] and not _is_url(given["FUNCTIONS_URL"]):
        faults.append(f"FUNCTIONS_URL is no http address: {given['FUNCTIONS_URL']}")
    for name in ("FIREBASE_AUTH_EMULATOR_HOST", "FIRESTORE_EMULATOR_HOST"):
        if given[name] and not _is_host_and_port(given[name]):
            faults.append(f"{name} is not host:port: {given[name]}")
    if bool(given["FIREBASE_APP_ID"]) != bool(given["FIREBASE_VAPID_KEY"]):
        faults.append("FIREBASE_APP_ID and FIREBASE_VAPID_KEY go together: set both for notifications, or neither")
    if given["FIREBASE_VAPID_KEY"] and not _is_public_key(given["FIREBASE_VAPID_KEY"]):
        faults.append("FIREBASE_VAPID_KEY is no public key: it has 87 characters and begins with B")
    if given["FCM_STANDIN_URL"] and not _is_url(given["FCM_STANDIN_URL"]):
        faults.append(f"FCM_STANDIN_URL is no http address: {given['FCM_STANDIN_URL']}")
    for name in _NUMBERS:
        if given[name] and not _is_number(given[name]):
            faults.append(f"{name} is no whole number from 1 to 1000000: {given[name]}")
    if faults:
        raise ConfigError("\n".join(faults))
    return Config(
        project=given["FIREBASE_PROJECT"],
        api_key=given["FIREBASE_API_KEY"],
        functions_url=given["FUNCTIONS_URL"].rstrip("/"),
        auth_emulator=given["FIREBASE_AUTH_EMULATOR_HOST"] or None,
        firestore_emulator=given["FIRESTORE_EMULATOR_HOST"] or None,
        push=_push(given),
        bounds=Bounds(
            int(given["SUNMETER_MOST_VISITS"] or MOST_VISITS), float(given["SUNMETER_REST_AFTER_S"] or REST_AFTER_S)
        ),
    )


def _push(given: Mapping[str, str]) -> PushConfig | None:
    if not given["FIREBASE_APP_ID"]:
        return None
    standin = given["FCM_STANDIN_URL"].rstrip("/")
    return PushConfig(given["FIREBASE_APP_ID"], given["FIREBASE_VAPID_KEY"], standin or None)


def _google(address: str, emulator: str | None) -> str:
    return f"http://{emulator}/{address}" if emulator else f"https://{address}"


def _is_url(given: str) -> bool:
    try:
        parts = urlsplit(given)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        return False


def _is_number(given: str) -> bool:
    return given.isascii() and given.isdecimal() and len(given) <= 7 and 1 <= int(given) <= 1_000_000


def _is_public_key(given: str) -> bool:
    """An uncompressed point of P-256 as base64url: 65 bytes, the first of them 4."""
    return re.fullmatch(r"B[A-Za-z0-9_-]{86}", given) is not None


def _is_host_and_port(given: str) -> bool:
    host, _, port = given.rpartition(":")
    return bool(host) and "/" not in given and port.isascii() and port.isdecimal() and 0 < int(port) < 65_536
