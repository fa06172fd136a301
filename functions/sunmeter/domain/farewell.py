"""What becomes of homes and hubs when their owner's account goes, and how a name is taken out of what stays. Pure."""

from dataclasses import dataclass
from typing import Any

from ..contract.refusal import Refusal
from . import fields, roles
from .refusals import Refused
from .roles import Roles

GOES = "delete"
ERASED = "erased-"  # and a number: what a home that is gone is called in records that stay
Choices = dict[str, str | None]  # home → uid of the heir; None: the home goes


@dataclass(frozen=True)
class Fate:
    """What becomes of one home of an account that goes."""

    heir: str | None  # who owns it from now on; None: it goes


def choices(asked: dict[str, Any]) -> Choices:
    """Reads {"homes": {home: "delete" | {"pass_to": uid}}}. Refusals: malformed, out_of_range, too_many."""
    told = fields.mapping(asked.get("homes", {}), "homes")
    if len(told) > 100:
        raise Refusal("too_many", "homes")
    chosen: Choices = {}
    for home, choice in told.items():
        fields.document_id({"homes": home}, "homes")
        chosen[home] = None if choice == GOES else fields.document_id(fields.mapping(choice, "homes"), "pass_to")
    return chosen


def checked(homes: dict[str, Roles], uid: str, chosen: Choices) -> None:
    """Is it said of each home that nobody else owns what becomes of it? Refused: choose_fate, no_such_member."""
    for home, known in homes.items():
        if roles.owners(known) != {uid}:
            continue
        if home not in chosen:
            raise Refused("choose_fate", f"homes.{home}")
        heir = chosen[home]
        if heir is not None and (heir == uid or heir not in known):
            raise Refused("no_such_member", f"homes.{home}")


def fate(home: str, known: Roles, uid: str, chosen: Choices) -> Fate:
    """What becomes of a home, whatever happened since it was chosen: it never goes where it was to pass to somebody.

    Another owner keeps it; else the chosen heir, or who is there in their stead. A home that nothing is said of goes
    only when nobody else lives there.
    """
    others = sorted(set(known) - {uid})
    still_owned = sorted(roles.owners(known) - {uid})
    if still_owned:
        return Fate(still_owned[0])
    if not others or chosen.get(home, "nothing said") is None:
        return Fate(None)
    heir = chosen.get(home)
    return Fate(heir if heir in others else others[0])


def inherited(known: Roles, uid: str, heir: str) -> Roles:
    """The members of a home once its owner's account has gone."""
    return {other: role for other, role in known.items() if other != uid} | {heir: roles.OWNER}


def unnamed_member(members: dict[str, Any], home: str) -> dict[str, Any]:
    """The members of an outage, one of them without its name: when it was dark is part of how far the outage went."""
    named = {other: member for other, member in members.items() if other != home}
    if home not in members:
        return named
    number = sum(other.startswith(ERASED) for other in named) + 1
    return {**named, f"{ERASED}{number}": {**members[home], "meter": ""}}


def unnamed_home(homes: list[str], home: str) -> list[str]:
    """The homes of a shed, one of them without its name."""
    number = sum(other.startswith(ERASED) for other in homes) + 1
    return [f"{ERASED}{number}" if other == home else other for other in homes]


def without(value: Any, names: frozenset[str]) -> Any:
    """A document's fields without these names: a text that is one is emptied, an entry of a list or a map goes."""
    if isinstance(value, dict):
        return {key: without(each, names) for key, each in value.items() if key not in names}
    if isinstance(value, list):
        return [without(each, names) for each in value if not (isinstance(each, str) and each in names)]
    return "" if isinstance(value, str) and value in names else value
