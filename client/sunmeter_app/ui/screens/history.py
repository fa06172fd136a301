"""History: a day, a week, a month, a year or any range; what it came to, beside another one where that is wished."""

import datetime as dt
from typing import Any

import flet as ft
from flet.components.hooks.use_ref import MutableRef

from ...model import typed
from ...model.home import Home
from ...model.period import Against, Period, Span, holding, range_of, spanned
from ...model.record import compared, stretch_of
from ...model.typed import Draft
from ...speech import Speech
from ...state import History, Layout
from ...visit import Visit
from .. import controls, parts, shell
from ..component import component
from ..context import use_action, use_speech, use_visit
from ..history_bars import bars_blocks
from ..history_day import day_blocks
from ..period_words import name_of, spoken

SWIPE_PX = 60  # less is a finger that slipped
_BACK, _FORTH, _NOW = "Arrow Left", "Arrow Right", "Home"


@component
def HistoryScreen(history: History, home: Home, layout: Layout) -> ft.Control:
    visit, speech = use_visit(), use_speech()
    today = home.date_at(visit.now_ms / 1000)
    period = history.period or holding(Span.DAY, today)
    spans = _spans(period, today, visit, speech, layout)
    under = parts.muted(home.name, 14)
    is_phone = layout is Layout.PHONE
    header = shell.heading(speech.say("nav.history"), under, *([] if is_phone else [spans]), layout=layout)
    is_typing: MutableRef[bool] = ft.use_ref(False)
    begun_px: MutableRef[float] = ft.use_ref(0.0)
    ways = _Ways(visit, period, today)

    form = [RangeForm(period, is_typing)] if period.span is Span.RANGE else []

    async def key_down(event: Any) -> None:
        if not (is_typing.current and form):  # there arrows move within the text
            await ways.by_key(event.key)

    choices = _choices(_stepper(ways, speech), AgainstChoice(history.against), layout)

    def swiped(content: ft.Control) -> ft.Control:
        return ways.swiped(content, begun_px)

    body = _body(history, period, home, layout, visit, speech, swiped)
    top = [header, ft.Row([spans]), *form] if is_phone else [header, *form]
    blocks = shell.scrolled(*top, swiped(choices), *body, layout=layout)
    return ft.KeyboardListener(
        content=blocks, autofocus=True, on_key_down=key_down, on_key_repeat=key_down, expand=True
    )


# --- which period ----------------------------------------------------------------------------------------------------


def _spans(period: Period, today: dt.date, visit: Visit, speech: Speech, layout: Layout) -> ft.Control:
    async def chosen(name: str) -> None:
        visit.show(spanned(period, Span(name), today))

    options = [(span.value, speech.say(f"history.{span.value}")) for span in Span]
    return controls.choice(options, period.span.value, chosen, width=58 if layout is Layout.PHONE else None)


class _Ways:
    """Back, forth and to the present: by button, key or finger."""

    def __init__(self, visit: Visit, period: Period, today: dt.date):
        self._visit = visit
        self._period = period
        self._today = today
        self.span = period.span

    @property
    def period(self) -> Period:
        return self._period

    @property
    def can_go_forth(self) -> bool:
        return self._period.last < self._today

    @property
    def is_now(self) -> bool:
        return self._period.holds(self._today)

    async def back(self, _: object = None) -> None:
        self._visit.show(self._period.shifted(-1))

    async def forth(self, _: object = None) -> None:
        if self.can_go_forth:
            self._visit.show(self._period.shifted(1))

    async def to_now(self, _: object = None) -> None:
        """The present, in a period of the same length."""
        last = self._today
        now = holding(self.span, last)
        if self.span is Span.RANGE:
            now = Period(Span.RANGE, last - dt.timedelta(days=self._period.days - 1), last)
        self._visit.show(now)

    async def by_key(self, key: str) -> None:
        way = {_BACK: self.back, _FORTH: self.forth, _NOW: self.to_now}.get(key)
        if way is not None:
            await way()

    def swiped(self, content: ft.Control, begun_px: MutableRef[float]) -> ft.Control:
        """Content that a finger draws aside: by how far, for a slow phone measures no speed."""

        async def started(event: ft.DragStartEvent[ft.GestureDetector]) -> None:
            begun_px.current = event.global_position.x

        async def ended(event: ft.DragEndEvent[ft.GestureDetector]) -> None:
            by_px = event.global_position.x - (begun_px.current or 0.0)
            if by_px > SWIPE_PX:
                await self.back()
            elif by_px < -SWIPE_PX:
                await self.forth()

        return ft.GestureDetector(content=content, on_horizontal_drag_start=started, on_horizontal_drag_end=ended)


def _stepper(ways: _Ways, speech: Speech) -> ft.Control:
    """Back, what is shown, forth, and the way to the present."""
    shown = parts.title(name_of(ways.period, speech), 17, text_align=ft.TextAlign.CENTER)
    words = ft.Container(shown, alignment=ft.Alignment.CENTER, expand=True, height=44)
    told = parts.told("history-day", spoken(ways.period, speech), words)
    told.expand = True
    span = ways.span.value
    return parts.card(
        ft.Row(
            [
                controls.icon_button(ft.Icons.CHEVRON_LEFT, speech.say(f"history.previous_{span}"), ways.back),
                told,
                controls.icon_button(
                    ft.Icons.CHEVRON_RIGHT,
                    speech.say(f"history.next_{span}"),
                    ways.forth if ways.can_go_forth else None,
                ),
                controls.icon_button(
                    ft.Icons.TODAY_OUTLINED, speech.say("history.now"), None if ways.is_now else ways.to_now
                ),
            ],
            spacing=4,
        ),
        padding=ft.Padding.symmetric(horizontal=8, vertical=5),
    )


def _choices(stepper: ft.Control, against: ft.Control, layout: Layout) -> ft.Control:
    if layout is Layout.PHONE:
        return ft.Column([stepper, against], spacing=12)
    return ft.Row([ft.Container(stepper, expand=True), ft.Container(against, width=300)], spacing=14)


@component
def AgainstChoice(against: Against) -> ft.Control:
    visit, speech = use_visit(), use_speech()

    async def chosen(event: ft.Event[ft.Dropdown]) -> None:
        visit.compare(Against(event.control.value or Against.NOTHING.value))

    options = [(each.value, speech.say(f"history.against_{each.value}")) for each in Against]
    return controls.dropdown(speech.say("history.against"), against.value, options, chosen)


@component
def RangeForm(period: Period, is_typing: MutableRef[bool]) -> ft.Control:
    """From which day to which, typed; says while it has the keys."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    first, last = ft.use_memo(lambda: (Draft(period.first.isoformat()), Draft(period.last.isoformat())), [period])

    async def show(_: object) -> None:
        async def shown() -> None:
            days = (dt.date.fromisoformat(typed.day(each.text, "day")) for each in (first, last))
            visit.show(range_of(*days))

        await action.run(shown)

    async def focused(_: object) -> None:
        is_typing.current = True

    async def blurred(_: object) -> None:
        is_typing.current = False

    keys = {"expand": True, "on_submit": show, "on_focus": focused, "on_blur": blurred}
    fields = [
        controls.field(speech.say(f"history.{name}"), draft, **keys)
        for name, draft in (("first", first), ("last", last))
    ]
    button = controls.secondary(speech.say("history.show"), show)
    return parts.card(
        ft.Column([ft.Row([*fields], spacing=12), parts.problem(action.problem), ft.Row([button])], spacing=10),
        padding=14,
    )


# --- what it came to -------------------------------------------------------------------------------------------------


def _body(
    history: History,
    period: Period,
    home: Home,
    layout: Layout,
    visit: Visit,
    speech: Speech,
    swiped: parts.Wrap,
) -> list[ft.Control]:
    other = period.compared(history.against)
    if period.span is Span.DAY:
        return _day(history, period, other, home, layout, visit, speech, swiped)
    record = history.record
    if record is None or not record.holds(period):
        return _loading()
    today = home.date_at(visit.now_ms / 1000)
    born = home.date_at(home.created_s) if home.created_s else None
    stretch = stretch_of(period, record, today, born)
    beside = history.other_record
    if other is None or beside is None or not beside.holds(other):
        return bars_blocks(stretch, None, None, home, layout, today, speech, swiped)
    pair = compared(period, record, other, beside, today)
    set_against = stretch_of(other, beside, today, born)
    return bars_blocks(stretch, set_against, pair, home, layout, today, speech, swiped)


def _day(
    history: History,
    period: Period,
    other: Period | None,
    home: Home,
    layout: Layout,
    visit: Visit,
    speech: Speech,
    swiped: parts.Wrap,
) -> list[ft.Control]:
    day, beside = history.day, history.other_day
    if day is None or day.span.day != period.first.isoformat():
        return _loading()
    if other is None or beside is None or beside.span.day != other.first.isoformat():
        beside = None
    return day_blocks(day, beside, (period, other), home, layout, visit.now_ms // 1000, speech, swiped)


def _loading() -> list[ft.Control]:
    return [parts.card(parts.skeleton(96)), parts.card(parts.skeleton(280, radius=14))]
