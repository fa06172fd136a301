"""What the panels lose, for which cause, since when: in energy and money."""

import datetime as dt

import flet as ft

from ..model.home import Home
from ..model.panels import Panels
from ..speech import Speech
from . import parts

_ICONS = {
    "trip": ft.Icons.POWER_OFF_OUTLINED,
    "shading": ft.Icons.PARK_OUTLINED,
    "soiling": ft.Icons.CLEANING_SERVICES_OUTLINED,
}


def panels_notice(panels: Panels | None, home: Home, speech: Speech) -> list[ft.Control]:
    """The loss that stands, or nothing where none is known."""
    if panels is None or not panels.cause:
        return []
    text = panels_in_words(panels, home, speech)
    return [parts.told("home-panels", text, parts.notice(text, _ICONS[panels.cause]))]


def panels_in_words(panels: Panels, home: Home, speech: Speech) -> str:
    lost, lo, hi = (speech.quantity(wh, "Wh") for wh in (panels.lost_wh, panels.lo_wh, panels.hi_wh))
    money = "" if panels.lost_micro is None else f" ({speech.money(panels.lost_micro, home.currency)})"
    since = speech.date_short(dt.date.fromisoformat(panels.since))
    found = speech.say("panels.lost", since=since, lost=lost, money=money, lo=lo, hi=hi, days=panels.days)
    return f"{speech.say(f'panels.{panels.cause}')} {found}"
