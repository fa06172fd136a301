"""The door: `POST /v1/meters/{meter}/frames`. What else this hub answers to stands in the routes it is given."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from starlette.applications import Starlette
from starlette.datastructures import Address
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from . import acknowledge, log, verify
from .clock import Clock
from .commit import Batch, NotKept, Outcome
from .contract import wire
from .contract.refusal import Refusal
from .guard import Guard
from .roster import Downlink, Meter, Roster

BODY_TIMEOUT_S = 10.0  # a meter sends its 32 KiB within one; a client that drips bytes is let go
RETRY_S = 5
STATUS = {"bad_mac": 401, "unknown_meter": 404, "too_large": 413}  # any other refusal of a whole request is 400


class Commits(Protocol):
    """Returns when the batch is on the disk. Raises NotKept."""

    async def commit(self, batch: Batch) -> Outcome: ...


class Receiver:
    """Judges, has committed, and answers. Knows no cloud: what was committed is told to `committed`."""

    def __init__(
        self,
        roster: Roster,
        writer: Commits,
        clock: Clock,
        real: Clock,
        committed: Callable[[Meter, verify.Request, Outcome], None],
        sighted: Callable[[str, str], None],
        guard: Guard,
    ):
        self._roster, self._writer, self._clock, self._real = roster, writer, clock, real
        self._committed, self._sighted = committed, sighted  # sighted: a meter's name, and its address
        self._guard = guard
        self._seldom = log.Seldom()
        self.turned_away: Counter[str] = Counter()  # whole requests, by code and field; the hub moves them to the disk

    def app(self, *others: Route) -> Starlette:
        return Starlette(routes=[Route("/v1/meters/{meter}/frames", self.frames, methods=["POST"]), *others])

    async def frames(self, http: Request) -> Response:
        """One meter's request. Idempotent by each frame's (meter, boot_id, seq)."""
        name = http.path_params["meter"]
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                body = await _body(http)
            return await self._answer(name, body, http.client)
        except Refusal as refusal:
            self._guard.doubted(http.client)
            return self._turn_away(name, refusal)
        except NotKept as error:
            self._seldom.event("not kept", str(error), logging.ERROR, meter=name, reason=error)
            return _json(503, acknowledge.refusal("not_kept", ""), {"Retry-After": str(RETRY_S)})
        except (TimeoutError, ClientDisconnect):
            self._count("too_slow", "body")
            return _json(408, acknowledge.refusal("too_slow", "body"), {"Connection": "close"})

    async def _answer(self, name: str, body: bytes, client: Address | None) -> Response:
        if not wire.is_meter_id(name):
            raise Refusal("malformed", "meter")
        meter = self._roster.get(name)
        if meter is None or meter.signer is None:
            self._sighted(name, client.host if client else "")
            raise Refusal("unknown_meter", "meter")
        request = verify.judge(meter.signer, name, body)
        now_ms = self._clock()
        is_replay = not meter.heard(request.poll, now_ms)
        if not is_replay:
            self._guard.proved(client, name)
        if request.items or request.refused:
            outcome = await self._writer.commit(Batch(request, now_ms, is_replay))
            meter.registers = outcome.registers
            self._committed(meter, request, outcome)
        answer = acknowledge.reply(meter, request, now_ms, self._real())
        return _json(200, answer, {"Sunmeter-Mac": acknowledge.mac(meter, request, answer)})

    def _turn_away(self, name: str, refusal: Refusal) -> Response:
        self._count(refusal.code, refusal.field)
        helps = refusal.code in ("unknown_meter", "bad_mac")
        answer = acknowledge.refusal(refusal.code, refusal.field, self._downlink(name) if helps else None)
        return _json(STATUS.get(refusal.code, 400), answer)

    def _count(self, code: str, field: str) -> None:
        """Both are words of the contract: nobody on the LAN can invent a counter."""
        self.turned_away[f"turned away {code} {field}"] += 1

    def _downlink(self, name: str) -> Downlink | None:
        meter = self._roster.get(name)
        return meter.downlink if meter else None


async def _body(http: Request) -> bytes:
    """The request's body. Raises Refusal before more than the limit was read."""
    body = bytearray()
    async for piece in http.stream():
        body += piece
        if len(body) > wire.MAX_BODY_BYTES:
            raise Refusal("too_large", "body")
    return bytes(body)


def _json(status: int, body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")
