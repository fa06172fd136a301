"""An event of meter or hub in words and signs."""

from dataclasses import dataclass

import flet as ft

from ..contract import ledger
from ..model.alert import Alert
from ..model.day import Gap
from ..model.device import Outcome
from ..model.event import Change, Event
from ..speech import Speech
from ..strings import NO_BREAK
from .alert_words import words_of
from .calibration_words import outcome_words

_LOSSES = {
    "power_cut": ft.Icons.POWER_OFF_OUTLINED,
    "meter": ft.Icons.RESTART_ALT,
    "wifi": ft.Icons.WIFI_OFF,
    "hub": ft.Icons.ROUTER_OUTLINED,
    "internet": ft.Icons.CLOUD_OFF_OUTLINED,
    "cloud": ft.Icons.CLOUD_OFF_OUTLINED,
}
_CHANGES = {
    "connected": ft.Icons.LINK,
    "calibrated": ft.Icons.TUNE,
    "updated": ft.Icons.SYSTEM_UPDATE_ALT,
    "refused": ft.Icons.ERROR_OUTLINE,
    "damaged": ft.Icons.STORAGE,
    "clock": ft.Icons.SCHEDULE,
}


@dataclass(frozen=True)
class EventWords:
    icon: ft.IconData
    title: str
    reason: str  # "": the title tells it all
    when: str

    @property
    def spoken(self) -> str:
        parts = (self.title, self.reason, self.when)
        return " ".join(f"{part.rstrip('.')}." for part in parts if part).replace(NO_BREAK, " ")


def event_words(event: Event, speech: Speech, now_s: float) -> EventWords:
    when = speech.when(event.at_ms / 1000, now_s)
    match event.about:
        case Alert() as alert:
            words = words_of(alert, speech, now_s)
            return EventWords(words.icon, words.title, words.reason, words.lasted)
        case Gap() as loss:
            return _loss(loss, speech, now_s)
        case Outcome() as outcome:
            icon = ft.Icons.CHECK if outcome.is_done else ft.Icons.ERROR_OUTLINE
            return EventWords(icon, *outcome_words(outcome, speech), when)
        case Change() as change:
            return _change(change, speech, when)


def _loss(loss: Gap, speech: Speech, now_s: float) -> EventWords:
    """To the quarter of an hour: that is how exactly it is known, and of what was over in seconds no length is told."""
    cause = speech.say(f"cause.{loss.cause}")
    begin = speech.when(loss.start_s, now_s, within=True)
    end, length = speech.clock(loss.end_s), speech.age((loss.end_s - loss.start_s) * 1000)
    is_brief = loss.quality == ledger.MEASURED and loss.cause in ("meter", "power_cut")
    when = speech.say("events.between" if is_brief else "alert.ended", begin=begin, end=end, length=length)
    return EventWords(_LOSSES[loss.cause], cause[:1].upper() + cause[1:], "", when)


def _change(change: Change, speech: Speech, when: str) -> EventWords:
    if change.what == "clock":
        return EventWords(_CHANGES["clock"], *_clock(int(change.told), speech), when)
    title = speech.say(f"events.{change.what}", told=change.told)
    reason = f"events.{change.what}_{change.told or 'why'}"
    otherwise = f"events.{change.what}_why"
    told = next((speech.say(key) for key in (reason, otherwise) if speech.knows(key)), "")
    return EventWords(_CHANGES[change.what], title, told, when)


def _clock(ahead_ms: int, speech: Speech) -> tuple[str, str]:
    way = "ahead" if ahead_ms > 0 else "behind"
    return speech.say(f"events.clock_{way}", by=speech.age(abs(ahead_ms))), speech.say("events.clock_why")
