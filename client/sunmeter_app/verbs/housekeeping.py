"""What a home is called, where it lies, which neighbourhood it belongs to, and how closely it is watched."""

from ..calls import Calls
from ..problems import Problem


class Housekeeping:
    """Every verb raises Problem."""

    def __init__(self, calls: Calls):
        self._calls = calls

    async def change(self, name: str, zone: str, currency: str, area: str) -> None:
        """Zone and currency stay as they are once there are days, or tariffs; no area is no neighbourhood."""
        if not name.strip():
            raise Problem("home_name", "name")
        await self._calls.of_home(
            "changehome", name=name.strip(), zone=zone, currency=currency, area=area.strip().lower() or None
        )

    async def accept_false_alerts(self, per_year: int) -> None:
        """How often the home's alerts may be wrong; the next night's training follows."""
        await self._calls.of_home("changehome", false_alerts_per_year=per_year)
