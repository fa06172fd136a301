"""How the hub is, for anyone on the LAN: no name of a home, no value of a meter. `GET /healthz`."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import __version__
from .clock import Clock
from .cloud import Identity
from .roster import Roster

Told = dict[str, Any]


class Health:
    """weather: set while the cloud takes what is sent. waiting: gives the number of intervals that wait for it."""

    def __init__(
        self, roster: Roster, identity: Identity, weather: asyncio.Event, waiting: Callable[[], int], clock: Clock
    ):
        self._roster, self._identity, self._weather, self._waiting = roster, identity, weather, waiting
        self._clock = clock
        self._started_ms = clock()

    @property
    def cloud(self) -> str:
        """ok, away, or why it accepts this hub no more."""
        return self._identity.refusal or ("ok" if self._weather.is_set() else "away")

    def told(self) -> Told:
        meters = [meter for meter in self._roster.values() if meter.signer]
        return {
            "ok": True,
            "version": __version__,
            "up_s": (self._clock() - self._started_ms) // 1000,
            "cloud": self.cloud,
            "is_refused": bool(self._identity.refusal),
            "waiting": self._waiting(),
            "meters": len(meters),
            "silent": sum(meter.silent for meter in meters),
        }

    def route(self) -> Route:
        return Route("/healthz", self._healthz, methods=["GET"])

    async def _healthz(self, _: Request) -> Response:
        return Response(json.dumps(self.told()), media_type="application/json")
