"""What an operator asks of the meters and loads of an area."""

import secrets
from collections.abc import Callable

from ..calls import Calls
from ..problems import Problem
from ..state import State

LEAST_REASON = 3


class Operating:
    """changed: another area is looked at. Every verb that calls raises Problem."""

    def __init__(self, calls: Calls, state: State, changed: Callable[[], None]):
        self._calls = calls
        self._state = state
        self._changed = changed

    def look_at(self, area: str) -> None:
        self._state.neighbourhood.forget()
        self._state.neighbourhood.area = area
        self._changed()

    async def command(self, meter: str, name: str, reason: str) -> None:
        """name: ping or reboot. Who asked, when and why is kept."""
        area = self._state.neighbourhood.area
        await self._calls.as_person("commandmeter", area=area, meter=meter, name=name, reason=_checked(reason))

    async def shed(self, minutes: str, reason: str) -> None:
        """Switches off the loads of every home that consents; each returns in its own time."""
        if not minutes.strip().isdecimal() or not 1 <= int(minutes) <= 240:
            raise Problem("minutes", "for_s")
        shed, for_s = f"shed-{secrets.token_hex(6)}", int(minutes) * 60
        area = self._state.neighbourhood.area
        await self._calls.as_person("shedload", area=area, shed=shed, for_s=for_s, reason=_checked(reason))


def _checked(reason: str) -> str:
    if len(reason.strip()) < LEAST_REASON:
        raise Problem("reason", "reason")
    return reason.strip()
