"""The callables of the cloud, over Firebase's callable protocol. Each call has a name, which the cloud's log takes."""

import secrets
from typing import Any, Protocol

from ..problems import SIGNED_OUT, UNREACHABLE, Problem
from .http import Http

REQUEST = "Sunmeter-Request"  # the header that carries a call's name: 16 hexadecimal digits


class Functions(Protocol):
    """What the app asks the cloud to do. Raises Problem."""

    async def call(self, name: str, payload: dict[str, Any], id_token: str) -> dict[str, Any]: ...


class HttpFunctions:
    """Callables at {functions_url}/{name}."""

    def __init__(self, http: Http, functions_url: str):
        self._http = http
        self._functions_url = functions_url

    async def call(self, name: str, payload: dict[str, Any], id_token: str) -> dict[str, Any]:
        request = secrets.token_hex(8)
        headers = {"Authorization": f"Bearer {id_token}", REQUEST: request}
        try:
            url = f"{self._functions_url}/{name}"
            answer = await self._http.send("POST", url, json={"data": payload}, headers=headers)
        except TimeoutError as error:  # it may have come there
            raise Problem(UNREACHABLE, request=request) from error
        except OSError as error:
            raise Problem(UNREACHABLE) from error
        found = answer.json()
        if answer.is_error or "error" in found:
            raise _problem(found.get("error"), request)
        outcome = found.get("result")
        return outcome if isinstance(outcome, dict) else {}


def _problem(error: Any, request: str) -> Problem:
    """A callable's error: its details carry code and field, its message a sentence."""
    if not isinstance(error, dict):
        return Problem("unknown", request=request)
    details = error.get("details")
    details = details if isinstance(details, dict) else {}
    status = str(error.get("status", "unknown")).lower()
    if status == "unauthenticated" and not details.get("code"):
        return Problem(SIGNED_OUT, request=request)
    sentence = str(error.get("message") or "")
    code, field = str(details.get("code") or status), str(details.get("field") or "")
    return Problem(code, field, sentence, request)
