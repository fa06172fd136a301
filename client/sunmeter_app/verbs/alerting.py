"""What a household says of its alerts."""

from collections.abc import Callable

from ..calls import Calls
from ..model.alert import Alert, Rating
from ..state import State

KNOWN_FOR_MS = 7 * 86_400_000


class Alerting:
    """Every verb raises Problem."""

    def __init__(self, calls: Calls, state: State, settle: Callable[[], None], now_s: Callable[[], float]):
        """settle: reads what is looked at now."""
        self._calls = calls
        self._inbox = state.inbox
        self._settle = settle
        self._now_s = now_s

    def look_at(self, alert: Alert | None) -> None:
        """Shows the day of an alert, or of none."""
        self._inbox.looked_at, self._inbox.day = alert, None
        self._settle()

    async def rate(self, alert_id: str, rating: Rating) -> None:
        """Says whether an alert was real."""
        await self._calls.of_home("ratealert", alert=alert_id, rating=rating.value)

    async def acknowledge(self, alert_id: str) -> None:
        """Says that one has seen it: nobody is told any more who has not been. It cannot be taken back."""
        await self._calls.of_home("ackalert", alert=alert_id)

    async def know_load(self, alert_id: str) -> None:
        """Nobody of the home is told of this load for a week, unless it grows by half."""
        await self._calls.of_home("muteload", alert=alert_id, until_ms=int(self._now_s() * 1000) + KNOWN_FOR_MS)

    async def forget_load(self, alert_id: str) -> None:
        await self._calls.of_home("muteload", alert=alert_id, until_ms=0)
