"""Addresses within the app."""

HOME, HISTORY, ALERTS, ACCOUNT = "/", "/history", "/alerts", "/account"
TABS = (HOME, HISTORY, ALERTS, ACCOUNT)
SET_UP = "/set-up"
MONEY, TARIFF, MEMBERS, DATA, DELETE = "/money", "/money/tariff", "/members", "/account/data", "/account/delete"
DEVICES, ALERT_SETTINGS, AREA = "/devices", "/alerts/settings", "/area"
_TAB_OF = {ALERT_SETTINGS: ALERTS, **dict.fromkeys((MONEY, TARIFF, MEMBERS, DATA, DELETE, DEVICES, AREA), ACCOUNT)}
WELCOME, SIGN_IN, SIGN_UP, RESET = "/welcome", "/sign-in", "/sign-up", "/reset"
PUBLIC = (WELCOME, SIGN_IN, SIGN_UP, RESET)


def place_of(route: str) -> str:
    """The screen a route leads to, without query or trailing slash; unknown routes lead home."""
    path = route.partition("?")[0].partition("#")[0].rstrip("/") or HOME
    return path if path in (*TABS, *_TAB_OF, SET_UP, *PUBLIC) else HOME


def tab_of(route: str) -> str:
    """The tab that a screen belongs to."""
    place = place_of(route)
    return _TAB_OF.get(place, place if place in TABS else HOME)
