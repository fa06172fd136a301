"""Addresses within the app."""

HOME, HISTORY, ALERTS, ACCOUNT = "/", "/history", "/alerts", "/account"
TABS = (HOME, HISTORY, ALERTS, ACCOUNT)
SET_UP = "/set-up"
WELCOME, SIGN_IN, SIGN_UP, RESET = "/welcome", "/sign-in", "/sign-up", "/reset"
PUBLIC = (WELCOME, SIGN_IN, SIGN_UP, RESET)


def place_of(route: str) -> str:
    """The screen a route leads to, without query or trailing slash; unknown routes lead home."""
    path = route.partition("?")[0].partition("#")[0].rstrip("/") or HOME
    return path if path in (*TABS, SET_UP, *PUBLIC) else HOME
