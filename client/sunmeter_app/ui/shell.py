"""The frame around the screens of a signed-in person: rail or bar, heading, scrolling."""

from collections.abc import Sequence

import flet as ft

from .. import routes
from ..state import Inbox, Layout, Ui
from . import controls, parts, theme
from .component import component
from .context import use_speech, use_visit

_TABS = (
    (routes.HOME, "nav.home", ft.Icons.HOME_OUTLINED, ft.Icons.HOME),
    (routes.HISTORY, "nav.history", ft.Icons.BAR_CHART_OUTLINED, ft.Icons.BAR_CHART),
    (routes.ALERTS, "nav.alerts", ft.Icons.NOTIFICATIONS_OUTLINED, ft.Icons.NOTIFICATIONS),
    (routes.ACCOUNT, "nav.account", ft.Icons.PERSON_OUTLINE, ft.Icons.PERSON),
)


def logo(size: int = 44) -> ft.Control:
    """The mark, as on the icon of the installed app."""
    return ft.Image(src="icons/mark.svg", width=size, height=size, exclude_from_semantics=True)


def _selected(ui: Ui) -> int:
    return routes.TABS.index(routes.tab_of(ui.route))


@component
def AlertIcon(inbox: Inbox, icon: ft.IconData) -> ft.Control:
    """The bell, with the number of alerts that go on."""
    return ft.Icon(icon, badge=ft.Badge(label=str(inbox.open_count)) if inbox.open_count else None)


@component
def Bar(ui: Ui) -> ft.NavigationBar:
    """Navigation at the bottom, for phones."""
    visit, speech = use_visit(), use_speech()

    async def chosen(event: ft.Event[ft.NavigationBar]) -> None:
        visit.go(routes.TABS[event.control.selected_index])

    return ft.NavigationBar(
        selected_index=_selected(ui),
        on_change=chosen,
        bgcolor=theme.CARD,
        height=72,
        destinations=[
            ft.NavigationBarDestination(
                icon=_icon(route, outline), selected_icon=_icon(route, filled), label=speech.say(name)
            )
            for route, name, outline, filled in _TABS
        ],
    )


@component
def Rail(ui: Ui) -> ft.Control:
    """Navigation at the side, for everything wider."""
    visit, speech = use_visit(), use_speech()

    async def chosen(event: ft.Event[ft.NavigationRail]) -> None:
        visit.go(routes.TABS[event.control.selected_index or 0])

    return ft.NavigationRail(
        selected_index=_selected(ui),
        on_change=chosen,
        label_type=ft.NavigationRailLabelType.ALL,
        min_width=92,
        bgcolor=theme.BACKGROUND,
        leading=ft.Container(logo(), padding=ft.Padding.only(top=12, bottom=20)),
        destinations=[
            ft.NavigationRailDestination(
                icon=_icon(route, outline),
                selected_icon=_icon(route, filled),
                label=parts.small(speech.say(name), color=theme.TEXT),
                padding=ft.Padding.symmetric(vertical=4),
            )
            for route, name, outline, filled in _TABS
        ],
    )


def _icon(route: str, icon: ft.IconData) -> ft.IconDataOrControl:
    if route == routes.ALERTS:
        return AlertIcon(use_visit().state.inbox, icon)
    return icon


def heading(text: str, under: ft.Control, *right: ft.Control, layout: Layout) -> ft.Control:
    """The top of a screen."""
    top = ft.Semantics(
        header=True, heading_level=1, container=True, content=parts.headline(text, 22 if layout is Layout.PHONE else 26)
    )
    words = ft.Column([top, ft.Semantics(container=True, content=under)], spacing=2, expand=True)
    return ft.Row([words, ft.Row([*right], spacing=4, tight=True)], vertical_alignment=ft.CrossAxisAlignment.START)


@component
def SubHeading(text: str, under: str, parent: str, layout: Layout) -> ft.Control:
    """The top of a screen that lies below another one, with the way back."""
    visit, speech = use_visit(), use_speech()

    async def back(_: object) -> None:
        visit.go(parent)

    arrow = controls.icon_button(ft.Icons.ARROW_BACK, speech.say("nav.back"), back)
    told = heading(text, parts.muted(under, 14), layout=layout)
    told.expand = True
    return ft.Row([arrow, told], spacing=8, vertical_alignment=ft.CrossAxisAlignment.START)


def pair(left: Sequence[ft.Control], right: Sequence[ft.Control], layout: Layout) -> list[ft.Control]:
    """Two columns of cards where there is room, else one."""
    if layout is not Layout.DESKTOP:
        return [*left, *right]
    stretch = ft.CrossAxisAlignment.STRETCH
    columns = [ft.Column([*cards], spacing=18, expand=1, horizontal_alignment=stretch) for cards in (left, right)]
    return [ft.Row([*columns], spacing=18, vertical_alignment=ft.CrossAxisAlignment.START)]


def scrolled(*blocks: ft.Control, layout: Layout) -> ft.Control:
    """Blocks below each other with one rhythm."""
    space = 14 if layout is Layout.PHONE else 18
    column = ft.Column([*blocks], spacing=space, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    left, right = (16, 16) if layout is Layout.PHONE else (8, 24)
    held = ft.Container(column, padding=ft.Padding.only(left=left, right=right, top=18, bottom=28))
    return ft.Container(ft.ListView([held], padding=0, expand=True), expand=True)


def view(content: ft.Control, ui: Ui) -> ft.View:
    """A screen in its frame."""
    if ui.layout is Layout.PHONE:
        return ft.View(
            route="/",
            padding=0,
            bgcolor=theme.BACKGROUND,
            controls=[ft.SafeArea(content, expand=True)],
            navigation_bar=Bar(ui),
        )
    row = ft.Row([Rail(ui), content], expand=True, spacing=0, vertical_alignment=ft.CrossAxisAlignment.STRETCH)
    return ft.View(route="/", padding=0, bgcolor=theme.BACKGROUND, controls=[row])
