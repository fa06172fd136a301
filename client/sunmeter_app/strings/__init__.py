"""Every sentence of the app, by key: a module for each topic, in it the same keys for each language."""

from . import (
    account,
    alerts,
    area,
    aside,
    calibration,
    channels,
    charts,
    common,
    data,
    devices,
    entry,
    events,
    forecast,
    history,
    home,
    learning,
    members,
    money,
    neighbours,
    place,
    problems,
    push,
    set_up,
    settings,
)

NO_BREAK = "\u00a0"  # between a number and its unit
_TOPICS = (
    common,
    entry,
    set_up,
    home,
    charts,
    forecast,
    history,
    alerts,
    learning,
    channels,
    account,
    money,
    members,
    data,
    devices,
    events,
    calibration,
    settings,
    area,
    place,
    neighbours,
    problems,
    push,
    aside,
)


def _typeset(sentence: str) -> str:
    """French spaces and apostrophes: a high sign never begins a line."""
    for sign in ":;?!»%":
        sentence = sentence.replace(f" {sign}", f"{NO_BREAK}{sign}")
    return sentence.replace("« ", f"«{NO_BREAK}").replace("'", "\u2019")


EN: dict[str, str] = {key: sentence for topic in _TOPICS for key, sentence in topic.EN.items()}
FR: dict[str, str] = {key: _typeset(sentence) for topic in _TOPICS for key, sentence in topic.FR.items()}
SENTENCES = {"en": EN, "fr": FR}
LANGUAGES = {"en": "English", "fr": "Français"}  # as their speakers call them
