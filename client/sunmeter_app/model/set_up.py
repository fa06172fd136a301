"""How far the set-up of a home is: by what is there, and by what was passed in this browser. Pure."""

import json
from collections.abc import Collection, Mapping

from .home import Home

STEPS = ("home", "hub", "meter", "clamps", "tariff", "push")
LATER = STEPS[3:]  # each may be passed by
DONE = "done"
Passed = Mapping[str, tuple[str, ...]]  # the homes whose set-up was begun here → the steps that were passed


def step_of(home: Home | None, passed: Collection[str], is_told: bool) -> str:
    """The first of the steps that is not done, or DONE. is_told: this browser is told of alerts."""
    is_done = {
        "home": home is not None,
        "hub": home is not None and home.hub is not None,
        "meter": home is not None and home.meter is not None,
        "clamps": "clamps" in passed,
        "tariff": "tariff" in passed or (home is not None and bool(home.tariffs)),
        "push": "push" in passed or is_told,
    }
    return next((step for step in STEPS if not is_done[step]), DONE)


def step_left(home: Home, passed: Passed, is_told: bool) -> str | None:
    """Where a set-up that was begun here and not finished goes on; None: nowhere, or for an owner alone."""
    step = step_of(home, passed.get(home.id, ()), is_told)
    return step if home.is_owner and home.id in passed and step != DONE else None


def passed_from(kept: str | None) -> dict[str, tuple[str, ...]]:
    """Reads what a browser kept; what is not understood is left out."""
    try:
        found = json.loads(kept or "{}")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        home: tuple(step for step in LATER if step in steps) for home, steps in found.items() if isinstance(steps, list)
    }


def passed_written(passed: Passed) -> str:
    return json.dumps({home: list(steps) for home, steps in passed.items()})
