"""What is learnt of a home: how far, why not, what it can find, how right it was, and what changed."""

from typing import Any

import flet as ft

from sunmeter_app.contract import documents
from sunmeter_app.model.learning import learning_from
from sunmeter_app.speech import Speech
from sunmeter_app.strings import EN, FR
from sunmeter_app.ui.learnt_words import drift, precision, standing

from . import scenes
from .fake_backend import FakeWorld
from .tabs import SIGNED_IN, Tabs

SPEECH = Speech("en", scenes.ZONE.key)
MODEL = documents.insight(scenes.HOME, "model")


def said(**changes: Any) -> str:
    return standing(learning_from({**scenes.MODEL, **changes}), SPEECH)


def test_how_far_learning_is_and_why_it_is_not_further_is_said() -> None:
    assert said() == "Learnt from 44 days, the last of them 17 Jun."
    assert "18 more days" in said(status="learning", reason="too_little_data", days=3.1)
    assert said(status="learning", reason="no_meter").endswith(EN["learning.why_no_meter"])
    assert said(status="failed", reason="would_alarm_too_often").endswith(EN["learning.why_would_alarm_too_often"])
    assert said(status="failed", reason="too_large").endswith(EN["learning.why_other"])
    assert standing(learning_from(None), SPEECH).startswith("Learning what is usual here: 21 more days")


def test_every_reason_that_training_gives_has_its_words() -> None:
    reasons = ("nothing_measured", "nothing_varies", "would_alarm_too_often", "would_miss_what_was_real", "internal")
    for sentences in (EN, FR):
        assert [reason for reason in reasons if f"learning.why_{reason}" not in sentences] == []


def test_the_precision_of_ratings_is_told_as_people_count() -> None:
    assert precision(learning_from(scenes.MODEL), SPEECH) == "7 of 9 alerts rated in the last 90 days were real."
    assert precision(learning_from({}), SPEECH) == EN["learning.unrated"]


def test_what_changed_is_named_and_whether_it_is_learnt() -> None:
    told = drift(learning_from(scenes.MODEL), SPEECH)
    assert "lowest power of the last day higher than usual, reactive power higher than usual" in told
    assert told.endswith(EN["learning.changed_learnt"])
    failed = drift(learning_from({**scenes.MODEL, "status": "failed", "changed": ["new_one low"]}), SPEECH)
    assert failed == "The household changed in the week up to 17 Jun: reading lower than usual. This is not learnt yet."
    assert drift(learning_from({**scenes.MODEL, "changed": []}), SPEECH) == ""


async def test_an_owner_chooses_how_many_false_alerts_are_fine(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts/settings")
    assert "640 W above the usual" in [text.replace("\u00a0", " ") for text in tab.texts()]
    assert tab.words("precision").startswith("7 of 9 alerts")
    assert EN["learning.changed_learnt"] in tab.words("drift")
    await tab.select(EN["learning.accept"], "3")
    assert world.functions.calls[-1] == ("changehome", {"home": scenes.HOME, "false_alerts_per_year": 3})
    world.database.change(MODEL, target_per_month=0.125, went_back=True)
    await tab.settle()
    assert "aimed at for now: 1.5 a year." in tab.words("aims-lower")
    assert EN["learning.went_back"] in tab.texts()


async def test_who_is_no_owner_sees_what_was_chosen(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    world.database.change(f"homes/{scenes.HOME}", roles={person.uid: "member"}, false_alerts_per_year=48)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts/settings")
    assert EN["learning.accept_48"] in tab.texts()
    assert not any(isinstance(control, ft.Dropdown) for control in tab.controls())


async def test_the_inbox_says_why_nothing_new_was_learnt(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    world.database.change(MODEL, status="failed", reason="would_miss_what_was_real")
    tab = await tabs.open({**SIGNED_IN, "sunmeter.language": "fr"}, route="/alerts")
    assert tab.words("learning").endswith(FR["learning.why_would_miss_what_was_real"])
