"""Accounts over the Identity Toolkit's REST interface, and the ID token that every other call carries."""

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from ..problems import SIGNED_OUT, UNREACHABLE, Problem
from .http import Http
from .source import Denied

RENEW_BEFORE_S = 120  # a token that ends during a call would fail it
TOO_MANY = 429  # the service is busy, whoever asks


@dataclass(frozen=True)
class Tokens:
    """What signing in gives. The claims are read, not verified: the servers verify them on every use."""

    uid: str
    email: str
    is_verified: bool
    id_token: str
    refresh_token: str
    lasts_s: int  # from when it came
    areas: tuple[str, ...] = ()  # that they operate


class Identity(Protocol):
    """What the app needs of an account service. Every method raises Problem."""

    async def sign_up(self, email: str, password: str) -> Tokens: ...
    async def sign_in(self, email: str, password: str) -> Tokens: ...
    async def refresh(self, refresh_token: str) -> Tokens: ...
    async def send_verification(self, id_token: str) -> None: ...
    async def send_reset(self, email: str) -> None: ...


class RestIdentity:
    """The Identity Toolkit, Google's or the Auth emulator's."""

    def __init__(self, http: Http, api_key: str, identity_url: str, tokens_url: str):
        self._http = http
        self._key = quote(api_key)
        self._identity_url = identity_url
        self._tokens_url = tokens_url

    async def sign_up(self, email: str, password: str) -> Tokens:
        return _tokens(await self._account("signUp", {"email": email, "password": password, "returnSecureToken": True}))

    async def sign_in(self, email: str, password: str) -> Tokens:
        wanted = {"email": email, "password": password, "returnSecureToken": True}
        return _tokens(await self._account("signInWithPassword", wanted))

    async def refresh(self, refresh_token: str) -> Tokens:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        answer = await self._post(f"{self._tokens_url}/token", form=form)
        return _tokens({"idToken": answer["id_token"], "refreshToken": answer["refresh_token"]})

    async def send_verification(self, id_token: str) -> None:
        await self._account("sendOobCode", {"requestType": "VERIFY_EMAIL", "idToken": id_token})

    async def send_reset(self, email: str) -> None:
        """Asks for a reset mail. An address without an account is no error: who has one is not told to strangers."""
        try:
            await self._account("sendOobCode", {"requestType": "PASSWORD_RESET", "email": email})
        except Problem as problem:
            if problem.code != "email_not_found":
                raise

    async def _account(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._post(f"{self._identity_url}/accounts:{verb}", json=body)

    async def _post(self, url: str, **body: Any) -> dict[str, Any]:
        try:
            answer = await self._http.send("POST", f"{url}?key={self._key}", **body)
        except OSError as error:
            raise Problem(UNREACHABLE) from error
        if answer.status >= 500 or answer.status == TOO_MANY:
            raise Problem(UNREACHABLE)
        found = answer.json()
        if answer.is_error:
            raise Problem(_code(found))
        return found


def _code(answer: dict[str, Any]) -> str:
    """The service's code in our spelling: "WEAK_PASSWORD : at least 6" becomes "weak_password"."""
    error = answer.get("error")
    message = error.get("message") if isinstance(error, dict) else error
    return str(message or "unknown").partition(" ")[0].lower()


def _tokens(answer: dict[str, Any]) -> Tokens:
    claims = claims_of(answer["idToken"])
    return Tokens(
        uid=str(claims.get("user_id") or claims["sub"]),
        email=str(claims.get("email", "")),
        is_verified=bool(claims.get("email_verified")),
        id_token=answer["idToken"],
        refresh_token=answer["refreshToken"],
        lasts_s=int(claims["exp"]) - int(claims["iat"]),
        areas=tuple(str(area) for area in claims.get("areas") or ()),
    )


def claims_of(id_token: str) -> dict[str, Any]:
    """The payload of a JWT."""
    payload = id_token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


class Account:
    """A signed-in user's tokens, renewed when they near their end."""

    def __init__(self, identity: Identity, tokens: Tokens, now_s: Callable[[], float]):
        self._identity = identity
        self._now_s = now_s
        self._renewing = asyncio.Lock()
        self.take(tokens)

    def take(self, tokens: Tokens) -> None:
        """Goes on with tokens that have just come: their end is told by this device's clock, right or wrong."""
        self.tokens = tokens
        self._ends_s = self._now_s() + tokens.lasts_s

    async def token(self, for_s: float) -> str:
        """An ID token for a Source, valid for so long. Raises Denied when the account is no more, OSError offline."""
        try:
            return await self.id_token(for_s)
        except Problem as problem:
            if problem.code == UNREACHABLE:
                raise ConnectionError("the account service is out of reach") from problem
            raise Denied(problem.code) from problem

    async def id_token(self, for_s: float = 0) -> str:
        """An ID token that is valid for so long. Raises Problem."""
        async with self._renewing:
            if self._now_s() + for_s > self._ends_s - RENEW_BEFORE_S:
                await self._renew()
        return self.tokens.id_token

    async def renew(self) -> Tokens:
        """Asks for a new token now: its claims say what changed, such as a verified address."""
        async with self._renewing:
            await self._renew()
        return self.tokens

    async def _renew(self) -> None:
        try:
            self.take(await self._identity.refresh(self.tokens.refresh_token))
        except Problem as problem:
            if problem.code == UNREACHABLE:
                raise
            raise Problem(SIGNED_OUT) from problem
