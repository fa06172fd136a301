"""Notifications of a browser: what the browser says of itself, and the token by which FCM tells it."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..config import PushConfig
from ..problems import UNREACHABLE, Problem
from .http import Http

SDK = "w:0.6.19"  # FCM asks which version of Firebase's installations speaks; the interface is that one's


@dataclass(frozen=True)
class Standing:
    """Where a browser stands."""

    permission: str  # "default" (not asked yet), "granted", "denied" or "unsupported"
    subscription: Mapping[str, Any] | None = None  # at the browser's push service; None: there is none

    @property
    def endpoint(self) -> str:
        return str((self.subscription or {}).get("endpoint", ""))


class Notifications(Protocol):
    """What a browser does for notifications. Raises Problem("push_service") when it does not answer."""

    async def look(self) -> Standing: ...

    async def subscribe(self, key: str) -> Standing:
        """Asks the person, unless they have answered before, and then the browser's push service."""
        ...

    async def unsubscribe(self) -> None: ...


class Registrar(Protocol):
    """Makes a token of a subscription. Raises Problem."""

    @property
    def key(self) -> str: ...

    @property
    def platform(self) -> str:
        """web, android or ios."""
        ...

    async def token(self, subscription: Mapping[str, Any]) -> str: ...


class FcmRegistrar:
    """Firebase's own two steps, as its JavaScript SDK takes them: an installation, then its registration.

    Nothing of an installation is kept: a subscription that changed gets a new one, and FCM notices that one is gone.
    """

    platform = "web"

    def __init__(self, http: Http, project: str, api_key: str, push: PushConfig):
        self._http = http
        self._project = project
        self._api_key = api_key
        self._push = push

    @property
    def key(self) -> str:
        return self._push.key

    async def token(self, subscription: Mapping[str, Any]) -> str:
        installed = await self._post(
            f"{self._push.installations_url}/projects/{self._project}/installations",
            {"fid": new_installation_id(), "authVersion": "FIS_v2", "appId": self._push.app_id, "sdkVersion": SDK},
        )
        keys = subscription["keys"]
        web = {"endpoint": subscription["endpoint"], "auth": keys["auth"], "p256dh": keys["p256dh"]}
        registered = await self._post(
            f"{self._push.registrations_url}/projects/{self._project}/registrations",
            {"web": {**web, "applicationPubKey": self._push.key}},
            {"x-goog-firebase-installations-auth": f"FIS {installed.get('authToken', {}).get('token', '')}"},
        )
        if not registered.get("token"):
            raise Problem("push_project")
        return str(registered["token"])

    async def _post(self, url: str, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = await self._http.send(
                "POST", url, json=body, headers={"x-goog-api-key": self._api_key, **(headers or {})}
            )
        except OSError as error:
            raise Problem(UNREACHABLE) from error
        if answer.is_error:
            raise Problem("push_project")
        return answer.json()


def new_installation_id() -> str:
    """22 characters of base64url whose first four bits are 0111: how Firebase writes the id of an installation."""
    drawn = bytearray(secrets.token_bytes(17))
    drawn[0] = 0b0111_0000 | drawn[0] & 0b0000_1111
    return base64.urlsafe_b64encode(drawn).decode()[:22]
