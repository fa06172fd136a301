"""What a home pays: its tariffs, tried out and set; its budget."""

from collections.abc import Callable

from .. import routes
from ..calls import Calls
from ..contract import ledger
from ..model import typed
from ..model.bill import what_if_from
from ..model.tariff import Tariff, TariffDraft, draft_of, in_force
from ..problems import Problem
from ..state import State


class Paying:
    """go: leads the browser to another address. Every verb that calls raises Problem."""

    def __init__(self, calls: Calls, state: State, go: Callable[[str], None], now_s: Callable[[], float]):
        self._calls = calls
        self._money = state.money
        self._go = go
        self._now_s = now_s

    @property
    def today(self) -> str:
        return ledger.local_day(int(self._now_s()), self._calls.home().tz).day

    def draft(self) -> TariffDraft:
        """The tariff being typed; a new one begins today, as the one in force."""
        if self._money.draft is None:
            self._money.draft = draft_of(in_force(self._money.tariffs or (), self.today), self.today)
        return self._money.draft

    def write(self, tariff: Tariff | None) -> None:
        """Opens the form: for that tariff, or for a new one."""
        self._money.tried = None
        self._money.draft = draft_of(tariff, tariff.id) if tariff else None
        self._go(routes.TARIFF)

    async def try_out(self) -> None:
        """What the typed tariff would have made of the last twelve months."""
        self._money.tried = None
        self._money.tried = what_if_from(await self._calls.of_home("whatif", tariff=self.draft().told()))

    async def set_tariff(self, draft: TariffDraft) -> None:
        await self._calls.of_home("settariff", tariff=draft.told())

    async def save(self) -> None:
        await self.set_tariff(self.draft())
        self._money.draft = self._money.tried = None
        self._go(routes.MONEY)

    async def delete(self, tariff: Tariff) -> None:
        await self._calls.of_home("deletetariff", tariff=tariff.id)
        self._money.deleted = tariff

    async def undo_delete(self) -> None:
        tariff = self._money.deleted
        if tariff is not None:
            await self._calls.of_home("settariff", tariff=_as_asked(tariff))
            self._money.deleted = None

    async def set_budget(self, text: str) -> None:
        """What a month may cost; nothing typed is no budget."""
        month_micro = typed.micro(text, "budget") if text.strip() else None
        if month_micro is not None and month_micro <= 0:
            raise Problem("amount", "budget")
        await self._calls.of_home("setbudget", month_micro=month_micro)


def _as_asked(tariff: Tariff) -> dict[str, object]:
    """A stored tariff without what the cloud adds to it."""
    return {name: told for name, told in tariff.document.items() if name not in ("rev", "set_by", "updated")}
