"""Set-up does a step once, again when its inputs change, and says what to do when it cannot."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dev import setup
from dev.npm_lock import LOCK, without_addresses
from dev.paths import ROOT
from dev.setup import SetupError, Step, is_done, make_what_is_missing, perform, run_logged


@pytest.fixture(autouse=True)
def own_stamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(setup, "LOGS", tmp_path / "logs")


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    path = tmp_path / "lock.txt"
    path.write_text("package==1")
    return path


def a_step(lock_file: Path, made: list[str], is_there: Callable[[], bool] = lambda: True) -> Step:
    return Step("step", "does something", is_there, lambda _log: made.append("once"), (lock_file,), "ask somebody")


def test_a_step_is_done_once_it_was_performed(lock_file: Path) -> None:
    made: list[str] = []
    step = a_step(lock_file, made)
    assert not is_done(step)
    perform(step)
    assert is_done(step)
    assert made == ["once"]


def test_a_changed_input_asks_for_the_step_again(lock_file: Path) -> None:
    step = a_step(lock_file, [])
    perform(step)
    lock_file.write_text("package==2")
    assert not is_done(step)


def test_a_step_whose_product_was_removed_is_not_done(lock_file: Path) -> None:
    step = a_step(lock_file, [], is_there=lambda: False)
    perform(step)
    assert not is_done(step)


def test_a_step_that_fails_leaves_no_stamp_and_names_itself_and_the_way_out(lock_file: Path) -> None:
    def fails(log: Path) -> None:
        run_logged(["sh", "-c", "echo no route to host; exit 7"], log)

    step = Step("network", "fetches", lambda: True, fails, (lock_file,), "look at the cable")
    with pytest.raises(
        SetupError, match=r"`network`(.|\n)*ended with 7(.|\n)*no route to host(.|\n)*look at the cable"
    ):
        perform(step)
    assert not is_done(step)


def test_a_program_that_is_missing_is_told_like_any_failure(lock_file: Path) -> None:
    step = Step("tool", "runs", lambda: True, lambda log: run_logged(["no-such-tool"], log), (lock_file,), "install it")
    with pytest.raises(SetupError, match=r"no-such-tool(.|\n)*install it"):
        perform(step)


def test_what_is_missing_on_the_machine_is_told_before_the_first_step(
    lock_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[str] = []
    long = a_step(lock_file, made)
    browser = Step("browser", "", lambda: False, lambda _log: None, (), "install a browser", lambda: "no browser")
    tool = Step("tool", "", lambda: False, lambda _log: None, (), "install a tool", lambda: "no tool")
    assert make_what_is_missing((long, browser, tool)) == 1
    assert made == []
    told = capsys.readouterr().err
    assert "no browser\n→ install a browser\nno tool\n→ install a tool\n" in told


def test_what_a_step_needs_is_not_missed_once_the_step_is_done(lock_file: Path) -> None:
    step = Step("browser", "", lambda: True, lambda _log: None, (), "install a browser", lambda: "no browser")
    assert make_what_is_missing((step,)) == 0


def test_the_project_s_own_steps_tell_what_they_lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SUNMETER_APT", raising=False)
    lacking = {step.name: step.lacks() for step in setup.STEPS}
    assert {name for name, lack in lacking.items() if lack} == {"npm", "firestore", "chromium"}


def test_chromium_is_not_missed_where_set_up_may_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "apt-get").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SUNMETER_APT", "1")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert setup.lacks_chromium() is None


@pytest.mark.parametrize(
    "lock", sorted([*ROOT.glob("requirements/*.txt"), ROOT / "functions" / "requirements.txt"]), ids=str
)
def test_a_python_lock_pins_every_package_with_a_hash_and_names_no_address(lock: Path) -> None:
    text = lock.read_text()
    packages = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert packages
    assert all("==" in line and line.endswith("\\") for line in packages)
    assert text.count("--hash=sha256:") >= len(packages)
    assert "://" not in text
    assert "--index" not in text


def test_the_npm_lock_names_no_registry() -> None:
    assert without_addresses(LOCK.read_text()) == LOCK.read_text(), "run `make lock`"
