"""What a visit asks of the cloud's callables: as the person who is signed in, of the home that is open."""

from collections.abc import Awaitable, Callable
from typing import Any

from .data.functions import Functions
from .model.home import Home
from .problems import Problem
from .state import Session


class Calls:
    """The callables, with the token and the home they need. Every method raises Problem."""

    def __init__(
        self,
        functions: Functions,
        id_token: Callable[[], Awaitable[str]],
        session: Session,
        called: Callable[[], None],
    ):
        """called: something has been done, and documents may be others now."""
        self._functions = functions
        self._id_token = id_token
        self._session = session
        self._called = called

    async def as_person(self, name: str, /, **payload: Any) -> dict[str, Any]:
        answer = await self._functions.call(name, payload, await self._id_token())
        self._called()
        return answer

    async def of_home(self, name: str, /, **payload: Any) -> dict[str, Any]:
        return await self.as_person(name, home=self.home().id, **payload)

    def is_open(self, home_id: str) -> bool:
        """Whether it is the home on the screen, still."""
        return self._session.home is not None and self._session.home.id == home_id

    def home(self) -> Home:
        """The open home. Raises Problem("no_home")."""
        if self._session.home is None:
            raise Problem("no_home")
        return self._session.home
