"""Which screen is shown: the phase of the visit and the address decide."""

from typing import Any

import flet as ft

from .. import routes
from ..state import Phase, Session, Ui
from ..visit import Visit
from . import shell, theme
from .context import VisitContext
from .screens.account import AccountScreen
from .screens.alert_settings import AlertSettingsScreen
from .screens.alerts import AlertsScreen
from .screens.area import AreaScreen
from .screens.calibration import CalibrationScreen
from .screens.data import DataScreen
from .screens.delete import DeleteScreen
from .screens.devices import DevicesScreen
from .screens.forecast import ForecastScreen
from .screens.history import HistoryScreen
from .screens.home import HomeScreen
from .screens.home_settings import HomeSettingsScreen
from .screens.join import JoinScreen
from .screens.members import MembersScreen
from .screens.money import MoneyScreen
from .screens.reset import ResetScreen
from .screens.set_up import SetUpScreen
from .screens.sign_in import SignInScreen
from .screens.sign_up import SignUpScreen
from .screens.starting import StartingScreen
from .screens.tariff import TariffScreen
from .screens.verify import VerifyScreen
from .screens.welcome import WelcomeScreen

_PUBLIC = {routes.SIGN_IN: SignInScreen, routes.SIGN_UP: SignUpScreen, routes.RESET: ResetScreen}


@ft.component
def Root(session: Session, ui: Ui, visit: Visit) -> Any:
    """The view of the moment, everything below it within the visit."""
    page = ft.context.page

    def dress() -> None:
        page.theme_mode = theme.MODES[ui.theme]
        page.update()

    ft.use_effect(dress, [ui.theme])
    return VisitContext(visit, lambda: [_view(session, ui, visit)])


def _view(session: Session, ui: Ui, visit: Visit) -> ft.View:
    place = routes.place_of(ui.route)
    if session.phase in (Phase.STARTING, Phase.OPENING):
        return _bare(StartingScreen(session))
    if session.phase is Phase.SIGNED_OUT:
        screen = _PUBLIC.get(place, WelcomeScreen)
        return _bare(screen(ui.layout))
    if session.phase is Phase.UNVERIFIED:
        return _bare(VerifyScreen(ui.layout))
    invitation = routes.invitation_of(ui.route)
    if invitation is not None:
        return _bare(JoinScreen(*invitation, ui.layout))
    alert = routes.alert_of(ui.route)
    picked = alert[1] if alert else ""
    areas = session.person.areas if session.person else ()
    if areas and place == routes.AREA:
        return shell.view(AreaScreen(visit.state.neighbourhood, areas, ui.layout), ui)
    if session.home is None and place == routes.DELETE:
        return _bare(DeleteScreen(session, None, ui.layout))
    if session.home is None or place == routes.SET_UP:
        return _bare(SetUpScreen(session, visit.state.progress, visit.state.device, ui.layout))
    screens = {
        routes.FORECAST: lambda home: ForecastScreen(visit.state.today, visit.state.money, home, ui.layout),
        routes.HISTORY: lambda home: HistoryScreen(visit.state.history, home, ui.layout),
        routes.ALERTS: lambda home: AlertsScreen(
            visit.state.inbox, visit.state.today, session, home, ui.layout, picked
        ),
        routes.ALERT_SETTINGS: lambda home: AlertSettingsScreen(session, visit.state.today, home, ui.layout),
        routes.DEVICES: lambda home: DevicesScreen(visit.state.devices, visit.state.inbox, home, ui.layout),
        routes.CALIBRATION: lambda home: CalibrationScreen(visit.state.devices, home, ui.layout),
        routes.CLAMPS: lambda home: CalibrationScreen(visit.state.devices, home, ui.layout, "clamps"),
        routes.HOME_SETTINGS: lambda home: HomeSettingsScreen(home, ui.layout),
        routes.DATA: lambda home: DataScreen(visit.state.data, home, ui.layout),
        routes.DELETE: lambda home: DeleteScreen(session, home, ui.layout),
        routes.MEMBERS: lambda home: MembersScreen(visit.state.household, home, ui.layout),
        routes.MONEY: lambda home: MoneyScreen(visit.state.money, home, ui.layout),
        routes.TARIFF: lambda home: TariffScreen(visit.state.money, home, ui.layout),
        routes.ACCOUNT: lambda home: AccountScreen(session, ui),
        routes.AREA: lambda home: AccountScreen(session, ui),  # of somebody who operates none
    }
    shown = screens.get(place, lambda home: HomeScreen(visit.state, home, ui.layout))(session.home)
    of_home = ft.Container(shown, expand=True, key=session.home.id)  # what was typed for one is not there for another
    return shell.view(of_home, ui)


def _bare(content: ft.Control) -> ft.View:
    return ft.View(route="/", padding=0, bgcolor=theme.BACKGROUND, controls=[ft.SafeArea(content, expand=True)])
