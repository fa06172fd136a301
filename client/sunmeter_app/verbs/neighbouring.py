"""A hub that serves a neighbour's home: one side shows a code, the other types it."""

import re

from ..calls import Calls
from ..problems import Problem
from ..state import State

CODE_LENGTH = 8


class Neighbouring:
    """hub: one's own, which may serve others; None: the open home asks for somebody's. Every verb raises Problem."""

    def __init__(self, calls: Calls, state: State):
        self._calls = calls
        self._devices = state.devices

    async def show_code(self, hub: str | None) -> None:
        """Makes a code to be typed by the neighbour; good for a day and for once."""
        made = await (self._calls.as_person("offerhub", hub=hub) if hub else self._calls.of_home("askforhub"))
        self._devices.neighbour_code = str(made.get("code") or "")

    async def accept(self, hub: str | None, typed: str) -> None:
        code = re.sub(r"[\s-]", "", typed).upper()
        if len(code) != CODE_LENGTH or not code.isalnum():
            raise Problem("neighbour_code", "code")
        if hub:
            await self._calls.as_person("acceptneighbour", hub=hub, code=code)
        else:
            await self._calls.of_home("accepthub", code=code)

    async def end(self, hub: str, home: str) -> None:
        await self._calls.as_person("endneighbour", hub=hub, home=home)
