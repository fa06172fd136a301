"""What a person presses, types into and chooses from, the same on every screen."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import flet as ft

from ..model.typed import Draft
from . import theme
from .parts import Handler, badge, body, muted, small, title

FIELD_BORDER: dict[ft.ControlState, ft.InputBorder] = {
    ft.ControlState.FOCUSED: ft.OutlineInputBorder(side=ft.BorderSide(2, theme.HOUSE), border_radius=14),
    ft.ControlState.DEFAULT: ft.OutlineInputBorder(side=ft.BorderSide(1, theme.QUIET), border_radius=14),
}
Choose = Callable[[str], Awaitable[None]]
THIRD_PX = 98  # of a card on a phone
_DANGER_PADDING = ft.Padding.symmetric(horizontal=12, vertical=10)
_ROUND = ft.RoundedRectangleBorder(radius=14)


def primary(text: str, on_click: Handler | None, icon: ft.IconData | None = None, is_busy: bool = False) -> ft.Control:
    """The one thing to do on a screen."""
    return ft.FilledButton(
        text,
        icon=ft.ProgressRing(width=16, height=16, stroke_width=2) if is_busy else icon,
        on_click=on_click,
        disabled=is_busy or on_click is None,
        style=ft.ButtonStyle(shape=_ROUND, padding=ft.Padding.symmetric(horizontal=22, vertical=18)),
    )


def secondary(
    text: str, on_click: Handler | None, icon: ft.IconData | None = None, *, autofocus: bool = False
) -> ft.Control:
    """autofocus: it has the keys as soon as it appears."""
    return ft.OutlinedButton(
        text,
        icon=icon,
        on_click=on_click,
        disabled=on_click is None,
        autofocus=autofocus,
        style=ft.ButtonStyle(
            shape=_ROUND,
            padding=ft.Padding.symmetric(horizontal=20, vertical=18),
            side=ft.BorderSide(1, theme.LINE),
        ),
    )


def danger(text: str, on_click: Handler | None) -> ft.Control:
    """What has consequences."""
    return ft.TextButton(
        text,
        on_click=on_click,
        disabled=on_click is None,
        style=ft.ButtonStyle(shape=_ROUND, color=theme.ALARM, padding=_DANGER_PADDING),
    )


def link(text: str, on_click: Handler, of: str = "", *, autofocus: bool = False) -> ft.Control:
    """of: what it is about, where several have one text. autofocus: it has the keys as soon as it appears."""
    button = ft.TextButton(text, on_click=on_click, style=ft.ButtonStyle(shape=_ROUND), autofocus=autofocus)
    return ft.MergeSemantics(ft.Semantics(label=f"{of}:", content=button)) if of else button


def icon_button(icon: ft.IconData, name: str, on_click: Handler | None, **more: Any) -> ft.Control:
    """A button that is only an icon; merged, so that its tooltip is its accessible name."""
    return ft.MergeSemantics(
        ft.IconButton(
            icon,
            tooltip=name,
            on_click=on_click,
            disabled=on_click is None,
            icon_color=theme.MUTED if on_click else theme.tint(theme.MUTED, 0.35),
            **more,
        )
    )


def field(name: str, draft: Draft, **more: Any) -> ft.TextField:
    """A line to type in; the draft holds what was typed.

    Typing renders nothing: an echo of what was typed, sent over a slow line, would overwrite what was typed meanwhile.
    """

    async def typed(event: ft.Event[ft.TextField]) -> None:
        draft.text = event.control.value

    return ft.TextField(
        label=name,
        value=draft.text,
        on_change=typed,
        border=FIELD_BORDER,
        filled=True,
        bgcolor=theme.CARD,
        text_size=15,
        color=theme.TEXT,
        content_padding=ft.Padding.symmetric(horizontal=16, vertical=18),
        helper_max_lines=6,
        **more,
    )


def number_field(name: str, draft: Draft, **more: Any) -> ft.TextField:
    """A line to type a number in."""
    return field(name, draft, keyboard_type=ft.KeyboardType.NUMBER, **more)


def menu_line(icon: ft.IconData, name: str, under: str, on_click: Handler) -> ft.Control:
    """The way to another screen."""
    return ft.ListTile(
        leading=badge(icon, theme.HOUSE, 44),
        title=title(name, 15),
        subtitle=muted(under),
        trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, color=theme.MUTED),
        content_padding=ft.Padding.symmetric(horizontal=0, vertical=2),
        shape=_ROUND,
        on_click=on_click,
    )


def switch(name: str, is_on: bool, on_change: Callable[[bool], Awaitable[None]], of: str = "") -> ft.Control:
    """What is on or off, its name beside it. of: whose switch it is, where several have one name."""

    async def changed(event: ft.Event[ft.Switch]) -> None:
        await on_change(bool(event.control.value))

    text = body(name, 14, expand=not of)
    row = ft.Row([text, ft.Switch(value=is_on, on_change=changed)], spacing=12, tight=bool(of))
    return ft.MergeSemantics(ft.Semantics(label=f"{of}:" if of else None, content=row))


def choice(
    options: Sequence[tuple[str, str]], chosen: str, on_change: Choose, width: float | None = None
) -> ft.SegmentedButton:
    """One of a few: (what it means, what it is called). width: of each, where they are to fill a row."""

    async def changed(event: Any) -> None:
        await on_change(next(iter(event.control.selected)))

    def segment(meaning: str, name: str) -> ft.Segment:
        """Of a fixed width: Flutter measures segments before the font has come."""
        text = small(name, 13, color=theme.TEXT, no_wrap=True, text_align=ft.TextAlign.CENTER)
        return ft.Segment(
            value=meaning,
            label=ft.Container(text, width=width or max(48, 9 * len(name)), alignment=ft.Alignment.CENTER),
        )

    return ft.SegmentedButton(
        selected=[chosen],
        show_selected_icon=False,
        segments=[segment(*option) for option in options],
        style=ft.ButtonStyle(side=ft.BorderSide(1, theme.LINE), padding=None if width is None else 0),
        on_change=changed,
    )


def dropdown(
    name: str, chosen: str, options: Sequence[tuple[str, str]], on_select: Handler, *, can_search: bool = False
) -> ft.Control:
    """One of many: (what it means, what it is called)."""
    chooser = ft.Dropdown(
        label=name,
        value=chosen,
        trailing_icon=_arrow(ft.Icons.ARROW_DROP_DOWN, name),
        selected_trailing_icon=_arrow(ft.Icons.ARROW_DROP_UP, name),
        options=[ft.DropdownOption(key=key, text=text) for key, text in options],
        on_select=on_select,
        menu_height=320,
        border=FIELD_BORDER,
        filled=True,
        fill_color=theme.CARD,
        expand=True,
        text_size=15,
        color=theme.TEXT,
        enable_filter=can_search,
        editable=can_search,
    )
    if can_search:
        return ft.Row([chooser])
    label = f"{name}: {dict(options).get(chosen, chosen)}"  # Flutter's own button has no name
    return ft.MergeSemantics(ft.Semantics(label=label, content=ft.Row([chooser])))


def _arrow(icon: ft.IconData, name: str) -> ft.Icon:
    """Flutter's button in the field has no name but its icon's."""
    return ft.Icon(icon, semantics_label=name)
