"""Who is calling: a person or a hub, never taken for the other."""

from dataclasses import dataclass
from typing import Any

from firebase_admin import auth
from firebase_functions.https_fn import CallableRequest
from flask import Request

from .clients import Cloud
from .contract import documents
from .domain.refusals import Refused
from .store import Fields

HUB = "hub"  # value of the custom claim `role`


@dataclass(frozen=True)
class Hub:
    """An enrolled hub whose access stands, with its own document."""

    uid: str
    document: Fields


def person(request: CallableRequest[Any], *, verified: bool = False) -> str:
    """The uid of the person who calls. Refused: unauthenticated, people_only, not_verified."""
    uid, claims = _caller(request)
    if claims.get("role") == HUB:
        raise Refused("people_only")
    if verified and not claims.get("email_verified"):
        raise Refused("not_verified")
    return uid


def areas_of(request: CallableRequest[Any]) -> set[str]:
    """The areas that the caller operates, by the claim that only the project itself can set."""
    areas = _caller(request)[1].get("areas")
    return set(areas) if isinstance(areas, list) else set()


def operator(request: CallableRequest[Any], area: str) -> str:
    """The uid of a person who operates that area. Refused: unauthenticated, people_only, operators_only."""
    uid = person(request)
    if area not in areas_of(request):
        raise Refused("operators_only", "area")
    return uid


def calling_hub(request: CallableRequest[Any], cloud: Cloud) -> Hub:
    """The hub that calls. Refused: unauthenticated, hubs_only, revoked."""
    return _hub(*_caller(request), cloud)


def sending_hub(request: Request, cloud: Cloud) -> Hub:
    """The hub whose ID token a request bears. Refused: unauthenticated, hubs_only, revoked."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("unauthenticated", "authorization")
    try:
        claims = cloud.verify_token(token)
    except (auth.InvalidIdTokenError, ValueError) as error:
        raise Refused("unauthenticated", "authorization") from error
    return _hub(claims["uid"], claims, cloud)


def _caller(request: CallableRequest[Any]) -> tuple[str, dict[str, Any]]:
    if request.auth is None or not request.auth.uid:
        raise Refused("unauthenticated")
    return request.auth.uid, request.auth.token


def _hub(uid: str, claims: dict[str, Any], cloud: Cloud) -> Hub:
    """Revocation is read from the hub's document: an ID token lives an hour."""
    if claims.get("role") != HUB:
        raise Refused("hubs_only")
    document = cloud.store.read(documents.hub(uid))
    if document is None or document["revoked"]:
        raise Refused("revoked")
    return Hub(uid, document)
