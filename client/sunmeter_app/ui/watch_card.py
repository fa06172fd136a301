"""How closely a home is watched: the false alerts it accepts, what it can find, and how right it was."""

import flet as ft

from ..model.home import Home
from ..model.learning import EXCESSES, PER_YEAR, Learning
from ..speech import Speech
from ..state import Today
from . import controls, learnt_words, parts
from .component import component
from .context import use_action, use_speech, use_visit


@component
def WatchCard(today: Today, home: Home) -> ft.Control:
    speech = use_speech()
    learning = today.learning
    title = speech.say("learning.title")
    if learning is None:
        return parts.section(title, parts.skeleton(160))
    words = [learnt_words.precision(learning, speech), learnt_words.standing(learning, speech)]
    told = parts.told("precision", " ".join(words), ft.Column([parts.muted(text) for text in words if text], spacing=6))
    return parts.section(
        title,
        AcceptChoice(home),
        *_lower(learning, home, speech),
        *_detects(learning, speech),
        told,
        *_drift(learning, speech),
    )


@component
def AcceptChoice(home: Home) -> ft.Control:
    """The threshold as people know it: how often it may be wrong. Owners choose."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    options = [(str(each), speech.say(f"learning.accept_{each}")) for each in PER_YEAR]
    chosen = str(home.false_alerts_per_year)
    name, why = speech.say("learning.accept"), parts.muted(speech.say("learning.accept_why"))
    if not home.is_owner:
        return ft.Column([parts.facts([(name, dict(options).get(chosen, chosen))]), why], spacing=8)

    async def choose(event: ft.Event[ft.Dropdown]) -> None:
        wanted = int(event.control.value or chosen)
        await action.run(lambda: visit.housekeeping.accept_false_alerts(wanted))

    chooser = controls.dropdown(name, chosen, options, choose)
    return ft.Column([chooser, why, parts.problem(action.problem)], spacing=8)


def _lower(learning: Learning, home: Home, speech: Speech) -> list[ft.Control]:
    if not learning.aims_lower(home.false_alerts_per_year):
        return []
    text = speech.say("learning.aims_lower", n=speech.number(12 * (learning.target_per_month or 0), 1))
    return [parts.told("aims-lower", text, parts.notice(text))]


def _detects(learning: Learning, speech: Speech) -> list[ft.Control]:
    """The smallest excess that is told of in this very home."""
    heading = parts.strong(speech.say("learning.detects"))
    found = [(each, learning.detectable_w[each]) for each in EXCESSES if each in learning.detectable_w]
    if not found:
        return [heading, parts.muted(speech.say("learning.detects_none"))]
    rows = [
        (speech.say(f"learning.detects_{name}"), speech.say("learning.above", power=speech.quantity(watts, "W")))
        for name, watts in found
    ]
    return [heading, parts.facts(rows)]


def _drift(learning: Learning, speech: Speech) -> list[ft.Control]:
    told = [learnt_words.drift(learning, speech)]
    told += [speech.say("learning.went_back")] if learning.went_back else []
    return [parts.told("drift", text, parts.notice(text)) for text in told if text]
