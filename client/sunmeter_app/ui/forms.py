"""The frame of the screens before the app: a brand beside or above one card with one thing to do."""

from collections.abc import Callable, Sequence

import flet as ft

from ..speech import Speech
from ..state import Layout
from . import parts, theme
from .shell import logo


def page(controls: Sequence[ft.Control], speech: Speech, layout: Layout) -> ft.Control:
    """On a phone the form fills the screen; with more room the brand's picture stands beside it."""
    form = ft.Column(
        [*controls], spacing=16, tight=True, width=theme.FORM_WIDTH, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
    )
    if layout is Layout.PHONE:
        brand = ft.Row([logo(40), parts.headline("Sunmeter", 20)], spacing=12)
        inside = ft.Column(
            [brand, ft.Container(height=8), *controls], spacing=16, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
        )
        return ft.ListView(
            [ft.Container(inside, padding=ft.Padding.symmetric(horizontal=24, vertical=28))], expand=True
        )
    held = ft.Container(
        ft.Column(
            [parts.card(ft.Container(form), padding=36)],
            alignment=ft.MainAxisAlignment.CENTER,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            scroll=ft.ScrollMode.AUTO,
        ),
        expand=6,
        alignment=ft.Alignment.CENTER,
    )
    side = [_brand(speech)] if layout is Layout.DESKTOP else []
    return ft.Row([*side, held], expand=True, spacing=0, vertical_alignment=ft.CrossAxisAlignment.STRETCH)


def _brand(speech: Speech) -> ft.Control:
    """The promise in three lines, and the picture of what the app shows."""
    promises = [
        (ft.Icons.BOLT, "brand.live"),
        (ft.Icons.INSIGHTS, "brand.forecast"),
        (ft.Icons.SHIELD_OUTLINED, "brand.alerts"),
    ]
    white = ft.Colors.WHITE
    rows = [
        ft.Row(
            [
                ft.Container(
                    ft.Icon(icon, size=20, color=white),
                    width=40,
                    height=40,
                    border_radius=20,
                    bgcolor=ft.Colors.with_opacity(0.16, white),
                    alignment=ft.Alignment.CENTER,
                ),
                ft.Text(speech.say(key), size=15, color=white, expand=True),
            ],
            spacing=14,
        )
        for icon, key in promises
    ]
    return ft.Container(
        ft.Column(
            [
                ft.Row([_white_logo(), ft.Text("Sunmeter", size=24, font_family=theme.BOLD, color=white)], spacing=14),
                ft.Container(height=20),
                ft.Text(speech.say("brand.promise"), size=34, font_family=theme.BOLD, color=white),
                ft.Container(height=12),
                *rows,
            ],
            spacing=16,
            alignment=ft.MainAxisAlignment.CENTER,
        ),
        expand=5,
        padding=ft.Padding.symmetric(horizontal=56),
        gradient=ft.LinearGradient(
            ["#00584F", "#00897B", "#D98A1F"],
            begin=ft.Alignment.TOP_LEFT,
            end=ft.Alignment.BOTTOM_RIGHT,
            stops=[0, 0.62, 1],
        ),
    )


def _white_logo() -> ft.Control:
    return ft.Container(
        ft.Icon(ft.Icons.SOLAR_POWER, color="#00584F", size=26),
        width=48,
        height=48,
        border_radius=15,
        bgcolor=ft.Colors.WHITE,
        alignment=ft.Alignment.CENTER,
    )


def heading(text: str, under: str) -> ft.Control:
    words = ft.Column([parts.headline(text, 26), parts.muted(under, 14)], spacing=6)
    return ft.Container(words, padding=ft.Padding.only(bottom=8))


def email(
    speech: Speech, typed: str, set_typed: Callable[[str], None], on_submit: parts.Handler | None = None
) -> ft.TextField:
    """Where an address is typed."""

    async def changed(event: ft.Event[ft.TextField]) -> None:
        set_typed(event.control.value)

    return parts.field(
        speech.say("field.email"),
        typed,
        changed,
        keyboard_type=ft.KeyboardType.EMAIL,
        autofill_hints=[ft.AutofillHint.EMAIL],
        autocorrect=False,
        prefix_icon=ft.Icons.MAIL_OUTLINE,
        on_submit=on_submit,
    )


def password(
    speech: Speech, typed: str, set_typed: Callable[[str], None], on_submit: parts.Handler, is_new: bool
) -> ft.TextField:
    """Where a password is typed, hidden until asked to show."""

    async def changed(event: ft.Event[ft.TextField]) -> None:
        set_typed(event.control.value)

    return parts.field(
        speech.say("field.password"),
        typed,
        changed,
        password=True,
        can_reveal_password=True,
        autofill_hints=[ft.AutofillHint.NEW_PASSWORD if is_new else ft.AutofillHint.PASSWORD],
        helper=speech.say("field.password_rule") if is_new else None,
        prefix_icon=ft.Icons.LOCK_OUTLINE,
        on_submit=on_submit,
    )


def credentials(*fields: ft.Control) -> ft.Control:
    """Fields that a password manager fills together."""
    return ft.AutofillGroup(ft.Column([*fields], spacing=16, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))


def aside(question: str, answer: str, on_click: parts.Handler) -> ft.Control:
    """The other way out of a form."""
    return ft.Row(
        [parts.muted(question), parts.link(answer, on_click)],
        alignment=ft.MainAxisAlignment.CENTER,
        spacing=0,
        wrap=True,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
