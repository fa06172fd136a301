"""A forecast in words: what is to come, how good it has been, why there is none."""

import datetime as dt

from ..model.forecast import MEMORY_DAYS, Forecast, Score, Shortage
from ..model.outlook import OfDay, Outlook
from ..speech import Speech

JUDGED_DAYS = 7  # of scores before yesterday repeated may take over
EVEN = 0.005  # a difference that rounds to nothing


def outlook_in_words(outlook: Outlook, today: dt.date, speech: Speech) -> str:
    """The chart for those who do not see it: what each day comes to, its peak, and what is not told."""
    told = [_day(day, today, speech) for day in outlook.days]
    if outlook.holes:
        spans = ", ".join(f"{speech.weekday(a_s)} {speech.span(a_s, b_s)}" for a_s, b_s in outlook.holes)
        told.append(speech.say("chart.words_untold", spans=spans))
    return " ".join(told)


def _day(day: OfDay, today: dt.date, speech: Speech) -> str:
    name = day_name(dt.date.fromisoformat(day.span.day), today, speech)
    peak = day.peak
    figures = {"kwh": speech.kwh(day.wh), "kw": speech.kw(peak.p50_w), "time": speech.clock(peak.start_s)}
    return speech.say("forecast.day", day=name, **figures)


def day_name(date: dt.date, today: dt.date, speech: Speech) -> str:
    """ "Today", "Tomorrow", else the date."""
    known = {0: "forecast.today", 1: "forecast.tomorrow"}.get((date - today).days)
    return speech.say(known) if known else speech.date_short(date)


def score_in_words(score: Score, speech: Speech) -> list[str]:
    """How near the forecasts came beside yesterday repeated, which of the two is served, and what the ranges held."""
    told = [_nearer(score, speech)]
    errors = {"ours": speech.kwh(score.mae_wh), "naive": speech.kwh(score.naive_mae_wh)}
    told.append(speech.say("forecast.errors", **errors))
    held = {"in80": speech.percent(score.inside80), "in95": speech.percent(score.inside95)}
    told.append(speech.say("forecast.held", **held))
    return told


def _nearer(score: Score, speech: Speech) -> str:
    days, nearer = min(score.days, MEMORY_DAYS), score.nearer
    if score.is_naive_served:
        share = 1 - score.naive_mae_wh / score.mae_wh if score.mae_wh > 0 else 0.0
        return speech.say("forecast.naive_served", n=days, share=speech.percent(max(0.0, share)))
    if nearer is None or abs(nearer) < EVEN:
        return speech.say("forecast.even", n=days)
    if nearer > 0:
        return speech.say("forecast.nearer", n=days, share=speech.percent(nearer))
    behind = speech.percent(1 - score.naive_mae_wh / score.mae_wh)
    return speech.say("forecast.farther", n=days, share=behind, need=JUDGED_DAYS)


def shortage_in_words(shortage: Shortage, speech: Speech) -> str:
    key = f"forecast.short_{shortage.code}"
    return speech.say(key if speech.knows(key) else "forecast.short_other", have=shortage.have, need=shortage.need)


def method_in_words(forecast: Forecast, speech: Speech) -> str:
    """How the load's forecast was made; "" where there is none."""
    key = f"forecast.method_{forecast.method}"
    return speech.say(key) if speech.knows(key) else ""
