"""Notifications of a phone: the Python half of flet-fcm, over Flet's own protocol. Its Dart half is not built here."""

import re
from typing import Any

import flet as ft

from dev.paths import ROOT
from flet_fcm import Fcm, FcmOpenEvent
from sunmeter_app.config import Config, PushConfig
from sunmeter_app.data.push import Standing
from sunmeter_app.mobile import PhoneNotifications, PhoneRegistrar, fcm_of

from .recording import RecordedApp, RecordingConnection

DART = ROOT / "client" / "extensions" / "flet_fcm" / "src" / "flutter" / "flet_fcm" / "lib" / "src"
CONFIG = Config("my-project", "key", "http://functions", None, None)
PUSH = PushConfig("1:4711:android:0a", "B")


class Phone(RecordingConnection):
    """A connection whose other end has the extension."""

    def __init__(self) -> None:
        super().__init__({})
        self.told: dict[str, Any] = {"permission": "default", "token": None}
        self.asked: list[str] = []

    def _invoke(self, name: str, arguments: dict[str, Any]) -> Any:
        self.asked.append(name)
        if name == "subscribe":
            self.told = {"permission": "granted", "token": "t1"}
        return self.told


async def fcm_on(phone: Phone, go: Any) -> tuple[Fcm, RecordedApp]:
    made: list[Fcm] = []

    async def main(page: ft.Page) -> None:
        made.append(fcm_of(CONFIG, PUSH, go))

    tab = await RecordedApp(connection=phone).start(main)
    return made[0], tab


async def test_a_phone_is_asked_and_its_token_is_what_it_is_known_by() -> None:
    phone = Phone()
    fcm, tab = await fcm_on(phone, print)
    notifications = PhoneNotifications(fcm)
    assert await notifications.look() == Standing("default")
    standing = await notifications.subscribe("")
    assert standing == Standing("granted", {"endpoint": "t1"})
    assert await PhoneRegistrar("android").token(standing.subscription or {}) == "t1"
    await notifications.unsubscribe()
    assert phone.asked == ["look", "subscribe", "unsubscribe"]
    await tab.stop()


async def test_a_press_leads_to_its_alert_and_one_of_no_alert_to_the_inbox() -> None:
    went: list[str] = []
    fcm, tab = await fcm_on(Phone(), went.append)
    for told in ({"home": "h1", "alert": "m-1-7-40"}, {"kind": "test"}, {"home": "../x", "alert": "y"}):
        await tab.fire(fcm, "open", {"fields": told})
    assert went == ["/alerts/h1/m-1-7-40", "/alerts", "/alerts"]
    await tab.stop()


async def test_the_names_of_a_project_reach_the_other_half() -> None:
    fcm, tab = await fcm_on(Phone(), print)
    assert (fcm.project, fcm.api_key, fcm.app_id, fcm.sender_id) == ("my-project", "key", "1:4711:android:0a", "4711")
    await tab.stop()


def test_both_halves_speak_of_the_same_things() -> None:
    dart = (DART / "fcm.dart").read_text()
    assert set(re.findall(r"case '(\w+)':", dart)) == {"look", "subscribe", "unsubscribe"}
    assert set(re.findall(r"getString\('(\w+)'", dart)) == {"project", "api_key", "app_id", "sender_id"}
    assert re.findall(r"triggerEvent\('(\w+)'", dart) == ["open"]
    assert "'Fcm'" in (DART / "extension.dart").read_text()
    assert "fields" in FcmOpenEvent.__annotations__
