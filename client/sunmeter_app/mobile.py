"""The app on a phone, as `flet build apk` and `flet build ipa` pack it: client/extensions/flet_fcm/README.md."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import flet as ft
import httpx

from flet_fcm import Fcm, FcmOpenEvent

from .app import app_for
from .bridge import Bridge
from .config import Config, PushConfig, config_from
from .data.backend import Backend, connect
from .data.over_httpx import OverHttpx
from .data.push import Standing
from .data.rest import RestSource
from .routes import alert_place

TIMEOUT_S = 20.0


class PhoneNotifications:
    """What the phone does for notifications: its token stands where a browser has a subscription."""

    def __init__(self, fcm: Fcm):
        self._fcm = fcm

    async def look(self) -> Standing:
        return _standing(await self._fcm.look())

    async def subscribe(self, key: str) -> Standing:
        return _standing(await self._fcm.subscribe())

    async def unsubscribe(self) -> None:
        await self._fcm.unsubscribe()


def _standing(told: Mapping[str, Any]) -> Standing:
    token = told.get("token")
    return Standing(str(told["permission"]), {"endpoint": token} if token else None)


class PhoneRegistrar:
    """Firebase's SDK has made the token already."""

    key = ""

    def __init__(self, platform: str):
        self.platform = platform

    async def token(self, subscription: Mapping[str, Any]) -> str:
        return str(subscription["endpoint"])


def connect_phone(config: Config, client: httpx.AsyncClient, platform: str) -> Backend:
    """Documents over REST: Flet's phones have no gRPC for the Python that they bring."""
    http = OverHttpx(client)
    backend = connect(config, http, lambda token: RestSource(http, token, config.project, config.firestore_emulator))
    return Backend(backend.identity, backend.functions, backend.open_source, PhoneRegistrar(platform))


def fcm_of(config: Config, push: PushConfig, go: Callable[[str], None]) -> Fcm:
    """The phone's messaging for a project; a press leads to its alert."""

    def opened(event: FcmOpenEvent) -> None:
        go(alert_place(event.fields.get("home", ""), event.fields.get("alert", "")))

    sender_id = push.app_id.split(":")[1]
    return Fcm(project=config.project, api_key=config.api_key, app_id=push.app_id, sender_id=sender_id, on_open=opened)


async def main(page: ft.Page) -> None:
    config = config_from(json.loads((Path(__file__).parents[1] / "config.json").read_text()))
    platform = "ios" if page.platform is ft.PagePlatform.IOS else "android"
    backend = connect_phone(config, httpx.AsyncClient(timeout=TIMEOUT_S), platform)
    fcm = fcm_of(config, config.push, page.navigate) if config.push else None
    await app_for(backend, Bridge(), notifications=PhoneNotifications(fcm) if fcm else None)(page)
