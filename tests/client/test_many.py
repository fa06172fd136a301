"""Many people at once on one server: each sees what is theirs, and nothing of it is sent to anybody else."""

import re

import msgpack  # type: ignore[import-untyped]
from flet.controls.base_control import BaseControl
from flet.messaging.protocol import configure_encode_object_for_msgpack

from sunmeter_app.contract import documents
from sunmeter_app.strings import EN

from . import street
from .fake_backend import FakeWorld
from .recording import RecordedApp
from .tabs import Tabs

MANY = 50
# mypy: disable-error-code=no-untyped-call
_MARKS = re.compile(r"gable-(\d{3})|Gable (\d{3}) Street|person-(\d{3})@")


def whose(tab: RecordedApp) -> set[int]:
    """The households that a tab was told anything of, in any message."""
    encode = configure_encode_object_for_msgpack(BaseControl)
    told = b"".join(msgpack.packb([each.action, each.body], default=encode) for each in tab.connection.sent)
    return {int("".join(mark)) for mark in _MARKS.findall(told.decode("utf-8", errors="replace"))}


async def test_nobody_is_told_of_anybody_else(tabs: Tabs, world: FakeWorld) -> None:
    browsers = street.settled(world, MANY)
    opened = [await tabs.open(browser) for browser in browsers]
    for index in range(MANY):
        world.database.put(documents.live(f"gable-{index:03}"), street.live(world, index, tick=7))
    for index, tab in enumerate(opened):
        await tab.settle()
        assert f"{street.house_w(index, 7) / 1000:.3f} kW" in tab.words("live-house-w")
        await tab.go("/account")
        assert whose(tab) == {index}


async def test_who_signs_out_ends_nobody_elses_visit_and_the_next_one_begins_with_nothing(
    tabs: Tabs, world: FakeWorld
) -> None:
    browsers = street.settled(world, 3)
    first, second = [await tabs.open(browser) for browser in browsers[:2]]
    await first.go("/account")
    await first.click(EN["account.sign_out"])
    world.database.put(documents.live("gable-001"), street.live(world, 1, tick=9))
    await second.settle()
    assert f"{street.house_w(1, 9) / 1000:.3f} kW" in second.words("live-house-w")
    first.connection.sent.clear()
    third = await tabs.open({**browsers[2], **first.connection.storage})
    assert whose(third) == {2}
    assert whose(first) == set()


async def test_a_leak_would_be_found(tabs: Tabs, world: FakeWorld) -> None:
    browsers = street.settled(world, 2)
    world.database.change("homes/gable-001", member_uids=["uid-1", "uid-2"])
    tab = await tabs.open(browsers[0], route="/account")
    assert whose(tab) == {0, 1}
