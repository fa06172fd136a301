"""`python -m twin`: one sentence for what is wrong, JSON lines for what happens, commands while it runs."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from twin.__main__ import main
from twin.street import moment_ms

ROOT = Path(__file__).parents[2]
PARIS = ZoneInfo("Europe/Paris")
NOW_MS = int(datetime(2026, 11, 23, 14, 30, tzinfo=PARIS).timestamp() * 1000)


def test_inspect_tells_what_a_recording_holds(recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(recordings / "citylearn_homes.csv.gz") + "#5"]) == 0
    said = capsys.readouterr().out
    assert "citylearn_homes.csv.gz#5" in said
    assert "typical day" in said


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["inspect", "/nowhere/file.csv"], "No such file"),
        (["run", "--fault", "heater@noon"], "is not KIND"),
        (["run", "--fault", "power#9@12:00"], "there is no house 9"),
        (["run", "--from", "tomorrow"], "is no moment"),
        (["run", "--zone", "Mars/Olympus"], "is no time zone"),
        (["run", "--hub", "localhost"], "HOST:PORT"),
        (["run", "--houses", "0"], "1 to 64"),
        (["run", "--meter", "m-1"], "1 times --meter for 3 houses"),
        (["run", "--houses", "1", "--meter", "M-1"], "is no meter id"),
        (["run", "--master", "xyz"], "non-hexadecimal"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = ["--state", str(tmp_path)] if arguments[0] == "run" else []
    assert main([*arguments, *state]) == 1
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("yesterday 00:00", datetime(2026, 11, 22, tzinfo=PARIS)),
        ("today 06:15", datetime(2026, 11, 23, 6, 15, tzinfo=PARIS)),
        ("yesterday", datetime(2026, 11, 22, tzinfo=PARIS)),
        ("2026-10-25T12:00", datetime(2026, 10, 25, 12, tzinfo=PARIS)),
        ("now", datetime(2026, 11, 23, 14, 30, tzinfo=PARIS)),
    ],
)
def test_moments_are_written_as_people_say_them(text: str, moment: datetime) -> None:
    assert moment_ms(text, NOW_MS, PARIS) == moment.timestamp() * 1000


def test_a_run_can_be_disturbed_and_asked_for_the_truth(tmp_path: Path) -> None:
    """The real firmware, without a hub: an outage waits for its acknowledgement, a bad command is refused."""
    command = [sys.executable, "-m", "twin", "run", "--houses", "1", "--from", "yesterday 10:00", "--control"]
    command += ["--state", str(tmp_path), "--hub", "127.0.0.1:22499", "--fault", "internet@10:01+30s"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def until(event: str) -> dict[str, object]:
            for line in process.stdout:  # type: ignore[union-attr]
                told: dict[str, object] = json.loads(line)
                if told["event"] == event:
                    return told
            raise AssertionError(f"the twin ended without {event}")

        outage = until("outage")
        assert (outage["kind"], outage["active"]) == ("internet", True)
        process.stdin.write("truth\n")
        stood_still = until("truth")["at_ms"]
        process.stdin.write("truth\n")
        assert until("truth")["at_ms"] == stood_still
        process.stdin.write(f"ack {outage['id']}\n")
        assert until("outage")["active"] is False
        process.stdin.write("fault toaster@now\nack 2\nfault heater@now+1h:2000\nstop\n")
        assert "unknown fault" in str(until("refused")["reason"])
        final = until("truth")
        assert final["house_wh"] > 0  # type: ignore[operator]
        assert process.wait(20) == 0
