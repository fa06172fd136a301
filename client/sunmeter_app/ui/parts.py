"""Small parts that every screen is made of. Functions of their arguments: no state, no subscriptions."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import flet as ft

from ..speech import Trouble
from . import theme

Handler = Callable[..., Any]
Part = TypeVar("Part", bound=Callable[..., Any])


def memo(component: Part) -> Part:
    """A component that is drawn anew only when its arguments change. (Flet's own, with its type kept.)"""
    return cast(Part, ft.memo(component))  # type: ignore[no-untyped-call]


# --- text ------------------------------------------------------------------------------------------------------------


def _text(text: str, size: float, font: str, color: str, more: dict[str, Any]) -> ft.Text:
    """Material spaces letters for Roboto; Inter wants none of it."""
    color = more.pop("color", color)
    return ft.Text(text, size=size, font_family=font, color=color, style=_UNSPACED, **more)


_UNSPACED = ft.TextStyle(letter_spacing=0)


def headline(text: str, size: float = 24, **more: Any) -> ft.Text:
    return _text(text, size, theme.BOLD, theme.TEXT, more)


def title(text: str, size: float = 16, **more: Any) -> ft.Text:
    return _text(text, size, theme.SEMIBOLD, theme.TEXT, more)


def strong(text: str, size: float = 14, **more: Any) -> ft.Text:
    return _text(text, size, theme.SEMIBOLD, theme.TEXT, more)


def body(text: str, size: float = 14, **more: Any) -> ft.Text:
    return _text(text, size, theme.REGULAR, theme.TEXT, more)


def small(text: str, size: float = 12, **more: Any) -> ft.Text:
    return _text(text, size, theme.MEDIUM, theme.MUTED, more)


def muted(text: str, size: float = 13, **more: Any) -> ft.Text:
    return _text(text, size, theme.REGULAR, theme.MUTED, more)


# --- surfaces --------------------------------------------------------------------------------------------------------


def card(content: ft.Control, padding: ft.PaddingValue = 20, **more: Any) -> ft.Container:
    """A raised surface with a hairline, the same in both themes; what stands in it is read together."""
    return ft.Container(
        ft.Semantics(container=True, content=content),
        padding=padding,
        border_radius=20,
        bgcolor=theme.CARD,
        border=ft.Border.all(1, theme.LINE),
        **more,
    )


def section(heading: str, *controls: ft.Control, right: ft.Control | None = None) -> ft.Container:
    """A card under a heading."""
    head: ft.Control = title(heading)
    if right is not None:
        head = ft.Row([ft.Container(head, expand=True), right])
    return card(ft.Column([head, *controls], spacing=14, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))


def chart_card(heading: str, unit: str, *controls: ft.Control) -> ft.Container:
    """A card under what its chart shows and the unit of its axis."""
    head = ft.Column([title(heading), muted(unit, 12.5)], spacing=2)
    return card(ft.Column([head, *controls], spacing=14))


def listed(heading: str, rows: Sequence[ft.Control], nothing: str) -> ft.Container:
    """A card of rows, or of the sentence for when there is none."""
    return section(heading, *(parted(rows) or [muted(nothing)]))


def parted(rows: Sequence[ft.Control]) -> list[ft.Control]:
    """Rows with a hairline between each two."""
    lines: list[ft.Control] = []
    for row in rows:
        if lines:
            lines.append(ft.Divider(height=1, color=theme.LINE))
        lines.append(row)
    return lines


def line(icon: ft.IconData, name: str, under: Sequence[str], *actions: ft.Control, remark: str = "") -> ft.Row:
    """One thing of a list: what it is, what is to be said of it, what can be done with it."""
    head: ft.Control = title(name, 15)
    if remark:
        head = ft.Row([head, pill(remark)], spacing=8, wrap=True, run_spacing=4)
    words = ft.Column([head, *(muted(text) for text in under if text)], spacing=3, expand=True)
    return ft.Row([badge(icon, theme.HOUSE, 44), words, *actions], spacing=16)


def facts(rows: Sequence[tuple[str, str]]) -> ft.Control:
    """What is known, name beside figure, each read as one sentence."""
    return ft.Column(
        [
            ft.Semantics(
                container=True,
                label=f"{name}: {figure}",
                exclude_semantics=True,
                content=ft.Row(
                    [muted(name, expand=5), body(figure, 14, expand=6, text_align=ft.TextAlign.END)], spacing=12
                ),
            )
            for name, figure in rows
        ],
        spacing=10,
    )


def progress(identifier: str, label: str, share: float | None) -> ft.Control:
    """Work that is under way: in words, and how much of it is done (None: nobody knows)."""
    bar = ft.ProgressBar(value=0 if share is None else share, bar_height=6, border_radius=3, color=theme.HOUSE)
    return told(identifier, label, ft.Column([muted(label), bar], spacing=8), live_region=True)


def badge(icon: ft.IconData, color: str, size: int = 40) -> ft.Container:
    """An icon in a round wash of its hue; decoration, so it says nothing to a screen reader."""
    return ft.Container(
        ft.Icon(icon, color=color, size=round(size * 0.5)),
        width=size,
        height=size,
        border_radius=size / 2,
        bgcolor=theme.tint(color),
        alignment=ft.Alignment.CENTER,
    )


def pill(text: str, icon: ft.IconData | None = None) -> ft.Container:
    """A short remark in the corner of a tile."""
    parts: list[ft.Control] = [ft.Icon(icon, size=13, color=theme.MUTED)] if icon else []
    parts.append(small(text))
    return ft.Container(
        ft.Row(parts, spacing=4, tight=True),
        bgcolor=theme.RAISED,
        border_radius=12,
        padding=ft.Padding.symmetric(horizontal=9, vertical=4),
    )


def notice(
    text: str, icon: ft.IconData = ft.Icons.INFO_OUTLINE, is_alarm: bool = False, under: str = ""
) -> ft.Container:
    """A sentence in a wash: what is going on, or what went wrong and what to do. under: a small line below it."""
    ink = ft.Colors.ON_ERROR_CONTAINER if is_alarm else ft.Colors.ON_SECONDARY_CONTAINER
    words: ft.Control = body(text, 13, color=ink, expand=not under)
    if under:
        words = ft.Column([words, small(under, 11, color=ink)], spacing=2, expand=True)
    return ft.Container(
        ft.Row([ft.Icon(icon, size=18, color=ink), words], spacing=10),
        bgcolor=ft.Colors.ERROR_CONTAINER if is_alarm else ft.Colors.SECONDARY_CONTAINER,
        border_radius=12,
        padding=ft.Padding.symmetric(horizontal=14, vertical=10),
    )


def problem(trouble: Trouble) -> ft.Control:
    """What went wrong, announced as it appears; nothing when all is well."""
    if not trouble:
        return ft.Container(height=0)
    words = notice(trouble.sentence, ft.Icons.ERROR_OUTLINE, is_alarm=True, under=trouble.reference)
    return told("problem", str(trouble), words, live_region=True)


def empty(icon: ft.IconData, heading: str, text: str, *actions: ft.Control) -> ft.Container:
    """What stands where there is nothing yet: why, and what to do."""
    return ft.Container(
        ft.Column(
            [
                badge(icon, theme.HOUSE, 64),
                strong(heading, 17, text_align=ft.TextAlign.CENTER),
                ft.Container(muted(text, 14, text_align=ft.TextAlign.CENTER), width=380),
                *actions,
            ],
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            alignment=ft.MainAxisAlignment.CENTER,
            spacing=12,
        ),
        alignment=ft.Alignment.CENTER,
        padding=ft.Padding.symmetric(horizontal=8, vertical=28),
    )


def skeleton(height: float, width: float | None = None, radius: float = 10) -> ft.Container:
    """The place of something that is on its way."""
    return ft.Container(
        height=height, width=width, border_radius=radius, bgcolor=theme.RAISED, expand=width is None or None
    )


# --- what tests and screen readers read ------------------------------------------------------------------------------


def told(identifier: str, label: str, content: ft.Control, **more: Any) -> ft.Semantics:
    """Content that is read as one sentence, under an identifier that tests find."""
    return ft.Semantics(
        identifier=identifier, label=label, container=True, exclude_semantics=True, content=content, **more
    )


Wrap = Callable[[ft.Control], ft.Control]  # puts something around a control


def picture(label: str, content: ft.Control, identifier: str | None = None, **more: Any) -> ft.Semantics:
    """A chart, described in words."""
    return ft.Semantics(
        identifier=identifier, image=True, container=True, exclude_semantics=True, label=label, content=content, **more
    )


# --- figures ---------------------------------------------------------------------------------------------------------


def command(text: str) -> ft.Control:
    """A line to type into a terminal: on a line of its own, to be selected and copied."""
    line = ft.Container(
        ft.Text(text, size=14, font_family=theme.MONOSPACE, color=theme.TEXT, selectable=True, style=_UNSPACED),
        bgcolor=theme.CARD,
        border=ft.Border.all(1, theme.LINE),
        border_radius=10,
        padding=ft.Padding.symmetric(horizontal=12, vertical=9),
    )
    return told("command", text, line)  # selectable text alone would be a field without a name


def value_and_unit(number: str, unit: str, size: int = 26) -> ft.Row:
    return ft.Row(
        [headline(number, size), ft.Container(muted(unit, 13), padding=ft.Padding.only(bottom=size * 0.12))],
        spacing=5,
        vertical_alignment=ft.CrossAxisAlignment.END,
        tight=True,
    )


def tile(
    identifier: str,
    label: str,
    icon: ft.IconData,
    color: str,
    name: str,
    number: str,
    unit: str | None,
    remark: str = "",
) -> ft.Control:
    """One figure: what it is, how much, and a remark. unit: "" where the number has it; None: it is words."""
    head: list[ft.Control] = [badge(icon, color, 36)]
    if remark:
        head.append(pill(remark))
    content = ft.Column(
        [
            ft.Row(head, alignment=ft.MainAxisAlignment.SPACE_BETWEEN),
            ft.Column(
                [muted(name), muted(number, 15) if unit is None else value_and_unit(number, unit)],
                spacing=4,
                tight=True,
            ),
        ],
        spacing=8,
        alignment=ft.MainAxisAlignment.CENTER,  # in a tall tile they stay together
    )
    return told(identifier, label, card(content, padding=16))


def legend(color: str, text: str, is_dashed: bool = False) -> ft.Row:
    mark: ft.Control
    if is_dashed:
        dash = ft.Container(width=5, height=3, border_radius=2, bgcolor=color)
        mark = ft.Row([dash, ft.Container(width=5, height=3, border_radius=2, bgcolor=color)], spacing=3, tight=True)
    else:
        mark = ft.Container(width=14, height=4, border_radius=2, bgcolor=color)
    return ft.Row([mark, muted(text, 12.5)], spacing=6, tight=True)
