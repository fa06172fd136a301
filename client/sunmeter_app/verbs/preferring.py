"""How a person wants the app to look and speak, and what they want to hear of and when."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..calls import Calls
from ..contract import documents
from ..data.backend import Memory
from ..data.source import Denied, Source
from ..model import typed
from ..model.profile import Profile
from ..problems import SIGNED_OUT, UNREACHABLE, Problem
from ..state import State
from ..strings import LANGUAGES

KEPT_THEME, KEPT_LANGUAGE, KEPT_BROWSER_LANGUAGE = "sunmeter.theme", "sunmeter.language", "sunmeter.browser_language"


class Preferring:
    """source: the signed-in user's view of the database; None: nobody is signed in. What is written raises Problem."""

    def __init__(self, calls: Calls, state: State, memory: Memory, source: Callable[[], Source | None]):
        self._calls = calls
        self._state = state
        self._memory = memory
        self._source = source

    async def recall(self) -> None:
        """Looks and language as this browser had them last; else the browser's own language, else English."""
        ui = self._state.ui
        ui.theme = await self._memory.get(KEPT_THEME) or "system"
        for name in (KEPT_LANGUAGE, KEPT_BROWSER_LANGUAGE):
            if language := _spoken(await self._memory.get(name)):
                ui.language = language
                return

    async def take_over(self, profile: Profile) -> None:
        """Speaks the account's language from now on: a browser's own choice holds until its person has signed in."""
        language = _spoken(profile.locale)
        if language and language != self._state.ui.language:
            self._state.ui.language = language
            await self._memory.put(KEPT_LANGUAGE, language)

    async def choose_theme(self, theme: str) -> None:
        self._state.ui.theme = theme
        await self._memory.put(KEPT_THEME, theme)

    async def choose_language(self, language: str) -> None:
        """Speaks another language from now on, here and in notifications."""
        self._state.ui.language = language
        await self._memory.put(KEPT_LANGUAGE, language)
        await self._write(locale=language)

    # --- what one wants to hear of ----------------------------------------------------------------------------------

    async def push(self, is_on: bool) -> None:
        """Whether devices are told at all."""
        await self._write(channels={"push": is_on, "mail": sorted(self._known().mailed)})

    async def mail(self, kind: str, is_on: bool) -> None:
        """Whether a mail tells of a kind too."""
        known = self._known()
        mailed = known.mailed | {kind} if is_on else known.mailed - {kind}
        await self._write(channels={"push": known.is_pushed, "mail": sorted(mailed)})

    async def hear_of(self, kind: str, is_on: bool) -> None:
        """Whether a kind is told at all; it stands in the app in any case."""
        mutes = {name: until for name, until in self._known().mutes.items() if name != kind}
        await self._write(mutes=mutes if is_on else {**mutes, kind: None})

    async def be_quiet(self, begins: str, ends: str) -> None:
        """From when to when nobody disturbs, by the home's clock."""
        from_min, to_min = typed.clock(begins, "from"), typed.clock(ends, "to")
        if from_min == to_min:
            raise Problem("quiet", "to")
        await self._write(quiet={"from_min": from_min, "to_min": to_min})

    async def be_loud(self) -> None:
        await self._write(quiet=None)

    async def show_power_in(self, unit: str) -> None:
        """kW or W."""
        await self._write(shows=replace(self._known().shows, power=unit).written())

    async def show_co2(self, is_on: bool) -> None:
        await self._write(shows=replace(self._known().shows, co2=is_on).written())

    async def test_push(self) -> tuple[int, int]:
        """Sends a notice to one's own devices: (sent, devices that were forgotten or not reached)."""
        answer = await self._calls.as_person("testpush")
        return int(answer.get("sent", 0)), int(answer.get("dead", 0)) + int(answer.get("unreached", 0))

    # --- the profile ------------------------------------------------------------------------------------------------

    def _known(self) -> Profile:
        """Raises Problem while it is not read: a write would wipe what is there."""
        profile = self._state.session.profile
        if profile is None:
            raise Problem(UNREACHABLE)
        return profile

    async def _write(self, **changes: Any) -> None:
        """Changes what the person says of themselves."""
        person, source = self._state.session.person, self._source()
        if person is None or source is None:
            raise Problem(SIGNED_OUT)
        try:
            await source.put(documents.user(person.uid), self._known().with_(**changes))
        except Denied as error:
            raise Problem("not_allowed") from error
        except OSError as error:
            raise Problem(UNREACHABLE) from error


def _spoken(locale: str | None) -> str:
    """The language of a locale such as fr-CA; "" where the app does not speak it."""
    language = (locale or "").partition("-")[0].lower()
    return language if language in LANGUAGES else ""
