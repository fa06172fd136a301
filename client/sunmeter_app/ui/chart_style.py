"""What all charts share: the room of their axes, their ink and their lines."""

import flet as ft

from . import theme

LEFT_PX, BOTTOM_PX = 34, 26
STILL = ft.Animation(0)
INK = ft.TextStyle(size=12, color=ft.Colors.ON_INVERSE_SURFACE, font_family=theme.MEDIUM)
GRID_LINE = ft.Colors.with_opacity(0.7, theme.LINE)
