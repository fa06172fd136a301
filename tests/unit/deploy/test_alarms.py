"""The alarms of a deployed project watch what there is: messages that the functions do write."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dev.paths import FUNCTIONS, ROOT

FILES = sorted((ROOT / "dev" / "deploy" / "alarms").glob("*.json"))
WRITTEN = re.compile(r'log\.(?:info|warning|failure)\(\s*"([^"]+)"')


def messages() -> set[str]:
    modules = (FUNCTIONS / "sunmeter").rglob("*.py")
    return {message for module in modules for message in WRITTEN.findall(module.read_text())}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_alarm_says_what_to_do_and_has_one_condition(path: Path) -> None:
    policy: dict[str, Any] = json.loads(path.read_text())
    (condition,) = policy["conditions"]
    (kind,) = condition.keys() - {"displayName"}
    assert kind in ("conditionMatchedLog", "conditionThreshold")
    assert condition[kind]["filter"].startswith('resource.type="')
    assert len(policy["documentation"]["content"]) > 80
    assert kind == "conditionThreshold" or policy["alertStrategy"]["notificationRateLimit"], (
        "Google asks for it with logs"
    )


def test_each_message_that_is_watched_is_written() -> None:
    watched = set(re.findall(r'message=\\"([^"]+)\\"', "".join(path.read_text() for path in FILES)))
    assert watched == {"hub silent", "hub lost its database"}
    assert watched <= messages()
