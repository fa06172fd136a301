"""The app as a static site: in a worker of the browser, by Pyodide. What `dev.site` packs begins here."""

import json
from pathlib import Path

import flet as ft
from js import BroadcastChannel  # type: ignore[import-not-found]
from pyodide.ffi import create_proxy  # type: ignore[import-not-found]

from .app import app_for
from .bridge import Bridge
from .config import config_from
from .data.browser import connect_browser

CHANNEL = "sunmeter.bridge"  # where bridge.js answers
CONFIG = "config.json"  # beside the program: the settings of `config`, as names and texts


def run() -> None:
    config = config_from(json.loads(Path(CONFIG).read_text()))
    bridge = Bridge()
    _listen(bridge)
    ft.run(app_for(connect_browser(config), bridge))


def _listen(bridge: Bridge) -> None:
    """Answers come to every tab of the site; only the one that asked knows the nonce."""

    def heard(event: object) -> None:
        nonce, told = json.loads(event.data)  # type: ignore[attr-defined]
        bridge.answer(nonce, told)

    BroadcastChannel.new(CHANNEL).onmessage = create_proxy(heard)
