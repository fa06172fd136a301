"""What Google says of a project, asked with the login of the Firebase CLI (ask.cjs)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.paths import ROOT

ASK = Path(__file__).with_name("ask.cjs")
TIMEOUT_S = 90.0


class NoAnswer(Exception):
    """The question could not even be put; the message says why."""


@dataclass(frozen=True)
class Answer:
    """One answer: what was asked for, or Google's refusal (`status` 0: it was not reached)."""

    body: Mapping[str, Any] | None = None
    status: int = 200
    error: str = ""


@dataclass(frozen=True)
class Answers:
    """Who asked, None when nobody is signed in, and the answer to each question that was put."""

    account: str | None
    of: Mapping[str, Answer]


def ask(project: str, secret: str, *questions: str, environment: Mapping[str, str] | None = None) -> Answers:
    """Puts those questions, all of ask.cjs' where none is named. Raises NoAnswer."""
    command = ["node", str(ASK), project, secret, *questions]
    try:
        result = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"Google did not answer within {TIMEOUT_S:.0f} s") from None
    if result.returncode:
        raise NoAnswer(result.stderr.strip()[-2000:])
    said = json.loads(result.stdout.splitlines()[-1])
    return Answers(said["account"], {name: Answer(**answer) for name, answer in said["answers"].items()})
