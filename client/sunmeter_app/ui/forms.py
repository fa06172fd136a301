"""The frame of the screens before the app: a brand beside or above one card with one thing to do."""

from collections.abc import Sequence

import flet as ft

from ..model.typed import Draft
from ..speech import Speech
from ..state import Layout
from . import controls, parts, theme
from .component import component
from .context import use_speech
from .shell import logo


def page(controls: Sequence[ft.Control], speech: Speech, layout: Layout) -> ft.Control:
    """On a phone the form fills the screen; with more room the brand's picture stands beside it."""
    form = ft.Column(
        [*controls], spacing=16, tight=True, width=theme.FORM_WIDTH, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
    )
    if layout is Layout.PHONE:
        brand = read_apart(ft.Row([logo(40), parts.headline("Sunmeter", 20)], spacing=12))
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


def stacked(*content: ft.Control) -> ft.Control:
    """A form within the card: its fields and buttons below each other, as wide as it."""
    return ft.Column([*content], spacing=16, horizontal_alignment=ft.CrossAxisAlignment.STRETCH, tight=True)


def centred(control: ft.Control) -> ft.Control:
    return ft.Row([control], alignment=ft.MainAxisAlignment.CENTER)


def _brand(speech: Speech) -> ft.Control:
    """The promise, what is behind it in three lines, and a sun coming up."""
    promises = (
        (ft.Icons.BOLT, "brand.live"),
        (ft.Icons.INSIGHTS, "brand.forecast"),
        (ft.Icons.SHIELD_OUTLINED, "brand.alerts"),
    )
    words = ft.Column(
        [
            ft.Row([logo(52), parts.headline("Sunmeter", 24, color=ft.Colors.WHITE)], spacing=14),
            ft.Container(height=20),
            parts.headline(speech.say("brand.promise"), 36, color=ft.Colors.WHITE),
            ft.Container(height=12),
            *(_promise(icon, speech.say(key)) for icon, key in promises),
        ],
        spacing=16,
        alignment=ft.MainAxisAlignment.CENTER,
    )
    return ft.Container(
        ft.Stack(
            [*_sun(), ft.Container(words, padding=ft.Padding.symmetric(horizontal=56), expand=True)],
            expand=True,
            fit=ft.StackFit.EXPAND,
        ),
        expand=5,
        gradient=ft.LinearGradient(["#00443D", "#007A6E"], begin=ft.Alignment.TOP_LEFT, end=ft.Alignment.BOTTOM_RIGHT),
        clip_behavior=ft.ClipBehavior.HARD_EDGE,
    )


def _promise(icon: ft.IconData, text: str) -> ft.Control:
    circle = ft.Container(
        ft.Icon(icon, size=20, color=ft.Colors.WHITE),
        width=40,
        height=40,
        border_radius=20,
        bgcolor=ft.Colors.with_opacity(0.16, ft.Colors.WHITE),
        alignment=ft.Alignment.CENTER,
    )
    return ft.Row([circle, parts.body(text, 15, color=ft.Colors.WHITE, expand=True)], spacing=14)


def _sun() -> list[ft.Control]:
    """Rings of light around the lower right corner, the innermost the brightest."""
    rings = ((640, 0.07), (470, 0.10), (310, 0.16), (180, 0.9))
    return [
        ft.Container(
            width=size,
            height=size,
            border_radius=size / 2,
            bgcolor=ft.Colors.with_opacity(strength, "#FFB743"),
            right=-size / 2 + 30,
            bottom=-size / 2 + 30,
        )
        for size, strength in rings
    ]


def heading(text: str, under: str) -> ft.Control:
    words = ft.Column([parts.headline(text, 26), parts.muted(under, 14)], spacing=6)
    return read_apart(ft.Container(words, padding=ft.Padding.only(bottom=8)))


def read_apart(words: ft.Control) -> ft.Control:
    """Words that are no part of the name of the field below them, where that is the only one."""
    return ft.Semantics(container=True, content=words)


def email(speech: Speech, draft: Draft, on_submit: parts.Handler | None = None) -> ft.TextField:
    """Where an address is typed."""
    return controls.field(
        speech.say("field.email"),
        draft,
        keyboard_type=ft.KeyboardType.EMAIL,
        autofill_hints=[ft.AutofillHint.EMAIL],
        autocorrect=False,
        prefix_icon=ft.Icons.MAIL_OUTLINE,
        on_submit=on_submit,
    )


@component
def Password(draft: Draft, on_submit: parts.Handler, is_new: bool) -> ft.TextField:
    """Where a password is typed, hidden until asked to show."""
    speech = use_speech()
    is_shown, set_shown = ft.use_state(False)

    async def switched(_: object) -> None:
        set_shown(not is_shown)

    eye = ft.Icons.VISIBILITY_OFF_OUTLINED if is_shown else ft.Icons.VISIBILITY_OUTLINED
    return controls.field(
        speech.say("field.password"),
        draft,
        password=not is_shown,
        suffix_icon=controls.icon_button(eye, speech.say("field.hide" if is_shown else "field.show"), switched),
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
        [parts.muted(question), controls.link(answer, on_click)],
        alignment=ft.MainAxisAlignment.CENTER,
        spacing=0,
        wrap=True,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
