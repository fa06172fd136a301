import socket

import pytest

from sunmeter_app.__main__ import main
from sunmeter_app.config import ConfigError, config_from

EMULATORS = {
    "FIREBASE_PROJECT": "demo-sunmeter",
    "FIREBASE_API_KEY": "any",
    "FUNCTIONS_URL": "http://127.0.0.1:5001/demo-sunmeter/us-central1/",
    "FIREBASE_AUTH_EMULATOR_HOST": "127.0.0.1:9099",
    "FIRESTORE_EMULATOR_HOST": "127.0.0.1:8080",
}


def test_everything_that_is_missing_is_named_at_once_with_its_purpose() -> None:
    with pytest.raises(ConfigError) as caught:
        config_from({})
    for name in ("FIREBASE_PROJECT", "FIREBASE_API_KEY", "FUNCTIONS_URL"):
        assert f"{name} is not set: " in str(caught.value)


def test_emulator_addresses_lead_to_the_emulators() -> None:
    config = config_from(EMULATORS)
    assert config.identity_url == "http://127.0.0.1:9099/identitytoolkit.googleapis.com/v1"
    assert config.tokens_url == "http://127.0.0.1:9099/securetoken.googleapis.com/v1"
    assert config.functions_url == "http://127.0.0.1:5001/demo-sunmeter/us-central1"
    assert config.firestore_emulator == "127.0.0.1:8080"


def test_without_emulators_the_addresses_are_googles() -> None:
    named = {name: text for name, text in EMULATORS.items() if "EMULATOR" not in name}
    config = config_from(named)
    assert config.identity_url == "https://identitytoolkit.googleapis.com/v1"
    assert config.firestore_emulator is None


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("FUNCTIONS_URL", "127.0.0.1:5001"),
        ("FIREBASE_AUTH_EMULATOR_HOST", "http://127.0.0.1:9099"),
        ("FIRESTORE_EMULATOR_HOST", "127.0.0.1"),
        ("FIRESTORE_EMULATOR_HOST", "127.0.0.1:99999"),
        ("FIRESTORE_EMULATOR_HOST", "127.0.0.1:²²"),
        ("FUNCTIONS_URL", "http://127.0.0.1:99999"),
        ("FUNCTIONS_URL", "http://:5001"),
    ],
)
def test_a_setting_of_the_wrong_shape_is_refused_by_name(name: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match=name):
        config_from({**EMULATORS, name: wrong})


@pytest.mark.parametrize("port", ["99999", "0", "-1", "many", "²²"])
def test_a_port_that_is_none_is_refused_before_an_address_is_told(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--port={port}"])
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert f"{port} is no port" in told.err
    assert told.out == ""


def test_an_address_in_use_is_named_before_it_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in EMULATORS.items():
        monkeypatch.setenv(name, text)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main([f"--port={port}"]) == 2
    told = capsys.readouterr()
    assert f"127.0.0.1:{port} cannot be listened on" in told.err
    assert told.out == ""
