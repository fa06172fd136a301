"""The people of a home: roles, invitations, coming and going."""

from collections.abc import Awaitable, Callable

from .. import routes
from ..calls import Calls
from ..state import State


class LivingTogether:
    """prefer: the home to be shown as soon as it can be. Every verb raises Problem."""

    def __init__(self, calls: Calls, state: State, prefer: Callable[[str], Awaitable[None]], go: Callable[[str], None]):
        self._calls = calls
        self._household = state.household
        self._prefer = prefer
        self._go = go

    async def set_role(self, uid: str, role: str) -> None:
        await self._calls.of_home("setrole", member=uid, role=role)

    async def remove(self, home: str, uid: str) -> None:
        """Takes somebody out of a home; oneself: one leaves."""
        await self._calls.as_person("removemember", home=home, member=uid)

    async def pass_on(self, home: str, uid: str, with_hub: bool) -> None:
        """Another member becomes the owner, and oneself a member. with_hub: one's own hub that serves it too."""
        await self._calls.as_person("passhome", home=home, member=uid, hub=with_hub)

    async def invite(self, role: str, email: str) -> None:
        """Makes a link; with an address it is mailed, and only who has that address may follow it."""
        address = {"email": email.strip()} if email.strip() else {}
        made = await self._calls.of_home("invite", role=role, **address)
        self._household.link = str(made.get("link", ""))

    async def withdraw(self, home: str, invitation: str) -> None:
        await self._calls.as_person("withdrawinvitation", home=home, invitation=invitation)
        if self._calls.is_open(home):
            self._household.link = ""

    async def accept(self, home: str, code: str) -> None:
        """Follows an invitation, and opens its home."""
        joined = await self._calls.as_person("acceptinvitation", home=home, code=code)
        await self._prefer(str(joined.get("home", home)))
        self._go(routes.HOME)

    def decline(self) -> None:
        self._go(routes.HOME)
