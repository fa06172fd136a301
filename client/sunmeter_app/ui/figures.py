"""The totals of a period as tiles, the same on Home and in History."""

from collections.abc import Mapping
from dataclasses import dataclass

import flet as ft

from ..model.energy import Energy
from ..model.record import Compared, Known
from ..speech import Speech
from ..state import Layout
from . import parts, theme


@dataclass(frozen=True)
class Figure:
    """One total: what it is called, how it looks, and the field it shows."""

    name: str
    icon: ft.IconData
    color: str
    field: str


FIGURES = (
    Figure("house", ft.Icons.HOME_OUTLINED, theme.HOUSE, "house_wh"),
    Figure("pv", ft.Icons.WB_SUNNY_OUTLINED, theme.SOLAR, "pv_wh"),
    Figure("import", ft.Icons.CALL_RECEIVED, theme.GRID, "import_wh"),
    Figure("export", ft.Icons.CALL_MADE, theme.GRID, "export_wh"),
)


def energy_tiles(
    prefix: str, energy: Energy | None, speech: Speech, remarks: Mapping[str, str] | None = None
) -> list[ft.Control]:
    """House, PV, import and export, under the identifiers {prefix}-house-kwh and so on."""
    told = remarks or {}
    return [_tile(prefix, figure, energy, speech, told.get(figure.name, "")) for figure in FIGURES]


def _tile(prefix: str, figure: Figure, energy: Energy | None, speech: Speech, remark: str) -> ft.Control:
    energy_wh = None if energy is None else getattr(energy, figure.field)
    identifier, name = f"{prefix}-{figure.name}-kwh", speech.say(f"figure.{figure.name}")
    if energy_wh is None:
        nothing = speech.say("figure.nothing")
        return parts.tile(identifier, f"{name}: {nothing}", figure.icon, figure.color, name, nothing, None, remark)
    spoken = ", ".join(part for part in (f"{name}: {energy_wh / 1000:.3f} kWh", remark) if part)
    return parts.tile(identifier, spoken, figure.icon, figure.color, name, speech.kwh(energy_wh), "kWh", remark)


def own_share_tile(prefix: str, energy: Energy | None, speech: Speech) -> ft.Control:
    """Self-sufficiency, under the identifier {prefix}-own-pct."""
    identifier, name, icon = f"{prefix}-own-pct", speech.say("figure.own"), ft.Icons.ECO_OUTLINED
    share = energy.self_sufficiency if energy else None
    if share is None:
        nothing = speech.say("figure.nothing")
        return parts.tile(identifier, f"{name}: {nothing}", icon, theme.HOUSE, name, nothing, None)
    spoken = f"{name}: {share * 100:.1f} %"
    return parts.tile(identifier, spoken, icon, theme.HOUSE, name, speech.number(share * 100, 0), "%")


def cost_tile(prefix: str, known: Known | None, currency: str, speech: Speech) -> ft.Control:
    """What it has cost so far and what the sun saved of it, under the identifier {prefix}-cost."""
    identifier, name, icon = f"{prefix}-cost", speech.say("figure.cost_so_far"), ft.Icons.PAYMENTS_OUTLINED
    costs = known.costs if known else None
    if known is None or costs is None:
        nothing = speech.say("figure.nothing")
        return parts.tile(identifier, f"{name}: {nothing}", icon, theme.GRID, name, nothing, None)
    cost = speech.money(costs.cost_micro, currency)
    told, remark = [f"{name}: {cost}"], ""
    if known.energy.pv_wh > 0:
        saved = speech.money(costs.saved_micro, currency)
        remark = speech.say("figure.saved_remark", amount=saved)
        told.append(f"{speech.say('figure.saved')}: {saved}")
    if costs.unpriced_wh >= 1:
        told.append(speech.say("figure.unpriced", kwh=speech.kwh(costs.unpriced_wh)))
    return parts.tile(identifier, ". ".join(told), icon, theme.GRID, name, cost, "", remark)


def in_row(tiles: list[ft.Control], space: int, fills: bool = False) -> ft.Control:
    """Tiles beside each other, all of one width and one height.

    fills: take a share of the height there is, where there is a height.
    """
    held: list[ft.Control] = [ft.Container(tile, expand=True) for tile in tiles]
    return ft.Row(
        held,
        spacing=space,
        vertical_alignment=ft.CrossAxisAlignment.STRETCH,
        intrinsic_height=True,
        expand=fills or None,
    )


def totals_tiles(
    prefix: str, energy: Energy | None, layout: Layout, speech: Speech, remarks: Mapping[str, str]
) -> ft.Control:
    """Five figures of one height, in as many rows as there is room for."""
    tiles = [*energy_tiles(prefix, energy, speech, remarks), own_share_tile(prefix, energy, speech)]
    space = 12 if layout is Layout.PHONE else 14
    rows = {
        Layout.PHONE: [tiles[:2], tiles[2:4], tiles[4:]],
        Layout.TABLET: [tiles[:3], tiles[3:]],
        Layout.DESKTOP: [tiles],
    }
    return ft.Column([in_row(row, space) for row in rows[layout]], spacing=space)


def change_remarks(pair: Compared | None, speech: Speech) -> dict[str, str]:
    """By figure, how far it is from that of the other period; nothing where nothing is compared."""
    if pair is None:
        return {}
    this, other = pair.this.energy, pair.other.energy
    changes = {
        figure.name: speech.change(getattr(this, figure.field), getattr(other, figure.field)) for figure in FIGURES
    }
    return {name: change for name, change in changes.items() if change}
