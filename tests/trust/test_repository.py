"""What is published holds no secret, in no version of it; and it says where a weakness is reported."""

import re
import subprocess

import pytest

from dev.paths import ROOT

# What keys look like where they are written down.
SECRETS = re.compile(
    "|".join(
        (
            r"-----BEGIN (?:EC |RSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----",
            r"AIza[0-9A-Za-z_-]{35}",  # a Google API key
            r'"type":\s*"service_account"',
            r"ya29\.[0-9A-Za-z_-]{20,}",  # a Google access token
            r"\b1//0[0-9A-Za-z_-]{30,}",  # a Google refresh token
            r"gh[pousr]_[0-9A-Za-z]{36}",
            r"AKIA[0-9A-Z]{16}",
            r"xox[abp]-[0-9A-Za-z-]{20,}",
            r"METER_MASTER_KEY\s*=\s*[0-9a-f]{64}",
        )
    )
)


def git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=True).stdout


def found_in(text: str) -> list[str]:
    return [match[0][:40] for match in SECRETS.finditer(text)]


def test_a_secret_would_be_found() -> None:
    assert len(found_in("-----BEGIN " + "PRIVATE KEY-----\nMETER_MASTER_KEY=" + "0f" * 32 + "\nAIza" + "x" * 35)) == 3


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout: there is no history to look through")
def test_no_version_of_any_file_holds_a_secret() -> None:
    history = git("log", "--all", "--patch", "--no-color", "--no-ext-diff", "--text")
    assert "diff --git" in history
    assert found_in(history) == []


def test_a_weakness_is_reported_privately_and_answered_in_time() -> None:
    told = (ROOT / "SECURITY.md").read_text()
    assert "private" in told
    assert re.search(r"acknowledgement \| [1-5] working days", told)
    assert re.search(r"fix or mitigation \| (?:[1-8]?\d|90) days", told)
