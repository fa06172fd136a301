"""The border to HTTP: what comes in is unpacked within limits, what goes out says what to do, no error is unnamed."""

import functools
import hashlib
import ipaddress
import json
import math
import time
import zlib
from collections.abc import Callable
from typing import Any, cast

from firebase_functions import https_fn
from firebase_functions.firestore_fn import Event
from firebase_functions.https_fn import CallableRequest, FunctionsErrorCode, HttpsError
from flask import Request, Response
from werkzeug.exceptions import RequestEntityTooLarge

from . import log
from .clients import Cloud, cloud
from .contract.refusal import Refusal
from .domain.buckets import Buckets
from .domain.refusals import Refused, meaning_of
from .store import Fields

MAX_BODY_BYTES = 2 << 20  # 2,000 intervals of about 1 kB; the limit holds packed and unpacked
FEW_BYTES = 16 << 10  # what anybody may send before it is known who they are
MAX_CALL_BYTES = 256 << 10  # a year of market prices has 130 kB; many calls at once share an instance's memory
MAX_PIECE_BYTES = 8 << 20  # a piece of a file is a million characters, each of which JSON may write as six
DRAINED_BYTES = 65_536
RETRY_AFTER_S = 5
OF_CALLER = Buckets(per_s=50, burst=200)  # a hub with a backlog sends ten requests a second
OF_ADDRESS = Buckets(per_s=200, burst=800)  # a street behind one router
BUSY = "The service is busy. Try again in a few seconds."

_CODES = {
    400: FunctionsErrorCode.INVALID_ARGUMENT,
    401: FunctionsErrorCode.UNAUTHENTICATED,
    403: FunctionsErrorCode.PERMISSION_DENIED,
    404: FunctionsErrorCode.NOT_FOUND,
    409: FunctionsErrorCode.ALREADY_EXISTS,
    410: FunctionsErrorCode.FAILED_PRECONDITION,
    412: FunctionsErrorCode.FAILED_PRECONDITION,
    413: FunctionsErrorCode.INVALID_ARGUMENT,
    429: FunctionsErrorCode.RESOURCE_EXHAUSTED,
}


def requested(handler: Callable[[Request, Cloud], Response], request: Request) -> Response:
    """Answers an HTTPS request; a refusal becomes its status with {"v", "code", "field", "message"}.

    The answer names the request as the log does.
    """
    with log.following(request.headers.get(log.HEADER)):
        answer = _answered(handler, request)
        answer.headers[log.HEADER] = log.request()
        return answer


def _answered(handler: Callable[[Request, Cloud], Response], request: Request) -> Response:
    try:
        if request.method != "POST":
            raise Refused("method")
        _let_in(handler.__qualname__, request.headers.get("Authorization"), request)
        return handler(request, cloud())
    except Refusal as refusal:
        meaning = meaning_of(refusal)
        log.warning("request refused", function=handler.__qualname__, code=refusal.code, field=refusal.field)
        body = {"v": 1, "code": refusal.code, "field": refusal.field, "message": meaning.sentence}
        return reply(body, meaning.http, getattr(refusal, "retry_after_s", None))
    except Exception as error:
        log.failure("request failed", error, function=handler.__qualname__)
        return reply({"v": 1, "code": "busy", "field": "", "message": BUSY}, 503, RETRY_AFTER_S)


def called(handler: Callable[[CallableRequest[Any], Cloud], dict[str, Any]], request: CallableRequest[Any]) -> Any:
    """Answers a callable; a refusal becomes an HttpsError with a sentence and details {"code", "field", "request"}."""
    with log.following(request.raw_request.headers.get(log.HEADER)):
        return _called(handler, request)


def _called(handler: Callable[[CallableRequest[Any], Cloud], dict[str, Any]], request: CallableRequest[Any]) -> Any:
    try:
        _let_in(handler.__qualname__, request.auth.uid if request.auth else None, request.raw_request)
        return handler(request, cloud())
    except Refusal as refusal:
        meaning = meaning_of(refusal)
        log.warning("call refused", function=handler.__qualname__, code=refusal.code, field=refusal.field)
        raise HttpsError(_CODES[meaning.http], meaning.sentence, _details(refusal)) from refusal
    except Exception as error:
        log.failure("call failed", error, function=handler.__qualname__)
        raise HttpsError(FunctionsErrorCode.UNAVAILABLE, BUSY, _told("busy", "")) from error


def on_call(
    *, most_bytes: int = MAX_CALL_BYTES, **options: Any
) -> Callable[[Callable[[CallableRequest[Any]], Any]], Callable[[Request], Response]]:
    """`https_fn.on_call`, which answers a body that is no call with a 500: here that is refused before."""

    def declared(handler: Callable[[CallableRequest[Any]], Any]) -> Callable[[Request], Response]:
        answer = cast(Callable[[Request], Response], https_fn.on_call(**options)(handler))  # its types say otherwise

        @functools.wraps(answer)
        def checked(request: Request) -> Response:
            with log.following(request.headers.get(log.HEADER)):
                try:
                    if request.method == "POST":
                        _check_call(request, most_bytes)
                except Refused as refusal:
                    meaning = meaning_of(refusal)
                    log.warning("call refused", function=handler.__name__, code=refusal.code, field=refusal.field)
                    error = {"status": _CODES[meaning.http].name, "message": meaning.sentence}
                    return reply({"error": {**error, "details": _details(refusal)}}, meaning.http)
            return answer(request)

        return checked

    return declared


def _check_call(request: Request, most_bytes: int) -> None:
    """Is the body {"data": …} as JSON? Refused: too_large, malformed."""
    try:
        _limit(request, most_bytes)
        body = request.get_json(silent=True)  # None for what is not JSON, by its bytes or its Content-Type
    except RequestEntityTooLarge as error:
        raise Refused("too_large", "body") from error
    except RecursionError as error:
        raise Refused("malformed", "body") from error
    if not isinstance(body, dict) or body.keys() != {"data"}:
        raise Refused("malformed", "body")


def _let_in(function: str, caller: str | None, request: Request) -> None:
    """Refused: try_later, where a caller or an address comes too often to this function of this instance."""
    # Whatever length somebody gives their name: of each only a digest is remembered.
    named = hashlib.sha256(caller.encode()).digest() if caller else None
    asked = ((OF_CALLER, named), (OF_ADDRESS, address_of(request)))
    now_s = time.monotonic()
    wait_s = max(buckets.wait_s((function, key), now_s) for buckets, key in asked if key)
    if wait_s:
        raise Refused("try_later", retry_after_s=math.ceil(wait_s))


class Later(Exception):
    """A task has come before its time; Cloud Tasks tries again."""


def tasked(handler: Callable[[dict[str, Any], Cloud], None], request: CallableRequest[Any]) -> None:
    """Runs a task. A refusal is final; any other error makes Cloud Tasks try again."""
    asked_by = request.data.get("request") if isinstance(request.data, dict) else None
    with log.following(asked_by):
        _tasked(handler, request)


def _tasked(handler: Callable[[dict[str, Any], Cloud], None], request: CallableRequest[Any]) -> None:
    try:
        handler(request.data, cloud())
    except Refusal as refusal:
        log.warning("task refused", function=handler.__qualname__, code=refusal.code, field=refusal.field)
    except Later as error:
        log.info("task is early", function=handler.__qualname__, reason=str(error))
        raise
    except Exception as error:
        log.failure("task failed", error, function=handler.__qualname__)
        raise


def triggered(
    handler: Callable[[Fields | None, Fields | None, dict[str, str], Cloud], None], event: Event[Any]
) -> None:
    """Runs a Firestore trigger with the document before and after. Nobody retries it: `reconcile` redoes what fails."""
    before, after = event.data.before, event.data.after
    is_now = after and after.to_dict()
    with log.following(is_now and is_now.get("request")):
        try:
            handler(before and before.to_dict(), is_now, event.params, cloud())
        except Exception as error:
            log.failure("trigger failed", error, function=handler.__qualname__)
            raise


def json_body(request: Request, most_bytes: int = FEW_BYTES) -> Any:
    """The JSON of a request, plain or gzip, at most so long packed and unpacked. Refused: too_large, malformed."""
    try:
        _limit(request, most_bytes)
        body = request.get_data(cache=False)
        return json.loads(_unzipped(body, most_bytes) if body[:2] == b"\x1f\x8b" else body)
    except RequestEntityTooLarge as error:
        raise Refused("too_large", "body") from error
    except (ValueError, zlib.error, RecursionError) as error:
        raise Refused("malformed", "body") from error


def _limit(request: Request, most_bytes: int) -> None:
    """Lets no more of a body be kept. Raises RequestEntityTooLarge where it is said to be longer."""
    if (request.content_length or 0) > most_bytes:
        while request.stream.read(DRAINED_BYTES):
            pass  # an answer to a request that is not read to its end may never arrive
        raise RequestEntityTooLarge
    request.max_content_length = most_bytes  # who sends it need not say how long it is


def _unzipped(body: bytes, most_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    unpacked = unpacker.decompress(body, most_bytes + 1)
    if len(unpacked) > most_bytes:
        raise Refused("too_large", "body")
    if not unpacker.eof:
        raise Refused("malformed", "body")
    return unpacked


def address_of(request: Request) -> str:
    """The caller's address as Google's front end saw it: the last entry; those before it are the caller's own words.

    Of IPv6 it is the network, as one line to the internet has 2^64 addresses or more.
    """
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
    address = forwarded or request.remote_addr or "unknown"
    return str(ipaddress.ip_network((address, 64), strict=False)) if _is_ipv6(address) else address


def _is_ipv6(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).version == 6
    except ValueError:
        return False


def reply(body: dict[str, Any], status: int = 200, retry_after_s: int | None = None) -> Response:
    response = Response(json.dumps(body, separators=(",", ":")), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(retry_after_s)
    return response


def _told(code: str, field: str) -> dict[str, Any]:
    return {"code": code, "field": field, **({"request": log.request()} if log.request() else {})}


def _details(refusal: Refusal) -> dict[str, Any]:
    details = _told(refusal.code, refusal.field)
    if isinstance(refusal, Refused) and refusal.retry_after_s is not None:
        details["retry_after_s"] = refusal.retry_after_s
    return details
