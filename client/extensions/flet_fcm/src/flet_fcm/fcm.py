"""The Python half: what the app asks of Firebase's SDK on the phone, and what that tells of presses."""

from dataclasses import dataclass
from typing import Any

import flet as ft


@dataclass
class FcmOpenEvent(ft.Event["Fcm"]):
    """A notification was pressed: the message's own data, `home` and `alert` among them."""

    fields: dict[str, str]


@ft.control("Fcm")  # type: ignore[arg-type]  # mypy takes the decorator of a generic for one of nothing
class Fcm(ft.Service):
    """Messages of one Firebase project. Its four names are public: they stand in every installed app."""

    project: str = ""
    api_key: str = ""
    app_id: str = ""
    sender_id: str = ""
    on_open: ft.EventHandler[FcmOpenEvent] | None = None

    async def look(self) -> dict[str, Any]:
        """{"permission": "default" | "granted" | "denied", "token": text or None}. Asks the person nothing."""
        return _told(await self._invoke_method("look"))

    async def subscribe(self) -> dict[str, Any]:
        """Asks the person, unless they have answered before; then as `look`, with a token where it is granted."""
        return _told(await self._invoke_method("subscribe"))

    async def unsubscribe(self) -> None:
        """Gives the token back: what is sent to it comes back as unregistered."""
        await self._invoke_method("unsubscribe")


def _told(answer: Any) -> dict[str, Any]:
    """What the phone said; a platform without notifications says nothing."""
    return dict(answer) if isinstance(answer, dict) else {"permission": "unsupported", "token": None}
