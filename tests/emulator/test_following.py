"""One name follows a hub's request from its header through every log and document that it leads to."""

import json

import pytest

from contract import documents, ledger
from tests.emulator.world import World, event, eventually, sent, yesterday

pytestmark = pytest.mark.stack


def test_a_request_is_named_in_the_log_in_the_day_the_month_and_the_alert(world: World) -> None:
    day = yesterday()
    quarters = world.quarters(day)
    answer = world.hub.send([*sent(quarters), event(world.meter)])
    name = answer.headers["Sunmeter-Request"]
    month = documents.month(world.home, day.month)
    eventually(lambda: world.db.document(month).get().to_dict())

    assert world.stored(documents.day(world.home, day.day))["request"] == name
    assert world.stored(month)["request"] == name
    (alert,) = world.db.collection(f"homes/{world.home}/alerts").stream()
    assert alert.get("request") == name
    eventually(lambda: "month derived" in logged(world, name))
    lines = logged(world, name)
    assert "alert" in lines
    assert lines["ingested"]["quarters"] == ledger.named([(each.meter, each.start_s) for each in quarters])


def test_a_request_keeps_the_name_that_its_hub_gave_it_and_no_other_words(world: World) -> None:
    for told, is_kept in (("0123456789abcdef", True), ("forged: 0123456789abcdef", False)):
        world.hub._session.headers["Sunmeter-Request"] = told
        assert (world.hub.send([]).headers["Sunmeter-Request"] == told) is is_kept


def logged(world: World, request: str) -> dict[str, dict[str, object]]:
    """What the functions said so far for one request, by event."""
    text = (world.stack.folder / "logs" / "emulators.log").read_text(errors="replace")
    told = [json.loads(line.removeprefix(">")) for line in text.splitlines() if line.startswith('>  {"severity"')]
    return {str(line["message"]): line for line in told if line.get("request") == request}
