"""What a person does with a hub: configure, enrol, ask how it is."""

import argparse
import asyncio
import contextlib
import dataclasses
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import pytest

from sunmeter_edge import cli
from sunmeter_edge.clock import FileClock
from sunmeter_edge.config import Config, ConfigError, Credential, read, read_credential, write_credential
from sunmeter_edge.enroll import EnrolmentFailed, enroll
from sunmeter_edge.hub import Hub
from sunmeter_edge.report import Finding, access, doctor, status
from sunmeter_edge.store import connect, open_for_reading
from tests.edge.conftest import CREDENTIAL, Serve, make_known
from tests.edge.fakes import Answer, FakeCloud, FakeMeter
from tests.edge.faults.kills import environment

PENDING: Answer = (202, {"state": "pending"}, {})
APPROVED: Answer = (200, {"state": "approved", "hub": "h1", "email": "h1@hubs.invalid", "password": "secret"}, {})
OPENED: Answer = (200, {"device_code": "d", "user_code": "ABCD2345", "expires_s": 900, "interval_s": 5}, {})


def never_waits(_: float) -> None:
    pass


def write_toml(path: Path, **keys: object) -> Path:
    path.write_text("".join(f"{name} = {json.dumps(told)}\n" for name, told in keys.items()))
    return path


WHOLE = {"data_dir": "/d", "project": "p", "api_key": "k", "functions_url": "https://f.example/"}


def test_a_file_and_the_environment_make_the_configuration(tmp_path: Path) -> None:
    file = write_toml(tmp_path / "edge.toml", **WHOLE)
    config = read(file, {"SUNMETER_LISTEN": "[::]:9000", "FIRESTORE_EMULATOR_HOST": "127.0.0.1:8080"})
    assert (config.host, config.port) == ("::", 9000)
    assert config.functions_url == "https://f.example"
    assert config.firestore_emulator == "127.0.0.1:8080"
    assert config.database == Path("/d/hub.db")


@pytest.mark.parametrize(
    ("keys", "environment", "sentence"),
    [
        ({}, {}, "data_dir is not set"),
        (WHOLE | {"project": ""}, {}, "project is not set: Firebase project id"),
        (WHOLE | {"prjoect": "p"}, {}, "unknown keys: prjoect"),
        (WHOLE | {"max_database_mb": 50}, {}, "max_database_mb is '50': megabytes the database may take"),
        (WHOLE | {"max_database_mb": True}, {}, "max_database_mb is True"),
        (WHOLE, {"SUNMETER_MAX_DATABASE_MB": "much"}, "max_database_mb is 'much'"),
        (WHOLE, {"SUNMETER_LISTEN": "everywhere"}, "listen is 'everywhere'"),
        (WHOLE, {"SUNMETER_LISTEN": "0.0.0.0:99999"}, "listen is '0.0.0.0:99999'"),
        (WHOLE, {"SUNMETER_LISTEN": "0.0.0.0:0"}, "listen is '0.0.0.0:0'"),
        (WHOLE, {"SUNMETER_LISTEN": "0.0.0.0:²²"}, "listen is '0.0.0.0:²²'"),
        (WHOLE, {"SUNMETER_LISTEN": ":8480"}, "listen is ':8480': address the meters reach, host:port"),
        (WHOLE | {"data_dir": 3}, {}, "data_dir is 3: folder of the database"),
        (WHOLE | {"functions_url": "not a url"}, {}, "functions_url is 'not a url': base URL of the functions"),
        (WHOLE | {"functions_url": "ftp://f.example"}, {}, "functions_url is 'ftp://f.example'"),
        (WHOLE | {"functions_url": "https://f.example:x"}, {}, "functions_url is 'https://f.example:x'"),
        (WHOLE | {"functions_url": "http://f.example"}, {}, "functions_url begins with http: what the hub says there"),
        (WHOLE | {"functions_url": "HTTP://f.example"}, {}, "functions_url begins with http:"),
        (WHOLE | {"auth_emulator": "http://127.0.0.1:9099"}, {}, "auth_emulator is 'http://127.0.0.1:9099'"),
        (WHOLE, {"FIRESTORE_EMULATOR_HOST": "localhost"}, "firestore_emulator is 'localhost'"),
        (WHOLE | {"mqtt": "192.168.0.2:1883"}, {}, "mqtt is '192.168.0.2:1883': broker for Home Assistant, mqtt://"),
        (WHOLE | {"mqtt": "mqtt://"}, {}, "mqtt is 'mqtt://'"),
        (WHOLE | {"mqtt": "mqtt://me:secret@h:x"}, {}, "mqtt is 'mqtt://…@h:x'"),
        (WHOLE | {"status_page": "8481"}, {}, "status_page is '8481': host:port of a page"),
    ],
)
def test_a_wrong_configuration_says_what_to_do(
    tmp_path: Path, keys: dict[str, object], environment: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        read(write_toml(tmp_path / "edge.toml", **keys), environment)


def test_all_that_is_not_set_is_told_at_once(tmp_path: Path) -> None:
    file = write_toml(tmp_path / "edge.toml", data_dir="/d", project="")
    with pytest.raises(ConfigError) as raised:
        read(file, {"SUNMETER_API_KEY": "k"})
    project, functions_url, where = str(raised.value).splitlines()
    assert project == "project is not set: Firebase project id."
    assert functions_url.startswith("functions_url is not set: ")
    assert where == f"Put it into {file}, or as SUNMETER_<KEY> into the environment."


def test_a_file_that_is_not_toml_or_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("listen = [")
    (tmp_path / "latin.toml").write_bytes('project = "Zürich"'.encode("latin-1"))
    for name in ("bad.toml", "latin.toml", "missing.toml"):
        with pytest.raises(ConfigError, match=name):
            read(tmp_path / name, {})


def test_a_credential_is_for_this_user_alone(config: Config) -> None:
    write_credential(config, CREDENTIAL)
    assert config.credential.stat().st_mode & 0o777 == 0o600
    assert read_credential(config) == CREDENTIAL
    config.credential.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_credential(config)


@pytest.mark.parametrize("text", ["{", "[]", '{"hub":"h"}', '{"hub":"h","email":5,"password":"p"}'])
def test_a_credential_that_is_none_is_told_and_how_to_get_one(config: Config, text: str) -> None:
    write_credential(config, CREDENTIAL)
    config.credential.write_text(text)
    with pytest.raises(ConfigError, match=r"credential.json cannot be read .*sunmeter-edge enroll"):
        read_credential(config)


def test_who_may_not_look_into_the_folder_is_told_so_by_every_command(
    config: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As who forgets sudo."""
    write_credential(config, CREDENTIAL)
    keys = {name: told for name, told in vars(config).items() if told} | {"data_dir": str(config.data_dir)}
    file = write_toml(config.data_dir.parent / "edge.toml", **keys)

    plain = Path.read_text

    def read_text(path: Path, **how: str) -> str:
        if path == config.credential:
            raise PermissionError(13, "Permission denied")
        return plain(path, **how)

    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(Path, "read_text", read_text)
    sentence = f"{config.data_dir} is closed to this user. Run this with sudo, or as the hub's user."
    for command in ("run", "status", "enroll"):
        assert cli.main(["--config", str(file), command]) == 2
        assert re.fullmatch(r".* is closed to this user\. Run this with sudo, .*\n", capsys.readouterr().err)
    assert cli.main(["--config", str(file), "doctor"]) == 1
    assert f"WRONG   {sentence}" in capsys.readouterr().out


def test_files_that_another_user_left_are_named_with_what_mends_them(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_credential(config, CREDENTIAL)
    plain = Path.stat

    def stat(path: Path, **how: bool) -> os.stat_result:
        told = plain(path, **how)
        return os.stat_result((*told[:4], told.st_uid + 1, *told[5:10])) if path == config.credential else told

    monkeypatch.setattr(Path, "stat", stat)
    (wrong,) = [finding.sentence for finding in doctor(config) if "chown" in finding.sentence]
    assert wrong.startswith(f"not the hub's in {config.data_dir}: credential.json. Run: sudo chown -R")


def test_a_disk_without_room_is_told_before_a_code_is_shown_and_by_doctor(
    config: Config, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    config.data_dir.mkdir()
    with monkeypatch.context() as disk:
        disk.setattr(tempfile, "TemporaryFile", full)
        with pytest.raises(ConfigError, match="No space left"):
            enroll(config, pytest.fail, never_waits)
    with monkeypatch.context() as disk:
        disk.setattr(shutil, "disk_usage", lambda _: argparse.Namespace(free=5_000_000))
        told = [finding.sentence for finding in doctor(config) if not finding.is_good]
    assert f"5 MB free in {config.data_dir}: free 200, or the oldest readings go" in told
    assert cloud.enrolment_asked == []


def test_a_hub_that_is_not_enrolled_says_so(config: Config) -> None:
    with pytest.raises(ConfigError, match="sunmeter-edge enroll"):
        read_credential(config)


def test_enrolment_shows_the_code_and_keeps_what_it_is_given(config: Config, cloud: FakeCloud) -> None:
    cloud.enrolment = [OPENED, PENDING, PENDING, APPROVED]
    shown: list[str] = []
    credential = enroll(config, shown.append, never_waits)
    assert "A  B  C  D  -  2  3  4  5" in shown[0]
    assert credential == Credential("h1", "h1@hubs.invalid", "secret")
    assert read_credential(config) == credential
    assert "secret" not in repr(shown)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ([(503, {}, {})], "Try again"),
        ([OPENED, (410, {}, {})], "not valid any more"),
        ([OPENED, *[PENDING] * 180], "Nobody typed the code"),
        ([(200, {"ok": True}, {})], "is not the cloud. Check functions_url"),
        ([(200, b"<html>Sign in to this network", {})], "is not the cloud"),
        ([(200, {"device_code": "d", "user_code": "A", "expires_s": 900, "interval_s": 0}, {})], "is not the cloud"),
        ([OPENED, (200, {"state": "approved", "hub": "h1"}, {})], "is not the cloud"),
    ],
)
def test_an_enrolment_that_fails_says_what_to_do(
    config: Config, cloud: FakeCloud, answers: list[Answer], sentence: str
) -> None:
    cloud.enrolment = list(answers)
    with pytest.raises(EnrolmentFailed, match=sentence):
        enroll(config, lambda _: None, never_waits)
    assert not config.credential.exists()


def test_status_tells_queue_meters_and_counters(config: Config) -> None:
    make_known(config, FakeMeter())
    with contextlib.closing(connect(config.database)) as connection:
        connection.execute("UPDATE meter SET last_ms = 1000, newest_ms = 500, firmware = 3")
        connection.execute("INSERT INTO item (body, state) VALUES ('{}', 1)")
        connection.execute("INSERT INTO tally VALUES ('refused bad_mac mac', 4)")
        lines = list(status(connection, lambda: 181_000))
    assert lines[0] == "queue     0 intervals, 1 other items; 0 rejected and kept apart"
    assert lines[1].startswith("m-0000000001  ok      heard 3 min ago, newest sample 3 min ago, firmware 3")
    assert lines[2] == "counted        4 refused bad_mac mac"


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    database = tmp_path / "50% of #1?mode=rwc" / "hub.db"
    database.parent.mkdir()
    connect(database).close()
    with contextlib.closing(open_for_reading(database)) as connection:
        assert next(status(connection, lambda: 0)).startswith("queue     0 intervals")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM item")


def test_doctor_finds_what_is_missing_and_what_is_well(config: Config, cloud: FakeCloud) -> None:
    before = [finding.sentence for finding in doctor(config) if not finding.is_good]
    assert any("is missing" in sentence for sentence in before)
    assert any("not enrolled" in sentence for sentence in before)
    write_credential(config, CREDENTIAL)
    connect(config.database).close()
    assert [finding.sentence for finding in doctor(config) if not finding.is_good] == []
    write_credential(config, Credential("h", "h@example.org", "wrong"))
    assert any("account is refused" in finding.sentence for finding in doctor(config))


def test_doctor_looks_for_the_broker_that_is_configured(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        there = dataclasses.replace(config, mqtt=f"mqtt://name:secret@127.0.0.1:{broker.getsockname()[1]}")
        found = [finding for finding in doctor(there) if "MQTT" in finding.sentence]
    assert [finding.is_good for finding in found] == [True]
    gone = [finding for finding in doctor(there) if "MQTT" in finding.sentence]
    assert [finding.is_good for finding in gone] == [False]
    assert "secret" not in repr([found, gone])
    assert not [finding for finding in doctor(config) if "MQTT" in finding.sentence]


def test_status_says_whether_a_hub_runs_and_whether_the_cloud_takes_it() -> None:
    assert access(None) == "hub       is not running: sunmeter-edge run"
    assert access({"ok": True, "cloud": "ok"}) == "hub       runs; the cloud is reached"
    assert access({"ok": True, "cloud": "away"}) == "hub       runs; the cloud is out of reach: what meters say is kept"


def test_doctor_tells_a_hub_from_another_program_at_its_address(config: Config) -> None:
    def of_port() -> Finding:
        return next(finding for finding in doctor(config) if config.listen in finding.sentence)

    assert of_port() == Finding(True, f"{config.listen} is free")
    with socket.create_server((config.host, config.port)) as silent:
        silent.settimeout(0)
        found = of_port()
    assert not found.is_good
    assert "cannot be listened on" in found.sentence


async def test_doctor_knows_a_hub_that_runs(serve: Serve, config: Config) -> None:
    async with serve():
        findings = await asyncio.to_thread(lambda: list(doctor(config)))
    assert Finding(True, f"{config.listen} answers: a hub is running") in findings


def test_a_folder_that_cannot_be_made_is_told_before_a_code_is_shown(config: Config, cloud: FakeCloud) -> None:
    config.data_dir.write_text("a file")
    with pytest.raises(ConfigError, match="cannot be made"):
        enroll(config, pytest.fail, never_waits)
    with pytest.raises(ConfigError, match="cannot be made"):
        Hub(config, CREDENTIAL, lambda: 0)


def test_a_database_that_cannot_be_opened_is_told_in_a_sentence(config: Config) -> None:
    config.database.mkdir(parents=True)
    with pytest.raises(ConfigError, match="cannot be opened"):
        Hub(config, CREDENTIAL, lambda: 0)


def test_the_command_line_says_what_is_wrong_and_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith("SUNMETER_"):
            monkeypatch.delenv(name)
    file = write_toml(tmp_path / "edge.toml", **WHOLE | {"data_dir": str(tmp_path)})
    assert cli.main(["--config", str(file), "run"]) == 2
    assert "not enrolled" in capsys.readouterr().err
    assert cli.main(["--config", str(file), "status"]) == 2
    assert "has not run yet" in capsys.readouterr().err


def test_who_gives_up_waiting_for_the_code_sees_no_traceback(
    config: Config, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    keys = {name: told for name, told in vars(config).items() if told} | {"data_dir": str(config.data_dir)}
    monkeypatch.setattr(cli, "enroll", interrupted)
    assert cli.main(["--config", str(write_toml(config.data_dir.parent / "edge.toml", **keys)), "enroll"]) == 130
    assert capsys.readouterr().err == ""


def test_help_names_every_command_and_every_key() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "sunmeter_edge", "--help"],
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for word in ("run", "enroll", "status", "doctor", "functions_url", "firestore_emulator"):
        assert word in told


def test_a_simulated_clock_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = FileClock(file)
    assert clock() == 0
    file.write_bytes((1_790_000_000_123).to_bytes(8, "little"))
    assert clock() == 1_790_000_000_123
    file.write_bytes(b"torn")
    assert clock() == 1_790_000_000_123


async def test_an_address_in_use_is_named(config: Config) -> None:
    first = Hub(config, CREDENTIAL, lambda: 0)
    with pytest.raises(ConfigError, match=r"cannot be listened on: something does\. A hub \(sunmeter-edge status\)"):
        Hub(config, CREDENTIAL, lambda: 0)
    first._door.close()
    first.database.close()


def test_the_hub_stops_in_time_when_systemd_asks_it_to(config: Config) -> None:
    make_known(config, FakeMeter())
    write_credential(config, CREDENTIAL)
    command = [sys.executable, "-m", "sunmeter_edge", "run"]
    process = subprocess.Popen(command, env=environment(config))
    try:
        for _ in range(400):
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://{config.listen}/healthz")
                break
            time.sleep(0.1)
        process.terminate()
        assert process.wait(5) == 0
    finally:
        process.kill()
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
