"""A browser for each module, closed before the next: playwright's loop and pytest-asyncio's cannot share a thread."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from .driver import DESKTOP, App, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Callable[..., App]]:
    """Opens tabs, each a person's own browser; closes them, and fails when one of them logged an error."""
    tabs: list[App] = []

    def opened(url: str, size: tuple[int, int] = DESKTOP, scheme: str = "light") -> App:
        tab = App(browser, size, scheme)
        tabs.append(tab)
        return tab.open(url)

    yield opened
    errors = [error for tab in tabs for error in tab.errors]
    for tab in tabs:
        tab.close()
    assert errors == []
