"""Contrast by WCAG 2.2 on the theme's own colours: 4.5 for text, 3 for what is drawn and for the edge of a field."""

from itertools import product

import flet as ft
import pytest

from sunmeter_app.ui import controls, theme

SCHEMES = {"light": theme.LIGHT.color_scheme, "dark": theme.DARK.color_scheme}
GROUNDS = (theme.BACKGROUND, theme.CARD, theme.RAISED)
INKS = (theme.TEXT, theme.MUTED, theme.ALARM, theme.HOUSE)  # that sentences, names and buttons are set in
HUES = (theme.SOLAR, theme.HOUSE, theme.GRID, theme.ALARM, theme.QUIET)  # of lines, bars and icons
ON = ("primary", "error", "secondary_container", "error_container", "primary_container")
TEXT, DRAWN = 4.5, 3.0


def hex_of(scheme: str, role: str | ft.Colors) -> str:
    """#RRGGBB of a role of the colour scheme."""
    name = role.name.lower() if isinstance(role, ft.Colors) else role
    return str(getattr(SCHEMES[scheme], name))


def luminance(color: str) -> float:
    """Relative luminance of #RRGGBB (WCAG 2.2)."""
    parts = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def washed(color: str, ground: str, strength: float) -> str:
    """A wash of a colour over a ground."""
    mixed = (
        round(strength * int(color[at : at + 2], 16) + (1 - strength) * int(ground[at : at + 2], 16))
        for at in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02X}" for part in mixed)


def test_the_measure_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert washed("#000000", "#FFFFFF", 0.5) == "#808080"


@pytest.mark.parametrize(("scheme", "ink", "ground"), [*product(SCHEMES, INKS, GROUNDS)])
def test_text_is_read_on_every_ground(scheme: str, ink: ft.Colors, ground: ft.Colors) -> None:
    assert contrast(hex_of(scheme, ink), hex_of(scheme, ground)) >= TEXT


@pytest.mark.parametrize(("scheme", "role"), [*product(SCHEMES, ON)])
def test_text_is_read_on_washes_and_buttons(scheme: str, role: str) -> None:
    assert contrast(hex_of(scheme, f"on_{role}"), hex_of(scheme, role)) >= TEXT


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_tooltip_is_read(scheme: str) -> None:
    assert contrast(hex_of(scheme, "on_inverse_surface"), hex_of(scheme, "inverse_surface")) >= TEXT


@pytest.mark.parametrize(("scheme", "hue", "ground"), [*product(SCHEMES, HUES, (theme.BACKGROUND, theme.CARD))])
def test_what_is_drawn_is_seen(scheme: str, hue: ft.Colors, ground: ft.Colors) -> None:
    assert contrast(hex_of(scheme, hue), hex_of(scheme, ground)) >= DRAWN


@pytest.mark.parametrize(("scheme", "hue"), [*product(SCHEMES, HUES)])
def test_an_icon_is_seen_on_its_wash(scheme: str, hue: ft.Colors) -> None:
    wash = washed(hex_of(scheme, hue), hex_of(scheme, theme.CARD), theme.WASH)
    assert contrast(hex_of(scheme, hue), wash) >= DRAWN


@pytest.mark.parametrize(("scheme", "state"), [*product(SCHEMES, controls.FIELD_BORDER)])
def test_the_edge_of_a_field_is_seen(scheme: str, state: ft.ControlState) -> None:
    border = controls.FIELD_BORDER[state]
    assert isinstance(border, ft.OutlineInputBorder)
    assert border.side is not None
    assert contrast(hex_of(scheme, border.side.color), hex_of(scheme, theme.CARD)) >= DRAWN
