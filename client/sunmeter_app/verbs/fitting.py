"""Meter and hub: calibrated, updated, shared in the house, released."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..calls import Calls
from ..model import typed
from ..model.typed import Draft
from ..problems import Problem
from ..state import State

MOST_FIRMWARE = 65_535


@dataclass
class ReadingDraft:
    """A reading of the utility's meter being typed: date, time, what the display shows [kWh]."""

    date: Draft = field(default_factory=Draft)
    clock: Draft = field(default_factory=lambda: Draft("12:00"))
    imported: Draft = field(default_factory=Draft)
    exported: Draft = field(default_factory=Draft)  # "": not read

    @property
    def is_blank(self) -> bool:
        return not (self.date.text.strip() or self.imported.text.strip())


class Fitting:
    """Every verb raises Problem."""

    def __init__(self, calls: Calls, state: State):
        self._calls = calls
        self._devices = state.devices

    # --- the calibration --------------------------------------------------------------------------------------------

    async def calibrate(self, step: str, **arguments: Any) -> None:
        """Asks the meter for a step; its answer appears among the outcomes."""
        self._devices.step = ""
        asked = await self._calls.of_home("calibratemeter", step=step, **arguments)
        self._devices.step = str(asked["job"])

    async def set_clamps(self, fix: Mapping[str, Any]) -> None:
        await self.calibrate("clamps", set=dict(fix))

    async def fit_bill(self, readings: list[ReadingDraft]) -> None:
        """Compares two or three readings of the utility's meter with what the home's meter counted."""
        told = [self._reading(each, place) for place, each in enumerate(readings) if not each.is_blank]
        if len(told) < 2:
            raise Problem("two_readings", "readings")
        await self._calls.of_home("fitbill", readings=told)

    async def apply_bill(self, gain_ppm: int) -> None:
        await self._calls.of_home("applybill", gain_ppm=gain_ppm)

    def _reading(self, draft: ReadingDraft, place: int) -> dict[str, int]:
        where = f"readings.{place}"
        day, minutes = typed.day(draft.date.text, where), typed.clock(draft.clock.text, where)
        local = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(minutes // 60, minutes % 60))
        at_s = local.replace(tzinfo=self._calls.home().tz).timestamp()
        exported = draft.exported.text.strip()
        return {
            "at_ms": int(at_s * 1000),
            "import_wh": typed.wh(draft.imported.text, where),
            **({"export_wh": typed.wh(exported, where)} if exported else {}),
        }

    # --- the devices ------------------------------------------------------------------------------------------------

    async def update(self, version: str) -> None:
        """Offers a published firmware to the meter; "": the newest."""
        typed_in = version.strip()
        if typed_in and (not typed_in.isdecimal() or not 0 < int(typed_in) <= MOST_FIRMWARE):
            raise Problem("version", "version")
        answer = await self._calls.of_home("rolloutfirmware", **({"version": int(typed_in)} if typed_in else {}))
        self._devices.offered = int(answer["version"])

    async def release(self, home: str) -> None:
        await self._calls.as_person("releasemeter", home=home)

    async def move(self, home: str, to_home: str) -> None:
        """Takes a home's meter to another home of one's own; what it counted stays."""
        await self._calls.as_person("movemeter", home=home, to_home=to_home)
        if self._calls.is_open(home):
            self._devices.moved_to = to_home

    async def bring_back(self) -> None:
        """Undoes the last move."""
        await self._calls.as_person("movemeter", home=self._devices.moved_to, to_home=self._calls.home().id)
        self._devices.moved_to = ""

    async def revoke(self, hub: str) -> None:
        await self._calls.as_person("revokehub", hub=hub)

    async def consent(self, given: bool) -> None:
        """Whether the neighbourhood's operator may switch this home's load off for a while."""
        await self._calls.of_home("consentshed", consent=given)

    async def share(self, **what: bool) -> None:
        """mqtt, page: what the hub shows in the house. A new page makes a new code, told once."""
        answer = await self._calls.of_home("sharelocally", **what)
        self._devices.page_code = str(answer.get("code") or "")
