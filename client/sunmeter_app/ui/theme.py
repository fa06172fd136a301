"""The one place for colours, type, shapes and spacing.

The three hues of energy are roles of the colour scheme, so that light and dark each have their own shade and the
client switches by itself: solar is `tertiary`, the house `primary`, the grid `secondary`. Text is never set in them.
"""

import flet as ft

SOLAR, HOUSE, GRID = ft.Colors.TERTIARY, ft.Colors.PRIMARY, ft.Colors.SECONDARY
TEXT, MUTED = ft.Colors.ON_SURFACE, ft.Colors.ON_SURFACE_VARIANT
BACKGROUND, CARD, RAISED = ft.Colors.SURFACE, ft.Colors.SURFACE_CONTAINER_LOW, ft.Colors.SURFACE_CONTAINER_HIGH
LINE = ft.Colors.OUTLINE_VARIANT
ALARM = ft.Colors.ERROR
QUIET = ft.Colors.OUTLINE
CLEAR = ft.Colors.TRANSPARENT

REGULAR, MEDIUM, SEMIBOLD, BOLD = "Inter", "Inter Medium", "Inter SemiBold", "Inter Bold"
FONTS = {
    REGULAR: "fonts/Inter-400.woff2",
    MEDIUM: "fonts/Inter-500.woff2",
    SEMIBOLD: "fonts/Inter-600.woff2",
    BOLD: "fonts/Inter-700.woff2",
}

MONOSPACE = "packages/flutter_math_fork/KaTeX_Typewriter"  # the one of its kind that Flet's own client brings

FORM_WIDTH = 420

_LIGHT = ft.ColorScheme(
    primary="#00786C",
    on_primary="#FFFFFF",
    primary_container="#CDEBE5",
    on_primary_container="#00332D",
    secondary="#4F5FC4",
    on_secondary="#FFFFFF",
    secondary_container="#D3EBE6",
    on_secondary_container="#123B36",
    tertiary="#C07100",
    on_tertiary="#FFFFFF",
    tertiary_container="#FFE9C9",
    on_tertiary_container="#4A2C00",
    error="#B3341F",
    on_error="#FFFFFF",
    error_container="#FBE1DA",
    on_error_container="#5C1408",
    surface="#F2F6F5",
    on_surface="#14201E",
    on_surface_variant="#50605D",
    surface_container_lowest="#FFFFFF",
    surface_container_low="#FFFFFF",
    surface_container="#FFFFFF",
    surface_container_high="#EDF2F1",
    surface_container_highest="#E3EAE8",
    outline="#788784",
    outline_variant="#DCE4E2",
    inverse_surface="#1F2B29",
    on_inverse_surface="#EDF3F1",
    surface_tint="#00786C",
)
_DARK = ft.ColorScheme(
    primary="#4FC3B2",
    on_primary="#00332D",
    primary_container="#12463F",
    on_primary_container="#C3EFE7",
    secondary="#A3AEF5",
    on_secondary="#1A2360",
    secondary_container="#1D4740",
    on_secondary_container="#CBEDE6",
    tertiary="#FFBE4A",
    on_tertiary="#3D2600",
    tertiary_container="#4A3510",
    on_tertiary_container="#FFE3B5",
    error="#FF9A85",
    on_error="#4F0F04",
    error_container="#4E2018",
    on_error_container="#FFDAD1",
    surface="#0D1413",
    on_surface="#E7EFED",
    on_surface_variant="#A3B3B0",
    surface_container_lowest="#0A100F",
    surface_container_low="#151E1D",
    surface_container="#18211F",
    surface_container_high="#202B29",
    surface_container_highest="#2A3634",
    outline="#7A8986",
    outline_variant="#2B3735",
    inverse_surface="#E1EAE8",
    on_inverse_surface="#1C2625",
    surface_tint="#4FC3B2",
)


def _theme(scheme: ft.ColorScheme) -> ft.Theme:
    return ft.Theme(
        color_scheme_seed="#00786C",
        color_scheme=scheme,
        font_family=REGULAR,
        visual_density=ft.VisualDensity.STANDARD,
        text_theme=ft.TextTheme(
            label_large=ft.TextStyle(font_family=SEMIBOLD, size=14),
            label_medium=ft.TextStyle(font_family=MEDIUM, size=12),
        ),
        scrollbar_theme=ft.ScrollbarTheme(thickness=6, radius=3),
        page_transitions=ft.PageTransitionsTheme(
            linux=ft.PageTransitionTheme.NONE,
            macos=ft.PageTransitionTheme.NONE,
            windows=ft.PageTransitionTheme.NONE,
            android=ft.PageTransitionTheme.NONE,
            ios=ft.PageTransitionTheme.NONE,
        ),
    )


LIGHT, DARK = _theme(_LIGHT), _theme(_DARK)
MODES = {"system": ft.ThemeMode.SYSTEM, "light": ft.ThemeMode.LIGHT, "dark": ft.ThemeMode.DARK}


WASH = 0.14


def tint(color: str, strength: float = WASH) -> str:
    """A wash of a hue, for what lies behind an icon of it."""
    return ft.Colors.with_opacity(strength, color)
