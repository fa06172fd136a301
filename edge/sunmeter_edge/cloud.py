"""The cloud over HTTPS, as this hub: sign-in, ingest, callables. Blocking: called from threads. Decides nothing."""

import gzip
import json
import logging
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any

import requests

from . import log
from .config import Config, Credential
from .contract import ledger

TIMEOUT_S = (5.0, 30.0)  # to connect, to answer
JSON = {"Content-Type": "application/json"}
# A cloud that fails is spared; while there is no internet it is looked for often, which burdens nobody.
LAST_RETRY_S, OFFLINE_RETRY_S = 60.0, 4.0
MOST_RETRY_AFTER_S = 3600.0
LEAST_BEAT_S, MOST_BEAT_S = 60, 3600  # between two heartbeats
STRANGE = "the answer is not the cloud's"
FRESH_S = 300  # a token this close to its end is renewed before it is used

Item = dict[str, Any]


class OutOfReach(Exception):
    """The cloud did not answer, or not now: the same again, later.

    retry_after_s: when it said so. most_wait_s: the longest wait between two tries otherwise. answered: it said so
    itself, and the way there is open.
    """

    def __init__(
        self, reason: str, retry_after_s: float | None = None, is_connected: bool = True, answered: bool = False
    ):
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.most_wait_s = LAST_RETRY_S if is_connected else OFFLINE_RETRY_S
        self.answered = answered


class Refused(Exception):
    """The cloud cannot take this request as a whole: a smaller piece of it may pass."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


class Forbidden(Exception):
    """The hub's account or token is not accepted (any more)."""


@dataclass(frozen=True)
class _Tokens:
    id_token: str
    refresh_token: str
    fresh_until_s: float  # monotonic


class Identity:
    """The hub's Firebase account: signs in with its credential and keeps an ID token that is valid."""

    def __init__(self, config: Config, credential: Credential):
        scheme = f"http://{config.auth_emulator}/" if config.auth_emulator else "https://"
        self._sign_in_url = f"{scheme}identitytoolkit.googleapis.com/v1/accounts:signInWithPassword"
        self._refresh_url = f"{scheme}securetoken.googleapis.com/v1/token"
        self._key = {"key": config.api_key}
        self._credential = credential
        self.refusal = ""  # why the cloud accepts this hub no more; "": it does, as far as is known
        self._tokens: _Tokens | None = None
        self._lock = threading.Lock()

    def token(self, for_s: float = 0.0) -> str:
        """An ID token that is valid for so long. Raises OutOfReach, or Forbidden when the account is refused."""
        with self._lock:
            if self._tokens is None or time.monotonic() + for_s > self._tokens.fresh_until_s:
                try:
                    self._tokens = self._renewed()
                except Forbidden as error:
                    self.refusal = str(error)
                    raise
            return self._tokens.id_token

    def discard(self, token: str) -> None:
        """The cloud refused this token: the next one is a new one."""
        with self._lock:
            if self._tokens and self._tokens.id_token == token:
                self._tokens = None

    def _renewed(self) -> _Tokens:
        if self._tokens:
            form = {"grant_type": "refresh_token", "refresh_token": self._tokens.refresh_token}
            try:
                told = _object(_good(_post(self._refresh_url, params=self._key, data=form)))
                return _tokens(told, "id_token", "refresh_token", "expires_in")
            except (Refused, Forbidden):
                pass  # refresh tokens end too: the password says whether the account still holds
        body = {"email": self._credential.email, "password": self._credential.password, "returnSecureToken": True}
        try:
            told = _object(_good(_post(self._sign_in_url, params=self._key, json=body)))
        except Refused as error:
            raise Forbidden("the hub's account does not exist any more, or its password is wrong") from error
        return _tokens(told, "idToken", "refreshToken", "expiresIn")


class Cloud:
    """The functions, called with the hub's token. One per thread: a session is not shared."""

    def __init__(self, config: Config, identity: Identity):
        self._base = config.functions_url
        self._identity = identity
        self._session = requests.Session()
        self._seldom = log.Seldom()
        self.beat_s = LEAST_BEAT_S  # how often the cloud wants to hear that this hub lives

    def ingest(self, items: list[Item], sent_ms: int) -> list[Item]:
        """One result per item, in order. Raises OutOfReach, Refused or Forbidden.

        The request has a name, which the functions' log and what they write have too; here it stands with its quarters.
        """
        body = json.dumps({"v": 1, "sent_ms": sent_ms, "items": items}, separators=(",", ":")).encode()
        name = secrets.token_hex(8)
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "Sunmeter-Request": name}
        try:
            answer = _object(self._accepted("ingest", gzip.compress(body, 6), headers))
        except OutOfReach as error:
            if error.answered:  # its log says why, under this name
                self._seldom.event("cloud failed", str(error), logging.WARNING, request=name, reason=error)
            raise
        results = answer.get("results")
        if not isinstance(results, list) or len(results) != len(items):
            raise OutOfReach("results do not match the items")
        if not all(isinstance(result, dict) for result in results):
            raise OutOfReach(STRANGE)
        if isinstance(told := answer.get("beat_s"), int):
            self.beat_s = min(max(told, LEAST_BEAT_S), MOST_BEAT_S)
        if quarters := [(item["meter"], item["start_s"]) for item in items if item.get("type") == "interval"]:
            log.event("quarters carried", request=name, quarters=ledger.named(quarters))
        return results

    def link_keys(self, meters: list[str]) -> dict[str, tuple[bytes, int]]:
        """Link key and version of those meters that are assigned to this hub."""
        body = json.dumps({"data": {"meters": meters}}).encode()
        answer = _object(self._accepted("linkkeys", body, JSON))
        try:
            keys = {meter: told for meter, told in answer["result"]["keys"].items() if meter in meters}
            return {meter: (bytes.fromhex(told["key"]), int(told["version"])) for meter, told in keys.items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OutOfReach(STRANGE) from error

    def firmware_file(self, version: int, digest: str) -> bytes:
        """One file of a release, as the cloud has it: whether it is the right one, its SHA-256 tells."""
        return self._accepted("firmwarefile", json.dumps({"version": version, "sha256": digest}).encode(), JSON).content

    def _accepted(self, name: str, body: bytes, headers: dict[str, str]) -> requests.Response:
        """A good answer. Raises OutOfReach, Refused or Forbidden; the last is remembered until the next good one."""
        try:
            response = _good(self._as_hub(name, body, headers))
        except Forbidden as error:
            self._identity.refusal = str(error)
            raise
        self._identity.refusal = ""
        return response

    def _as_hub(self, name: str, body: bytes, headers: dict[str, str]) -> requests.Response:
        """Posts with the hub's token; a token refused once is replaced, and the call repeated."""
        for attempt in (1, 2):
            token = self._identity.token()
            signed = {**headers, "Authorization": f"Bearer {token}"}
            response = _post(f"{self._base}/{name}", self._session, data=body, headers=signed)
            if response.status_code != 401 or attempt == 2:
                break
            self._identity.discard(token)
        return response


def post_json(url: str, body: Item) -> tuple[int, Item]:
    """An unauthenticated call (enrolment): status and answer, {} where that is no object. Raises OutOfReach."""
    response = _post(url, json=body)
    try:
        told = response.json()
    except requests.JSONDecodeError:
        told = {}
    return response.status_code, told if isinstance(told, dict) else {}


def _post(url: str, session: requests.Session | None = None, **arguments: Any) -> requests.Response:
    try:
        return (session or requests).post(url, timeout=TIMEOUT_S, **arguments)
    except requests.RequestException as error:
        is_connected = not isinstance(error, requests.ConnectionError)
        raise OutOfReach(type(error).__name__, is_connected=is_connected) from error


def _good(response: requests.Response) -> requests.Response:
    """A good answer as it is; a bad one as the error it stands for."""
    status = response.status_code
    if status in (400, 413):
        raise Refused("malformed" if status == 400 else "too_large")
    if status in (401, 403):
        raise Forbidden(_code(response) or f"HTTP {status}")
    if status >= 400:
        raise OutOfReach(f"HTTP {status}", _retry_after_s(response), answered=True)
    return response


def _code(response: requests.Response) -> str:
    """The contract's code in a refusal; "" where there is none."""
    try:
        told = response.json()
        return str(told.get("code") or told["error"]["details"]["code"])
    except (requests.JSONDecodeError, AttributeError, KeyError, TypeError):
        return ""


def _object(response: requests.Response) -> Item:
    """The JSON object of a good answer. Raises OutOfReach for what is none."""
    try:
        told = response.json()
    except requests.JSONDecodeError as error:
        raise OutOfReach("the answer is not JSON") from error
    if not isinstance(told, dict):
        raise OutOfReach("the answer is not an object")
    return told


def _retry_after_s(response: requests.Response) -> float | None:
    """Seconds, where the header has them, an hour at most; None for a date, which nobody sends."""
    told = response.headers.get("Retry-After", "")
    return min(float(told), MOST_RETRY_AFTER_S) if told.isascii() and told.isdigit() else None


def _tokens(told: Item, id_token: str, refresh_token: str, expires_in: str) -> _Tokens:
    """By the names under which they stand. Raises OutOfReach where they do not."""
    try:
        fresh_until_s = time.monotonic() + int(told[expires_in]) - FRESH_S
        return _Tokens(str(told[id_token]), str(told[refresh_token]), fresh_until_s)
    except (KeyError, TypeError, ValueError) as error:
        raise OutOfReach(STRANGE) from error
