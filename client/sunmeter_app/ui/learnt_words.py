"""What is learnt of a home, in words."""

import datetime as dt

from ..model.learning import Change, Learning
from ..speech import Speech


def standing(learning: Learning, speech: Speech) -> str:
    """How far learning is: from how many days, how many are left, or why last night brought nothing."""
    if learning.status == "ready":
        return speech.say("learning.ready", n=learning.days, date=_date(learning, speech)) if learning.day else ""
    if learning.status == "failed":
        return speech.say("learning.failed", reason=_reason(learning, speech))
    if learning.reason in ("", "too_little_data"):
        return speech.say("learning.days", n=learning.days_left)
    return speech.say("learning.begins", reason=_reason(learning, speech))


def _reason(learning: Learning, speech: Speech) -> str:
    key = f"learning.why_{learning.reason}"
    return speech.say(key if speech.knows(key) else "learning.why_other")


def _date(learning: Learning, speech: Speech) -> str:
    return speech.date_short(dt.date.fromisoformat(learning.day))


def precision(learning: Learning, speech: Speech) -> str:
    """How many of the alerts that people rated were real."""
    if not learning.rated:
        return speech.say("learning.unrated")
    return speech.say("learning.rated", real=learning.real, n=learning.rated, days=learning.rated_days)


def drift(learning: Learning, speech: Speech) -> str:
    """What is not as it was, and whether that is learnt; "" when all is as usual."""
    if not learning.changed or not learning.day:
        return ""
    changes = ", ".join(_change(each, speech) for each in learning.changed)
    outcome = speech.say("learning.changed_learnt" if learning.status == "ready" else "learning.changed_open")
    return speech.say("learning.changed", date=_date(learning, speech), changes=changes, outcome=outcome)


def _change(change: Change, speech: Speech) -> str:
    key = f"channel.{change.channel}"
    channel = speech.say(key if speech.knows(key) else "channel.other")
    within = f"{channel[:1].lower()}{channel[1:]}"
    return speech.say("learning.change_low" if change.side == "low" else "learning.change_high", channel=within)
