"""The live part of Home: the flow of power, its details, and how old it is.

The picture is drawn from the way power runs, which changes now and then. Each number in it is a component of its own,
so that a new reading redraws a few words and nothing else.
"""

from dataclasses import dataclass

import flet as ft

from ..model.live import Course, Freshness, GridFlow, Reading
from ..speech import Speech
from ..state import Clock, Layout, Lease, Live, Way
from . import parts, theme
from .component import component
from .context import use_speech, use_visit

FADED = 0.55  # of a picture that is too old to be about now
_DOTS = {Freshness.LIVE: theme.HOUSE, Freshness.LATE: theme.SOLAR, Freshness.STALE: theme.ALARM}


@component
def Age(live: Live, way: Way, clock: Clock) -> ft.Control:
    """How old the reading is, every second; the words and the dot say what to think of it."""
    speech = use_speech()
    if live.reading is None:
        text = speech.say("live.age_none")
        return parts.told("live-age", text, _dot_and_text(theme.QUIET, text))
    age_ms = live.reading.age_ms(clock.now_ms)
    standing = speech.say(f"live.{way.freshness.value}")
    text = speech.say("live.age", standing=standing, age=speech.age(age_ms))
    spoken = speech.say("live.age_spoken", seconds=age_ms // 1000, standing=standing)
    return parts.told("live-age", spoken, _dot_and_text(_DOTS[way.freshness], text))


def _dot_and_text(color: str, text: str) -> ft.Row:
    dot = ft.Container(width=8, height=8, border_radius=4, bgcolor=color)
    return ft.Row([dot, parts.muted(text)], spacing=7, tight=True)


@component
def Flow(way: Way, layout: Layout) -> ft.Control:
    """The picture of the moment, or why there is none."""
    speech, visit = use_speech(), use_visit()
    if way.course is None:
        return _nothing_yet(way, speech)
    is_stale = way.freshness is Freshness.STALE
    moves = visit.state.ui.moves and not is_stale
    picture = ft.Column([_picture(way.course, visit.state.live, layout, moves), _details(visit.state.live, layout)])
    picture.spacing = 14
    return ft.Column(
        [ft.Container(picture, opacity=FADED if is_stale else 1), _remark(way, visit.state.live, speech)], spacing=14
    )


def _nothing_yet(way: Way, speech: Speech) -> ft.Control:
    """Skeleton and a sentence, until the first reading."""
    circles: list[ft.Control] = [parts.skeleton(88, 88, 44) for _ in range(3)]
    return ft.Column(
        [
            ft.Row(circles, alignment=ft.MainAxisAlignment.SPACE_AROUND),
            parts.skeleton(56, radius=12),
            parts.notice(waiting_words(way, speech), ft.Icons.HOURGLASS_EMPTY),
        ],
        spacing=18,
    )


def waiting_words(way: Way, speech: Speech) -> str:
    if way.lease is Lease.REFUSED and way.refusal is not None:
        return speech.say("live.refused", reason=speech.problem(way.refusal))
    return speech.say("live.waiting" if way.is_read else "live.asking")


def _remark(way: Way, live: Live, speech: Speech) -> ft.Control:
    """Under the picture: what is wrong with it, else what it means. Without a lease nothing new is meant to arrive."""
    if way.lease is Lease.REFUSED:
        return parts.notice(waiting_words(way, speech), ft.Icons.HOURGLASS_DISABLED)
    if way.freshness is Freshness.STALE:
        return parts.notice(speech.say("live.stale_why"), ft.Icons.CLOUD_OFF_OUTLINED, is_alarm=True)
    if way.course is not None and not way.course.has_own_share:
        return parts.notice(speech.say(f"live.only_{way.course.flow.value}"), ft.Icons.ELECTRICAL_SERVICES)
    return OwnShare(live)


@component
def OwnShare(live: Live) -> ft.Control:
    """What part of the house's use is the roof's own."""
    speech = use_speech()
    share = live.reading.own_share if live.reading else None
    return parts.notice(speech.say("live.own_share", share=speech.percent(share or 0.0)), ft.Icons.ECO_OUTLINED)


# --- the picture -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Size:
    circle: int
    width: int
    number: int
    arrow: int


_SIZES = {
    Layout.PHONE: _Size(64, 78, 20, 16),
    Layout.TABLET: _Size(88, 116, 24, 20),
    Layout.DESKTOP: _Size(88, 116, 24, 20),
}


@dataclass(frozen=True)
class _End:
    """One end of a flow: where power comes from or goes to."""

    name: str  # solar, house or grid
    identifier: str
    icon: ft.IconData
    color: str
    field: str  # of a reading [W]


_SOLAR = _End("solar", "live-pv-w", ft.Icons.SOLAR_POWER_OUTLINED, theme.SOLAR, "pv_w")
_HOUSE = _End("house", "live-house-w", ft.Icons.HOME_OUTLINED, theme.HOUSE, "house_w")
_GRID = _End("grid", "live-grid-w", ft.Icons.ELECTRICAL_SERVICES, theme.GRID, "grid_w")


def _picture(course: Course, live: Live, layout: Layout, moves: bool) -> ft.Control:
    """Solar, house and grid from left to right; the bars between them run the way the power flows."""
    size = _SIZES[layout]
    is_flowing, is_leftward = course.flow is not GridFlow.BALANCED, course.flow is GridFlow.IMPORTING
    row = [
        _circle(_HOUSE, live, "using", size),
        _pipe(theme.GRID, is_flowing, is_leftward, moves, size),
        _circle(_GRID, live, course.flow.value, size),
    ]
    if course.has_pv:
        doing = "producing" if course.is_generating else "resting"
        pipe = _pipe(theme.SOLAR, course.is_generating, False, moves, size)
        row = [_circle(_SOLAR, live, doing, size), pipe, *row]
    return ft.Row(row, spacing=2, vertical_alignment=ft.CrossAxisAlignment.START)


def _circle(end: _End, live: Live, doing: str, size: _Size) -> ft.Control:
    circle = ft.Container(
        ft.Icon(end.icon, color=end.color, size=size.circle * 0.42),
        width=size.circle,
        height=size.circle,
        border_radius=size.circle / 2,
        border=ft.Border.all(3.5, end.color),
        bgcolor=theme.tint(end.color),
        alignment=ft.Alignment.CENTER,
    )
    return ft.Column(
        [circle, Power(live, end, doing, size.number)],
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        spacing=4,
        width=size.width,
    )


@component
def Power(live: Live, end: _End, doing: str, size: int) -> ft.Control:
    """One number of the picture, and what its end is doing."""
    speech = use_speech()
    power_w = getattr(live.reading, end.field) or 0
    state = speech.say(f"live.{doing}")
    spoken = speech.say(
        "live.node", name=speech.say(f"live.{end.name}"), power=speech.exact_power(power_w), state=state
    )
    figure, unit = speech.power(abs(power_w))
    number = ft.Text(
        spans=[
            ft.TextSpan(f"{figure} ", ft.TextStyle(size=size, font_family=theme.BOLD)),
            ft.TextSpan(unit, ft.TextStyle(size=12, color=theme.MUTED)),
        ],
        color=theme.TEXT,
        no_wrap=True,
    )
    column = ft.Column([number, parts.muted(state)], horizontal_alignment=ft.CrossAxisAlignment.CENTER, spacing=4)
    return parts.told(end.identifier, spoken, column)


def _pipe(color: str, is_flowing: bool, is_leftward: bool, moves: bool, size: _Size) -> ft.Control:
    """A bar that runs on the client by itself, and an arrow that says the same without motion."""
    bar: ft.Control = ft.ProgressBar(
        value=None if is_flowing and moves else 0,
        bar_height=5,
        border_radius=3,
        color=color,
        bgcolor=ft.Colors.with_opacity(0.24 if is_flowing else 0.12, color),
    )
    if is_leftward:
        bar = ft.Container(bar, scale=ft.Scale(scale_x=-1, scale_y=1))
    arrow = ft.Container(
        ft.Icon(ft.Icons.CHEVRON_LEFT if is_leftward else ft.Icons.CHEVRON_RIGHT, size=size.arrow, color=color),
        width=size.arrow,
        height=size.arrow,
        bgcolor=theme.CARD,
        alignment=ft.Alignment.CENTER,
        visible=is_flowing,
    )
    pipe = ft.Stack(
        [ft.Container(bar, alignment=ft.Alignment.CENTER, height=size.arrow), arrow],
        height=size.arrow,
        alignment=ft.Alignment.CENTER,
    )
    held = ft.Container(pipe, padding=ft.Padding.only(top=(size.circle - size.arrow) / 2))
    return ft.Semantics(exclude_semantics=True, expand=True, content=held)


# --- the details -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Figure:
    """One detail of the grid's connection."""

    identifier: str
    key: str
    field: str  # of a reading
    digits: int
    unit: str


_FIGURES = (
    _Figure("live-v", "live.voltage", "v_v", 1, "V"),
    _Figure("live-a", "live.current", "grid_a", 2, "A"),
    _Figure("live-pf", "live.power_factor", "grid_pf", 2, ""),
    _Figure("live-hz", "live.frequency", "f_hz", 2, "Hz"),
)


def _details(live: Live, layout: Layout) -> ft.Control:
    """Voltage, current, power factor and frequency of the grid."""
    cells = [_cell(figure, live) for figure in _FIGURES]
    if layout is Layout.PHONE:
        return ft.Column([ft.Row(cells[:2], spacing=8), ft.Row(cells[2:], spacing=8)], spacing=8)
    return ft.Row(cells, spacing=8)


def _cell(figure: _Figure, live: Live) -> ft.Control:
    return ft.Container(
        Detail(live, figure),
        bgcolor=theme.RAISED,
        border_radius=12,
        padding=ft.Padding.symmetric(horizontal=12, vertical=8),
        expand=True,
    )


@component
def Detail(live: Live, figure: _Figure) -> ft.Control:
    """A name and its number."""
    speech = use_speech()
    name, found = speech.say(figure.key), _number(live.reading, figure)
    if found is None:
        shown, spoken = "–", speech.say("live.detail_none", name=name)
    else:
        shown = f"{speech.number(found, figure.digits)} {figure.unit}".strip()
        spoken = f"{name}: {found:.{figure.digits}f} {figure.unit}".strip()
    lines = ft.Column([parts.muted(name, 11.5), parts.strong(shown)], spacing=2, tight=True)
    return parts.told(figure.identifier, spoken, lines)


def _number(reading: Reading | None, figure: _Figure) -> float | None:
    return None if reading is None else getattr(reading, figure.field)
