"""What the hub is told by a file and by its environment, checked once, with errors that say what to do."""

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

DEFAULT_FILE = Path("/etc/sunmeter/edge.toml")
HELP = {
    "data_dir": "folder of the database and the credential, for example /var/lib/sunmeter",
    "listen": "address the meters reach, host:port",
    "project": "Firebase project id",
    "api_key": "Firebase web API key",
    "functions_url": "base URL of the functions, for example https://us-central1-PROJECT.cloudfunctions.net",
    "max_database_mb": "megabytes the database may take before the oldest raw readings go, at least 100; default: 4000",
    "auth_emulator": "host:port of the Auth emulator; empty: Google's",
    "firestore_emulator": "host:port of the Firestore emulator; empty: Google's",
    "mqtt": "broker for Home Assistant, mqtt://USER:PASSWORD@HOST:1883 or mqtts://…; empty: none",
    "status_page": "host:port of a page on the hub's health, for example 0.0.0.0:8481; empty: none",
}
PROBE_BYTES = 16_384  # more than a credential, and a page of any file system
MAX_DATABASE_MB = 4000  # ten meters' month, five times; a Pi's card has 16 GB and more
DEFAULTS = {
    "listen": "0.0.0.0:8480",
    "max_database_mb": str(MAX_DATABASE_MB),
    "auth_emulator": "",
    "firestore_emulator": "",
    "mqtt": "",
    "status_page": "",
}
MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}  # by the scheme of the broker's URL


class ConfigError(Exception):
    """A sentence for the person who wrote the configuration."""


@dataclass(frozen=True)
class Config:
    data_dir: Path
    listen: str
    project: str
    api_key: str
    functions_url: str
    auth_emulator: str
    firestore_emulator: str
    mqtt: str = ""
    status_page: str = ""
    max_database_mb: int = MAX_DATABASE_MB

    @property
    def database(self) -> Path:
        return self.data_dir / "hub.db"

    @property
    def credential(self) -> Path:
        return self.data_dir / "credential.json"

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])


@dataclass(frozen=True)
class Credential:
    """The hub's account, handed over once at enrolment."""

    hub: str
    email: str
    password: str


def read(file: Path | None, environment: Mapping[str, str] = os.environ) -> Config:
    """A TOML file; SUNMETER_<KEY> in the environment overrides each of its keys. Raises ConfigError."""
    if file is None and DEFAULT_FILE.exists():
        file = DEFAULT_FILE
    told = _told(file, environment)
    if missing := [name for name in told if told[name] in (None, "") and DEFAULTS.get(name) != ""]:
        lines = [f"{name} is not set: {HELP[name]}." for name in missing]
        where = f"Put it into {file or DEFAULT_FILE}, or as SUNMETER_<KEY> into the environment."
        raise ConfigError("\n".join([*lines, where]))
    _check(told)
    told["data_dir"], told["functions_url"] = Path(told["data_dir"]), told["functions_url"].rstrip("/")
    told["max_database_mb"] = int(told["max_database_mb"])
    return Config(**told)


def _told(file: Path | None, environment: Mapping[str, str]) -> dict[str, Any]:
    """Every key with what was said of it last, None where nothing was: defaults, file, environment."""
    told: dict[str, Any] = DEFAULTS | (_from_toml(file) if file else {})
    told["auth_emulator"] = environment.get("FIREBASE_AUTH_EMULATOR_HOST", told["auth_emulator"])
    told["firestore_emulator"] = environment.get("FIRESTORE_EMULATOR_HOST", told["firestore_emulator"])
    names = [field.name for field in fields(Config)]
    return {name: environment.get(f"SUNMETER_{name.upper()}", told.get(name)) for name in names}


def _check(told: dict[str, Any]) -> None:
    """Raises ConfigError for what means nothing, or would be heard by strangers."""
    for name, said in told.items():
        text = str(said) if name == "max_database_mb" and type(said) is int else said  # TOML has numbers
        if not isinstance(text, str) or not _CHECKS.get(name, _is_anything)(text):
            shown = re.sub(r"//.*@", "//…@", repr(text))  # a broker's URL may hold a password
            raise ConfigError(f"{name} is {shown}: {HELP[name]}.")
    if urlsplit(told["functions_url"]).scheme == "http" and not told["auth_emulator"]:
        raise ConfigError("functions_url begins with http: what the hub says there anybody could read. Use https.")


def _is_anything(_: str) -> bool:
    return True


def _is_host_and_port(told: str) -> bool:
    host, _, port = told.rpartition(":")
    return bool(host) and "/" not in host and port.isascii() and port.isdecimal() and 0 < int(port) < 65_536


def _is_no_or_host_and_port(told: str) -> bool:
    return not told or _is_host_and_port(told)


def _is_url(told: str) -> bool:
    try:
        parts = urlsplit(told)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        return False


def _is_no_or_broker(told: str) -> bool:
    try:
        parts = urlsplit(told)
        return not told or (parts.scheme in MQTT_PORTS and bool(parts.hostname) and parts.port != 0)
    except ValueError:  # a port that is none
        return False


def _is_room(told: str) -> bool:
    return told.isascii() and told.isdecimal() and 100 <= int(told) < 10**9


_CHECKS = {
    "max_database_mb": _is_room,
    "listen": _is_host_and_port,
    "functions_url": _is_url,
    "auth_emulator": _is_no_or_host_and_port,
    "firestore_emulator": _is_no_or_host_and_port,
    "mqtt": _is_no_or_broker,
    "status_page": _is_no_or_host_and_port,
}


def _from_toml(file: Path) -> dict[str, Any]:
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8, as TOML is. Save it anew.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not TOML: {error}.") from error
    if unknown := sorted(set(told) - set(HELP)):
        raise ConfigError(f"{file} has unknown keys: {', '.join(unknown)}. Known are {', '.join(HELP)}.")
    return told


def read_credential(config: Config) -> Credential:
    """Raises ConfigError when the hub is not enrolled, or its credential can be read by others."""
    try:
        credential = credential_of(json.loads(config.credential.read_text()))
        mode = config.credential.stat().st_mode & 0o777
    except FileNotFoundError as error:
        raise ConfigError("This hub is not enrolled. Run: sunmeter-edge enroll") from error
    except PermissionError as error:
        raise ConfigError(not_yours(config.credential)) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{config.credential} cannot be read ({error}). Enrol again: sunmeter-edge enroll") from error
    if mode & 0o077:
        raise ConfigError(f"{config.credential} can be read by others. Run: chmod 600 {config.credential}")
    return credential


def credential_of(told: Any) -> Credential:
    """What a file, or the cloud, says the credential is. Raises ValueError."""
    known: dict[str, Any] = told if isinstance(told, dict) else {}
    names = [field.name for field in fields(Credential)]
    if missing := [name for name in names if not isinstance(known.get(name), str) or not known[name]]:
        raise ValueError(f"{', '.join(missing)} missing")
    return Credential(**{name: known[name] for name in names})


def not_yours(path: Path) -> str:
    return f"{path} is closed to this user. Run this with sudo, or as the hub's user."


def may_read(config: Config) -> bool:
    """Whether this user may look into the hub's folder, or there is none."""
    return os.access(config.data_dir, os.R_OK | os.X_OK) or not os.path.lexists(config.data_dir)


def make_data_dir(config: Config) -> None:
    """Makes the folder of the database and the credential, for this user alone. Raises ConfigError."""
    try:
        config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        sentence = f"{config.data_dir} cannot be made ({error.strerror}). Set data_dir to another folder."
        raise ConfigError(sentence) from error
    if not os.access(config.data_dir, os.R_OK | os.W_OK | os.X_OK):
        raise ConfigError(not_yours(config.data_dir))


def write_credential(config: Config, credential: Credential) -> None:
    """Keeps the credential for this user alone; never half of it. Written by root, it belongs to the hub's user.

    Raises ConfigError.
    """
    make_data_dir(config)
    try:
        _write(config, json.dumps(vars(credential)))
    except OSError as error:
        raise ConfigError(f"{config.credential} cannot be written ({error.strerror}).") from error


def try_to_write(config: Config) -> None:
    """Raises ConfigError where a credential could not be written."""
    make_data_dir(config)
    try:
        with tempfile.TemporaryFile(dir=config.data_dir) as probe:
            probe.write(bytes(PROBE_BYTES))
    except OSError as error:
        sentence = f"Nothing can be written to {config.data_dir} ({error.strerror}). Mend that first."
        raise ConfigError(sentence) from error


def _write(config: Config, text: str) -> None:
    new = config.credential.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        if os.geteuid() == 0:
            owner = config.data_dir.stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(config.credential)
