"""Setting up: a home, its hub, its meter, and what may come later."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from .. import codes
from ..calls import Calls
from ..contract import ledger
from ..data.backend import Memory
from ..model.set_up import passed_from, passed_written
from ..problems import Problem
from ..state import State

KEPT_ZONE, KEPT_SET_UP = "sunmeter.zone", "sunmeter.set_up"


class SettingUp:
    """open_new: opens a home that was just made; settle: another step reads something else. Verbs raise Problem."""

    def __init__(
        self,
        calls: Calls,
        state: State,
        memory: Memory,
        open_new: Callable[[str], Awaitable[None]],
        settle: Callable[[], None],
    ):
        self._calls = calls
        self._state = state
        self._memory = memory
        self._open_new = open_new
        self._settle = settle

    async def recall(self) -> None:
        """How far it came in this browser."""
        self._state.progress.passed = passed_from(await self._memory.get(KEPT_SET_UP))

    async def forget(self) -> None:
        await self._memory.forget(KEPT_SET_UP)

    async def create_home(self, name: str, zone: str, currency: str) -> None:
        """Makes a home, opens it, and goes on to its hub."""
        if not name.strip():
            raise Problem("home_name", "name")
        made = await self._calls.as_person("createhome", name=name.strip(), zone=zone, currency=currency)
        home = str(made.get("home", ""))
        await self._keep(home, ())
        await self._open_new(home)

    async def enrol_hub(self, typed: str) -> None:
        """Approves the hub that shows this code, for the open home."""
        await self._calls.of_home("enrolapprove", user_code=codes.hub_code(typed))
        await self._begin()

    async def claim_meter(self, typed: str) -> None:
        """Claims the meter with this label for the open home."""
        await self._calls.of_home("claimmeter", label=codes.meter_label(typed))
        await self._begin()

    async def pass_by(self, step: str) -> None:
        """The step is done, or left for later; what is there by itself need not be passed."""
        home = self._calls.home().id
        await self._keep(home, (*self._state.progress.passed.get(home, ()), step))
        self._settle()

    async def _begin(self) -> None:
        """The set-up of the open home goes on here."""
        home = self._calls.home().id
        await self._keep(home, self._state.progress.passed.get(home, ()))

    async def _keep(self, home: str, steps: tuple[str, ...]) -> None:
        progress = self._state.progress
        progress.passed = {**progress.passed, home: steps}
        await self._memory.put(KEPT_SET_UP, passed_written(progress.passed))

    async def suggested_zone(self) -> str:
        """The browser's own time zone, "" where it does not tell or this machine does not know it."""
        kept = await self._memory.get(KEPT_ZONE) or ""
        with suppress(Exception):
            return str(ledger.zone_named(kept))
        return ""
