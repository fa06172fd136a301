"""What a visitor asks of the demo, what it keeps between starts, and what it says when it cannot start."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dev import demo, stack
from dev.demo import SETTLEMENT, Wishes, kept, stay
from dev.neighbourhood import Household, Neighbourhood, Settlement, internet_of
from dev.paths import BadSetting
from dev.ports import HOST, Ports
from dev.running import StackError
from dev.stack import Stack, held
from twin.faults import BadFault
from twin.recordings import BadRecording

NAMES = ("North", "South")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("RECORDING", "FAULT", "KEEP", "SUNMETER_PORT_BASE"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """KEEP=1, and the folder that it means."""
    monkeypatch.setattr(stack, "RUN", tmp_path)
    monkeypatch.setenv("KEEP", "1")
    return tmp_path / "kept"


@pytest.fixture
def taken_row(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A row of ports whose first is in use, as those of a demo that runs are."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        if port > 65_000:
            pytest.skip("the system gave a port beyond those that a row may begin at")
        monkeypatch.setenv("SUNMETER_PORT_BASE", str(port))
        yield port


def leave(folder: Path, names: tuple[str, ...] = NAMES, saved: bool = True) -> None:
    """What a demo with KEEP=1 leaves: with the cloud's part when it could save it."""
    households = tuple(Household(name, "home", "m-0000000001", "label") for name in names)
    Settlement("a@b", "secret", "Europe/Paris", households).write(folder / SETTLEMENT)
    (folder / "hub").mkdir()
    (folder / "hub" / "hub.db").write_text("readings")
    if saved:
        (folder / "emulators").mkdir()


# --- wishes ---


def test_without_wishes_there_are_three_simulated_households() -> None:
    wishes = Wishes.of_environment()
    assert len(wishes.sources) == len(wishes.names) == 3


def test_a_recording_is_the_first_house_and_gives_it_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "home.csv"
    hours = "".join(f"1,2016-08-01 {hour:02d}:00:00,1.0,0.5\n" for hour in range(24))
    path.write_text("home,datetime,load_kwh,pv_kwh\n" + hours)
    monkeypatch.setenv("RECORDING", f"{path}#1")
    wishes = Wishes.of_environment()
    assert wishes.names[0] == "Recording home.csv#1"
    midnight_s = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    assert wishes.sources[0].minutes(midnight_s, midnight_s + 86_400).has_pv


def test_a_malformed_recording_is_refused_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "home.csv"
    path.write_text("home,datetime,load_kwh,pv_kwh\n1,2016-08-01 00:00:00,much,0\n")
    monkeypatch.setenv("RECORDING", str(path))
    with pytest.raises(BadRecording, match=r"home.csv, line 2, column 'load_kwh': 'much' is not a number"):
        Wishes.of_environment()


def test_faults_are_read_before_anything_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULT", "hub@now+1m sag#2@now+2m+10s internet@now+5m")
    faults = Wishes.of_environment().faults_at(1_000_000)
    assert [(fault.kind, fault.house, fault.start_ms) for fault in faults] == [
        ("hub", 1, 1_000_000),
        ("sag", 2, 1_120_000),
        ("internet", 1, 1_000_000),
    ]
    monkeypatch.setenv("FAULT", "heater#4@now")
    with pytest.raises(BadFault, match="houses count from 1 to 3"):
        Wishes.of_environment()


# --- what is kept ---


@pytest.mark.parametrize("said", ["", "0", "no", "False"])
def test_nothing_is_kept_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("KEEP", said)
    with kept(NAMES) as folder:
        assert folder is None


@pytest.mark.parametrize("said", ["1", "yes", "true"])
def test_keeping_may_be_asked_for_in_words(keep: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("KEEP", said)
    with kept(NAMES) as folder:
        assert folder == keep


def test_an_answer_that_is_neither_yes_nor_no_is_refused(keep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEP", "maybe")
    with pytest.raises(BadSetting, match="KEEP takes 1 or 0, not 'maybe'"), kept(NAMES):
        pass


def test_what_was_saved_is_found_again(keep: Path) -> None:
    leave(keep)
    with kept(NAMES) as folder:
        assert folder == keep
        assert (keep / "hub" / "hub.db").read_text() == "readings"


def test_what_was_not_saved_is_set_aside_and_told(keep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leave(keep, saved=False)
    with kept(NAMES) as folder:
        assert folder == keep
        assert not keep.exists()
    (aside,) = [path for path in keep.parent.iterdir() if path.is_dir()]
    assert (aside / "hub" / "hub.db").read_text() == "readings"
    assert str(aside) in capsys.readouterr().out


def test_a_settlement_that_was_written_in_part_is_set_aside_too(keep: Path) -> None:
    leave(keep)
    (keep / SETTLEMENT).write_text((keep / SETTLEMENT).read_text()[:40])
    with kept(NAMES):
        assert not keep.exists()


def test_other_houses_that_are_kept_are_not_overwritten(keep: Path) -> None:
    leave(keep, ("East",))
    with pytest.raises(StackError, match="other houses are kept in"), kept(NAMES):
        pass
    assert (keep / "hub" / "hub.db").read_text() == "readings"


def test_what_another_run_is_keeping_is_left_alone(keep: Path) -> None:
    leave(keep, saved=False)
    with held(keep), pytest.raises(StackError, match="another run keeps its data in"), kept(NAMES):
        pass
    assert (keep / "hub" / "hub.db").read_text() == "readings"
    with kept(NAMES):
        pass  # the other has ended


def test_a_second_start_names_the_port_and_touches_nothing_of_the_first(
    keep: Path, taken_row: int, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(keep, saved=False)
    assert demo.main() == 1
    assert f"port {taken_row}, for auth, is in use" in capsys.readouterr().err
    assert (keep / "hub" / "hub.db").read_text() == "readings"


# --- while it runs ---


def test_an_outage_of_the_internet_cuts_the_hub_off_from_all_of_the_cloud(tmp_path: Path) -> None:
    stack = Stack(Ports.free())
    with internet_of(stack) as internet, socket.create_server((HOST, stack.ports.firestore)):
        neighbourhood = Neighbourhood(stack, tmp_path, internet)
        told = json.dumps(neighbourhood._hub_environment())
        direct = {f"{HOST}:{getattr(stack.ports, name)}" for name in ("auth", "firestore", "functions")}
        assert not [each for each in direct if each in told]
        way = (HOST, internet.port(stack.ports.firestore))
        socket.create_connection(way, timeout=5).close()
        neighbourhood.suffer("internet", True)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(way, timeout=5)
        neighbourhood.suffer("internet", False)
        socket.create_connection(way, timeout=5).close()


def test_outages_are_told_to_the_visitor(capsys: pytest.CaptureFixture[str]) -> None:
    demo.tell({"event": "outage", "kind": "hub", "active": True, "at_ms": 0})
    demo.tell({"event": "outage", "kind": "hub", "active": False, "at_ms": 0})
    assert capsys.readouterr().out.split("\n")[:2] == ["  the hub is off", "  the hub is back"]


def test_a_demo_whose_clock_has_ended_does_not_go_on_without_it() -> None:
    ended = threading.Event()

    def join(_s: float) -> bool:
        ended.wait(5)
        return False

    running: Any = SimpleNamespace(
        stack=SimpleNamespace(clock=SimpleNamespace(run=ended.set), processes=SimpleNamespace(check=lambda: None)),
        street=SimpleNamespace(twin=SimpleNamespace(join=join)),
    )
    with pytest.raises(StackError, match="clock"):
        stay(running)
