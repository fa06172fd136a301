"""What happens next, to be taken in at a glance: the next peaks, the cheap hours, the month's end."""

from dataclasses import dataclass

import flet as ft

from ..model.ahead import next_peak
from ..model.bill import Bill
from ..model.forecast import Forecast
from ..model.home import Home
from ..model.prices import Cheapest, cheapest, prices_ahead
from ..speech import Speech
from ..state import Layout, Money, Today
from . import parts, theme
from .component import component
from .context import use_speech, use_visit


@dataclass(frozen=True)
class Line:
    """One thing that will happen."""

    identifier: str
    icon: ft.IconData
    color: str
    name: str
    gist: str
    more: str
    spoken: str = ""  # "": all of it, one after the other

    @property
    def words(self) -> str:
        return self.spoken or f"{self.name}: {self.gist}. {self.more}"


@component
def Ahead(today: Today, money: Money, home: Home, layout: Layout) -> ft.Control:
    """A list on a phone, side by side where there is room; nothing while nothing was read."""
    visit, speech = use_visit(), use_speech()
    lines = lines_of(today.forecast, money, home, visit.now_ms // 1000, speech)
    none = _none(today, speech)
    if not lines:
        return ft.Column([*none], visible=bool(none))
    shown: list[ft.Control] = [_line(each) for each in lines]
    if layout is Layout.PHONE:
        return parts.section(speech.say("ahead.title"), *shown, *none)
    row = ft.Row(shown, spacing=18, vertical_alignment=ft.CrossAxisAlignment.START)
    return parts.card(ft.Column([row, *none], spacing=14), padding=ft.Padding.symmetric(horizontal=20, vertical=16))


def lines_of(forecast: Forecast | None, money: Money, home: Home, now_s: int, speech: Speech) -> list[Line]:
    """What there is to tell, in the order in which one asks."""
    cheap = cheapest(prices_ahead(money.held, money.spot or {}, now_s, home.tz), now_s)
    lines = (
        _peak(forecast, "pv", home, now_s, speech),
        _cheap(cheap, home, now_s, speech),
        _peak(forecast, "load", home, now_s, speech),
        _bill(money.bill, home, speech),
    )
    return [line for line in lines if line is not None]


def _peak(forecast: Forecast | None, of: str, home: Home, now_s: int, speech: Speech) -> Line | None:
    hour = next_peak(forecast, of, now_s, home.tz)
    if hour is None:
        return None
    is_sun = of == "pv"
    lo, hi = (speech.number(max(0.0, power_w) / 1000, 1) for power_w in (hour.lo80_w, hour.hi80_w))
    return Line(
        identifier=f"ahead-{of}",
        icon=ft.Icons.WB_SUNNY_OUTLINED if is_sun else ft.Icons.HOME_OUTLINED,
        color=theme.SOLAR if is_sun else theme.HOUSE,
        name=speech.say(f"ahead.{of}"),
        gist=speech.say(
            "ahead.peak",
            when=speech.coming(hour.middle_s, now_s, speech.clock(hour.middle_s)),
            kw=speech.number(hour.p50_w / 1000, 1),
        ),
        more=speech.say("ahead.range", lo=lo, hi=hi),
    )


def _cheap(cheap: Cheapest | None, home: Home, now_s: int, speech: Speech) -> Line | None:
    if cheap is None:
        return None
    price = speech.price(cheap.price_micro, home.currency)
    if cheap.start_s <= now_s:
        gist = speech.say("ahead.cheap_now", time=speech.clock(cheap.end_s))
        more = speech.say("ahead.price", price=price)
    else:
        gist = speech.coming(cheap.start_s, now_s, speech.stretch(cheap.start_s, cheap.end_s))
        more = speech.say("ahead.price", price=price)
        if cheap.now_micro is not None:
            now = speech.price(cheap.now_micro, home.currency)
            more = speech.say("ahead.price_now", price=price, now=now)
    return Line("ahead-cheap", ft.Icons.SAVINGS_OUTLINED, theme.HOUSE, speech.say("ahead.cheap"), gist, more)


def _bill(bill: Bill | None, home: Home, speech: Speech) -> Line | None:
    if bill is None:
        return None
    amounts = {name: speech.money(getattr(bill, f"{name}_micro"), home.currency) for name in ("p50", "lo", "hi")}
    return Line(
        identifier="home-bill",
        icon=ft.Icons.RECEIPT_LONG_OUTLINED,
        color=theme.GRID,
        name=speech.say("ahead.bill"),
        gist=speech.say("ahead.about", amount=amounts["p50"]),
        more=speech.say("ahead.between", **amounts),
        spoken=speech.say("money.ahead", **amounts),
    )


def _none(today: Today, speech: Speech) -> list[ft.Control]:
    """Why no peak is foreseen, once the database has answered."""
    if not today.is_forecast_read or (today.forecast is not None and not today.forecast.is_empty):
        return []
    text = speech.say("today.no_forecast")
    return [parts.told("ahead-none", text, parts.notice(text, ft.Icons.HOURGLASS_EMPTY))]


def _line(line: Line) -> ft.Control:
    words = ft.Column(
        [parts.muted(line.name, 12.5), parts.strong(line.gist, 15), parts.muted(line.more, 12.5)],
        spacing=2,
        expand=True,
    )
    row = ft.Row([parts.badge(line.icon, line.color, 36), words], spacing=12)
    return parts.told(line.identifier, line.words, row, expand=True)
