"""The live part of Home: the flow of power, its details, and how old it is."""

from dataclasses import dataclass

import flet as ft

from ..model.live import Freshness, GridFlow, Reading
from ..speech import Speech
from ..state import Clock, Layout, Lease, Live
from . import parts, theme
from .component import component
from .context import use_speech, use_visit

_DOTS = {Freshness.LIVE: theme.HOUSE, Freshness.LATE: theme.SOLAR, Freshness.STALE: theme.ALARM}


@component
def Age(live: Live, clock: Clock) -> ft.Control:
    """How old the reading is, every second; the words and the dot say what to think of it."""
    speech = use_speech()
    if live.reading is None:
        text = speech.say("live.age_none")
        return parts.told("live-age", text, _dot_and_text(theme.QUIET, text))
    age_ms = live.reading.age_ms(clock.now_ms)
    standing = speech.say(f"live.{live.freshness.value}")
    text = speech.say("live.age", standing=standing, age=speech.age(age_ms))
    spoken = speech.say("live.age_spoken", seconds=age_ms // 1000, standing=standing)
    return parts.told("live-age", spoken, _dot_and_text(_DOTS[live.freshness], text))


def _dot_and_text(color: str, text: str) -> ft.Row:
    dot = ft.Container(width=8, height=8, border_radius=4, bgcolor=color)
    return ft.Row([dot, parts.muted(text)], spacing=7, tight=True)


@component
def Flow(live: Live, layout: Layout) -> ft.Control:
    """The picture of the moment, or why there is none."""
    speech = use_speech()
    moves = use_visit().state.ui.moves
    if live.reading is None:
        return _nothing_yet(live, speech)
    is_stale = live.freshness is Freshness.STALE
    picture = _picture(live.reading, speech, layout, moves and not is_stale)
    return ft.Column(
        [
            ft.Container(picture, opacity=0.55 if is_stale else 1),
            ft.Container(_details(live.reading, speech, layout), opacity=0.55 if is_stale else 1),
            _remark(live, speech),
        ],
        spacing=14,
    )


def _nothing_yet(live: Live, speech: Speech) -> ft.Control:
    """Skeleton and a sentence, until the first reading."""
    circles = [parts.skeleton(88, 88, 44) for _ in range(3)]
    return ft.Column(
        [
            ft.Row([*circles], alignment=ft.MainAxisAlignment.SPACE_AROUND),
            parts.skeleton(56, radius=12),
            parts.notice(_waiting_words(live, speech), ft.Icons.HOURGLASS_EMPTY),
        ],
        spacing=18,
    )


def _waiting_words(live: Live, speech: Speech) -> str:
    if live.lease is Lease.REFUSED:
        return speech.say("live.refused", reason=live.refusal or speech.say("live.refused_default"))
    return speech.say("live.waiting" if live.is_read else "live.asking")


def _remark(live: Live, speech: Speech) -> ft.Control:
    """Under the picture: what is wrong with it, else what it means."""
    reading = live.reading
    if reading is None:
        return ft.Container()
    if live.freshness is Freshness.STALE:
        return parts.notice(speech.say("live.stale_why"), ft.Icons.CLOUD_OFF_OUTLINED, is_alarm=True)
    if live.lease is Lease.REFUSED:
        return parts.notice(_waiting_words(live, speech), ft.Icons.HOURGLASS_DISABLED)
    if reading.own_share is None:
        return parts.notice(speech.say(f"live.only_{reading.flow.value}"), ft.Icons.ELECTRICAL_SERVICES)
    share = speech.percent(reading.own_share)
    return parts.notice(speech.say("live.own_share", share=share), ft.Icons.ECO_OUTLINED)


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


_SOLAR = _End("solar", "live-pv-w", ft.Icons.SOLAR_POWER_OUTLINED, theme.SOLAR)
_HOUSE = _End("house", "live-house-w", ft.Icons.HOME_OUTLINED, theme.HOUSE)
_GRID = _End("grid", "live-grid-w", ft.Icons.ELECTRICAL_SERVICES, theme.GRID)


def _picture(reading: Reading, speech: Speech, layout: Layout, moves: bool) -> ft.Control:
    """Solar, house and grid from left to right; the bars between them run the way the power flows."""
    size = _SIZES[layout]
    is_flowing, is_leftward = reading.flow is not GridFlow.BALANCED, reading.flow is GridFlow.IMPORTING
    row = [
        _circle(_HOUSE, reading.house_w, "using", speech, size),
        _pipe(theme.GRID, is_flowing, is_leftward, moves, size),
        _circle(_GRID, reading.grid_w, reading.flow.value, speech, size),
    ]
    if reading.pv_w is not None:
        doing = "producing" if reading.is_generating else "resting"
        row = [
            _circle(_SOLAR, reading.pv_w, doing, speech, size),
            _pipe(theme.SOLAR, reading.is_generating, False, moves, size),
            *row,
        ]
    return ft.Row(row, spacing=2, vertical_alignment=ft.CrossAxisAlignment.START)


def _circle(end: _End, power_w: int, doing: str, speech: Speech, size: _Size) -> ft.Control:
    circle = ft.Container(
        ft.Icon(end.icon, color=end.color, size=size.circle * 0.42),
        width=size.circle,
        height=size.circle,
        border_radius=size.circle / 2,
        border=ft.Border.all(3.5, end.color),
        bgcolor=theme.tint(end.color),
        alignment=ft.Alignment.CENTER,
    )
    number = ft.Row(
        [
            parts.headline(speech.kw(abs(power_w)), size.number),
            ft.Container(parts.muted("kW", 12), padding=ft.Padding.only(bottom=2)),
        ],
        alignment=ft.MainAxisAlignment.CENTER,
        vertical_alignment=ft.CrossAxisAlignment.END,
        spacing=4,
    )
    state = speech.say(f"live.{doing}")
    spoken = speech.say("live.node", name=speech.say(f"live.{end.name}"), kw=f"{power_w / 1000:.3f}", state=state)
    column = ft.Column(
        [circle, number, parts.muted(state)],
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        spacing=4,
        width=size.width,
    )
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


def _details(reading: Reading, speech: Speech, layout: Layout) -> ft.Control:
    """Voltage, current, power factor and frequency of the grid."""
    figures = [
        ("live-v", "live.voltage", reading.v_v, 1, "V"),
        ("live-a", "live.current", reading.grid_a, 2, "A"),
        ("live-pf", "live.power_factor", reading.grid_pf, 2, ""),
        ("live-hz", "live.frequency", reading.f_hz, 2, "Hz"),
    ]
    cells = [
        _detail(identifier, speech.say(key), found, digits, unit, speech)
        for identifier, key, found, digits, unit in figures
    ]
    if layout is Layout.PHONE:
        return ft.Column([ft.Row(cells[:2], spacing=8), ft.Row(cells[2:], spacing=8)], spacing=8)
    return ft.Row(cells, spacing=8)


def _detail(identifier: str, name: str, found: float | None, digits: int, unit: str, speech: Speech) -> ft.Control:
    shown = "–" if found is None else f"{speech.number(found, digits)} {unit}".strip()
    spoken = (
        speech.say("live.detail_none", name=name) if found is None else f"{name}: {found:.{digits}f} {unit}".strip()
    )
    cell = ft.Container(
        ft.Column([parts.muted(name, 11.5), parts.strong(shown)], spacing=2, tight=True),
        bgcolor=theme.RAISED,
        border_radius=12,
        padding=ft.Padding.symmetric(horizontal=12, vertical=8),
    )
    told = parts.told(identifier, spoken, cell)
    told.expand = True
    return told
