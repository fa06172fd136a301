"""Charts in words: their legends, their gist for everyone, their description for those who do not see them."""

from collections.abc import Sequence

import flet as ft

from ..model.curves import Curves, Strip, Strips
from ..model.day import Day
from ..model.record import Stretch
from ..model.voltage import Voltage
from ..speech import Speech
from . import parts, theme
from .period_words import part_of

SPANS_NAMED = 5


def legends(curves: Curves, speech: Speech) -> ft.Control:
    """What the colours mean, only those that are there."""
    marks = [parts.legend(theme.HOUSE, speech.say("chart.house"))]
    if curves.pv or curves.pv_ahead:
        marks.append(parts.legend(theme.SOLAR, speech.say("chart.solar")))
    if curves.ahead:
        marks.append(parts.legend(theme.tint(theme.HOUSE, 0.45), speech.say("chart.house_ahead")))
    if curves.pv_ahead:
        marks.append(parts.legend(theme.SOLAR, speech.say("chart.solar_ahead"), is_dashed=True))
    if curves.has_inexact:
        marks.append(parts.legend(theme.HOUSE, speech.say("chart.estimated"), is_dashed=True))
    if curves.other:
        marks.append(parts.legend(theme.tint(theme.QUIET, 0.8), speech.say("chart.house_other"), is_dashed=True))
    if curves.holes or curves.untold:
        marks.append(parts.legend(theme.tint(theme.QUIET, 0.4), speech.say("chart.missing")))
    return ft.Row([*marks], spacing=16, wrap=True, run_spacing=6)


def day_in_words(day: Day, curves: Curves, speech: Speech) -> str:
    """The chart for those who do not see it."""
    if day.is_empty:
        return speech.say("chart.words_none")
    told = [
        speech.say(key, kw=speech.kw(getattr(peak, of) or 0), time=speech.clock(peak.start_s))
        for of, key in (("house_w", "chart.words_house"), ("pv_w", "chart.words_pv"))
        if (peak := day.peak(of)) is not None
    ]
    if (top := _highest(curves.ahead)) is not None:
        kw = speech.number(top.mid_kw, 2)
        told.append(speech.say("chart.words_ahead", kw=kw, time=_at(top, curves, speech)))
    if curves.holes:
        spans = [(_ts_s(a_h, curves), _ts_s(b_h, curves)) for a_h, b_h in curves.holes]
        told.append(speech.say("chart.words_holes", spans=spans_in_words(spans, speech)))
    if curves.untold:
        told.append(speech.say("chart.words_untold", spans=spans_in_words(curves.untold, speech)))
    return " ".join(told)


def spans_in_words(spans_s: Sequence[tuple[int, int]], speech: Speech) -> str:
    """Spans by their times, the first few of many."""
    listed = ", ".join(speech.span(*span) for span in spans_s[:SPANS_NAMED])
    more = len(spans_s) - SPANS_NAMED
    return speech.say("chart.spans_more", spans=listed, n=more) if more > 0 else listed


def _highest(runs: tuple[Strips, ...]) -> Strip | None:
    return max((strip for run in runs for strip in run), key=lambda strip: strip.mid_kw, default=None)


def _at(strip: Strip, curves: Curves, speech: Speech) -> str:
    return speech.clock(_ts_s(strip.x_h, curves))


def _ts_s(x_h: float, curves: Curves) -> int:
    return curves.span.start_s + round(x_h * 3600)


def stretch_in_words(stretch: Stretch, speech: Speech) -> str:
    """Bars for those who do not see them, and their gist for those who do."""
    known = [(bar.period, bar.known) for bar in stretch.bars if bar.known is not None]
    if not known or stretch.total is None:
        return speech.say("chart.words_none_here")
    most, at_most = max(known, key=lambda each: each[1].energy.house_wh)
    figures = {"part": part_of(most, stretch.period, speech), "kwh": speech.kwh(at_most.energy.house_wh)}
    told = [speech.say("chart.words_bars", n=stretch.total.days, **figures)]
    sunny, at_sunny = max(known, key=lambda each: each[1].energy.pv_wh)
    if at_sunny.energy.pv_wh > 0:
        figures = {"part": part_of(sunny, stretch.period, speech), "kwh": speech.kwh(at_sunny.energy.pv_wh)}
        told.append(speech.say("chart.words_bars_pv", **figures))
    return " ".join(told)


def voltage_in_words(voltage: Voltage, speech: Speech) -> str:
    low, high = voltage.lowest, voltage.highest
    told = speech.say(
        "chart.words_voltage",
        lo=speech.number(low.lo_v, 1),
        lo_at=speech.clock(low.start_s),
        hi=speech.number(high.hi_v, 1),
        hi_at=speech.clock(high.start_s),
        mean=speech.number(voltage.mean_v, 1),
    )
    told = f"{told} {speech.say('chart.words_limits')}" if voltage.has_limits else told
    if not voltage.gaps_s:
        return told
    return f"{told} {speech.say('chart.words_no_voltage', spans=spans_in_words(voltage.gaps_s, speech))}"
