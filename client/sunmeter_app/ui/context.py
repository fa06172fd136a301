"""What every component may reach for: the visit it belongs to, how to speak, and how to run what may fail."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache

import flet as ft

from ..model.profile import Shows
from ..model.typed import Draft
from ..problems import Problem
from ..speech import Speech, Trouble
from ..visit import Visit

VisitContext: ft.ContextProvider[Visit | None] = ft.create_context(None)
Work = Callable[[], Awaitable[object]]


def use_visit() -> Visit:
    """The visit of this component tree."""
    visit = ft.use_context(VisitContext)
    assert isinstance(visit, Visit), "a component was rendered outside of a visit"
    return visit


def speech_of(visit: Visit) -> Speech:
    """How to speak in this visit: the person's language and units, the open home's zone."""
    home, profile = visit.state.session.home, visit.state.session.profile
    shows = profile.shows if profile else Shows()
    return _speech(visit.state.ui.language, home.tz.key if home else "UTC", shows)


@cache
def _speech(language: str, zone: str, shows: Shows) -> Speech:
    """Kept, because a speech prepares its locale and zone once."""
    return Speech(language, zone, shows.power, shows.co2)


def use_speech() -> Speech:
    return speech_of(use_visit())


@dataclass(frozen=True)
class Action:
    """Something a person started that takes a while and may fail."""

    is_busy: bool
    problem: Trouble  # what to show; false when all is well
    run: Callable[[Work], Awaitable[bool]]  # True when the work was done


def use_action() -> Action:
    """One action of a component: busy while it runs, its problem as a sentence when it fails."""
    visit = use_visit()
    is_busy, set_busy = ft.use_state(False)
    problem, set_problem = ft.use_state(Trouble())

    async def run(work: Work) -> bool:
        set_busy(True)
        set_problem(Trouble())
        try:
            await work()
        except Problem as error:
            set_problem(speech_of(visit).trouble(error))
            return False
        finally:
            set_busy(False)
        return True

    return Action(is_busy, problem, run)


def use_draft() -> Draft:
    """What a person types into one field of a component."""
    draft, _ = ft.use_state(Draft())
    return draft
