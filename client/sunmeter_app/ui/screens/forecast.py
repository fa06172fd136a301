"""What is to come: two days of load and solar with their ranges, the month's end, and how good it has been."""

import datetime as dt

import flet as ft

from ... import routes
from ...model.bill import Bill
from ...model.forecast import Forecast, MonthEnd, Score
from ...model.home import Home
from ...model.outlook import Outlook, outlook_of
from ...speech import Speech
from ...state import Layout, Money, Today
from .. import controls, parts, shell, theme
from ..component import component
from ..context import use_speech, use_visit
from ..forecast_words import method_in_words, outlook_in_words, score_in_words, shortage_in_words
from ..outlook_chart import OutlookChart


@component
def ForecastScreen(today: Today, money: Money, home: Home, layout: Layout) -> ft.Control:
    visit, speech = use_visit(), use_speech()
    header = shell.SubHeading(speech.say("forecast.title"), speech.say("forecast.under"), routes.HOME, layout)
    forecast = today.forecast
    if not today.is_forecast_read:
        return shell.scrolled(header, *[parts.card(parts.skeleton(240)) for _ in range(2)], layout=layout)
    is_over = forecast is not None and forecast.hours > 0 and forecast.end_s * 1000 <= visit.now_ms
    if forecast is None or forecast.is_empty or is_over:
        return shell.scrolled(header, _nothing(forecast, is_over, speech), ScoreCard(today), layout=layout)
    date = speech.local(visit.now_ms / 1000).date()
    charts = [
        _chart(outlook, of, date, layout, speech)
        for of in ("load", "pv")
        if (outlook := outlook_of(forecast, of, today.day, home.tz)) is not None
    ]
    notices = _notices(forecast, date, speech)
    right = [MonthEndCard(forecast, money, home), ScoreCard(today)]
    return shell.scrolled(header, *notices, *shell.pair(charts, right, layout), layout=layout)


def _nothing(forecast: Forecast | None, is_over: bool, speech: Speech) -> ft.Control:
    """Why nothing is shown."""
    why = speech.say("forecast.none_why")
    if forecast is not None and is_over:
        why = speech.say("forecast.old", date=speech.date_short(speech.local(forecast.start_s).date()))
    elif forecast is not None and forecast.shortage is not None:
        why = shortage_in_words(forecast.shortage, speech)
    empty = parts.empty(ft.Icons.INSIGHTS, speech.say("forecast.none"), why)
    return parts.card(parts.told("forecast-none", f"{speech.say('forecast.none')}. {why}", empty))


def _notices(forecast: Forecast, today: dt.date, speech: Speech) -> list[ft.Control]:
    """What one has to know of this forecast before one looks at it."""
    told: list[str] = []
    begins = speech.local(forecast.start_s).date()
    if begins < today:
        told.append(speech.say("forecast.old", date=speech.date_short(begins)))
    if forecast.shortage is not None:
        told.append(shortage_in_words(forecast.shortage, speech))
    return [parts.told("forecast-notice", text, parts.notice(text)) for text in told]


def _chart(outlook: Outlook, of: str, today: dt.date, layout: Layout, speech: Speech) -> ft.Control:
    color, title = (theme.HOUSE, "forecast.house") if of == "load" else (theme.SOLAR, "forecast.solar")
    marks = [
        *([parts.legend(color, speech.say("forecast.measured"))] if outlook.measured else []),
        parts.legend(color, speech.say("forecast.expected"), is_dashed=True),
        parts.legend(theme.tint(color, 0.45), speech.say("forecast.range80")),
        parts.legend(theme.tint(color, 0.2), speech.say("forecast.range95")),
        *([parts.legend(theme.tint(theme.QUIET, 0.4), speech.say("chart.missing"))] if outlook.holes else []),
    ]
    chart = OutlookChart(outlook, color, speech, 220, 12 if layout is Layout.PHONE else 6)
    words = outlook_in_words(outlook, today, speech)
    return parts.chart_card(
        speech.say(title),
        speech.say("forecast.unit"),
        ft.Row([*marks], spacing=16, wrap=True, run_spacing=6),
        parts.picture(words, chart, f"forecast-{of}"),
        parts.muted(words),
    )


# --- the month's end -------------------------------------------------------------------------------------------------


@component
def MonthEndCard(forecast: Forecast, money: Money, home: Home) -> ft.Control:
    """Energy and bill of the running month, each with its range."""
    visit, speech = use_visit(), use_speech()

    async def to_money(_: object) -> None:
        visit.go(routes.MONEY)

    month = speech.month(speech.local(forecast.start_s).date())
    energy = _energy(forecast.month, month, speech) if forecast.month else parts.muted(speech.say("forecast.no_month"))
    bill = _bill(money.bill, home, speech) if money.bill else parts.muted(speech.say("forecast.no_bill"))
    way = ft.Row([controls.link(speech.say("money.title"), to_money)])
    return parts.section(speech.say("forecast.month", month=month), energy, bill, way)


def _energy(end: MonthEnd, month: str, speech: Speech) -> ft.Control:
    mid, lo, hi = (speech.kwh(wh) for wh in (end.p50_wh, end.lo_wh, end.hi_wh))
    spoken = speech.say("forecast.month_spoken", month=month, kwh=mid, lo=lo, hi=hi)
    range_ = speech.say("forecast.month_range", lo=f"{lo} kWh", hi=f"{hi} kWh")
    return parts.told("month-end", spoken, _figure("forecast.month_energy", mid, "kWh", range_, speech))


def _bill(bill: Bill, home: Home, speech: Speech) -> ft.Control:
    amounts = (bill.so_far_micro, bill.p50_micro, bill.lo_micro, bill.hi_micro)
    so_far, mid, lo, hi = (speech.money(micro, home.currency) for micro in amounts)
    spoken = speech.say("money.bill_spoken", so_far=so_far, mid=mid, lo=lo, hi=hi)
    range_ = speech.say("forecast.month_range", lo=lo, hi=hi)
    return parts.told("bill", spoken, _figure("forecast.month_bill", mid, "", range_, speech))


def _figure(name: str, number: str, unit: str, under: str, speech: Speech) -> ft.Control:
    return ft.Column([parts.muted(speech.say(name)), parts.value_and_unit(number, unit), parts.muted(under)], spacing=2)


# --- how good it has been --------------------------------------------------------------------------------------------


@component
def ScoreCard(today: Today) -> ft.Control:
    """The forecast beside yesterday repeated, in the open."""
    speech = use_speech()
    title = speech.say("forecast.score")
    made = method_in_words(today.forecast, speech) if today.forecast else ""
    score = today.score
    if score is None:
        return parts.section(title, parts.muted(speech.say("forecast.score_none")), *_made(made))
    first, *others = score_in_words(score, speech)
    words = ft.Column([parts.body(first), _bars(score, speech), *(parts.muted(text) for text in others)], spacing=12)
    return parts.section(title, parts.told("score", " ".join([first, *others]), words), *_made(made))


def _made(text: str) -> list[ft.Control]:
    return [parts.muted(text)] if text else []


def _bars(score: Score, speech: Speech) -> ft.Control:
    """The two mean errors, one under the other: the shorter is the better."""
    top = max(score.mae_wh, score.naive_mae_wh, 1.0)

    def bar(name: str, wh: float, color: str) -> ft.Control:
        part = max(1, round(1000 * wh / top))
        rest = [ft.Container(expand=1000 - part)] if part < 1000 else []
        line = ft.Row([ft.Container(height=10, expand=part, bgcolor=color, border_radius=5), *rest], spacing=0)
        label = ft.Row(
            [parts.muted(speech.say(name), 12.5, expand=True), parts.muted(f"{speech.kwh(wh)} kWh", 12.5)], spacing=8
        )
        return ft.Column([label, line], spacing=4)

    return ft.Column(
        [
            bar("forecast.ours", score.mae_wh, theme.HOUSE),
            bar("forecast.naive", score.naive_mae_wh, theme.tint(theme.QUIET, 0.6)),
        ],
        spacing=8,
    )
