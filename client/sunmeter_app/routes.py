"""Addresses within the app."""

import re

HOME, HISTORY, ALERTS, ACCOUNT = "/", "/history", "/alerts", "/account"
TABS = (HOME, HISTORY, ALERTS, ACCOUNT)
SET_UP = "/set-up"
MONEY, TARIFF, MEMBERS, DATA, DELETE = "/money", "/money/tariff", "/members", "/account/data", "/account/delete"
DEVICES, CALIBRATION, ALERT_SETTINGS, AREA = "/devices", "/devices/calibration", "/alerts/settings", "/area"
CLAMPS = f"{CALIBRATION}/clamps"  # its last step, which sets the clamps right
HOME_SETTINGS, FORECAST = "/account/home", "/forecast"
_TAB_OF = {
    ALERT_SETTINGS: ALERTS,
    FORECAST: HOME,
    **dict.fromkeys((MONEY, TARIFF, MEMBERS, DATA, DELETE, DEVICES, CALIBRATION, CLAMPS, AREA, HOME_SETTINGS), ACCOUNT),
}
WELCOME, SIGN_IN, SIGN_UP, RESET = "/welcome", "/sign-in", "/sign-up", "/reset"
BELOW = tuple(_TAB_OF)  # screens that lie below a tab
JOIN = "/join"  # followed by the home and the invitation's code
PUBLIC = (WELCOME, SIGN_IN, SIGN_UP, RESET)
_ALERT = re.compile(r"/alerts/([A-Za-z0-9_-]{1,64})/([A-Za-z0-9_.:-]{1,128})")  # where a notification leads
_INVITATION = re.compile(r"/join/([A-Za-z0-9_-]{1,64})/([A-Za-z0-9_-]{1,64})")


def place_of(route: str) -> str:
    """The screen a route leads to, without query or trailing slash; unknown routes lead home."""
    path = route.partition("?")[0].partition("#")[0].rstrip("/") or HOME
    if invitation_of(path):
        return JOIN
    if alert_of(path):
        return ALERTS
    return path if path in (*TABS, *_TAB_OF, SET_UP, *PUBLIC) else HOME


def invitation_of(route: str) -> tuple[str, str] | None:
    """(home, code) of an invitation's link; None where it is none."""
    found = _INVITATION.fullmatch(route)
    return (found[1], found[2]) if found else None


def alert_of(route: str) -> tuple[str, str] | None:
    """(home, alert) of a notification's link; None where it is none."""
    found = _ALERT.fullmatch(route)
    return (found[1], found[2]) if found else None


def alert_place(home: str, alert: str) -> str:
    """Where a notification of an alert leads; of none, to the inbox."""
    place = f"{ALERTS}/{home}/{alert}"
    return place if alert_of(place) else ALERTS


def tab_of(route: str) -> str:
    """The tab that a screen belongs to."""
    place = place_of(route)
    return _TAB_OF.get(place, place if place in TABS else HOME)
