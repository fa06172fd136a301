"""Setting up: a home, its hub, its meter."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from .. import codes
from ..calls import Calls
from ..contract import ledger
from ..data.backend import Memory
from ..problems import Problem

KEPT_ZONE = "sunmeter.zone"


class SettingUp:
    """open_new: opens a home that was just made. Every verb raises Problem."""

    def __init__(self, calls: Calls, memory: Memory, open_new: Callable[[str], Awaitable[None]]):
        self._calls = calls
        self._memory = memory
        self._open_new = open_new

    async def create_home(self, name: str, zone: str, currency: str) -> None:
        """Makes a home, opens it, and goes on to its hub."""
        if not name.strip():
            raise Problem("home_name", "name")
        made = await self._calls.as_person("createhome", name=name.strip(), zone=zone, currency=currency)
        await self._open_new(str(made.get("home", "")))

    async def enrol_hub(self, typed: str) -> None:
        """Approves the hub that shows this code, for the open home."""
        await self._calls.of_home("enrolapprove", user_code=codes.hub_code(typed))

    async def claim_meter(self, typed: str) -> None:
        """Claims the meter with this label for the open home."""
        await self._calls.of_home("claimmeter", label=codes.meter_label(typed))

    async def suggested_zone(self) -> str:
        """The browser's own time zone, "" where it does not tell or this machine does not know it."""
        kept = await self._memory.get(KEPT_ZONE) or ""
        with suppress(Exception):
            return str(ledger.zone_named(kept))
        return ""
