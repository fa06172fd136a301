"""The people of a home, and those who are invited."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import fields as read

ROLES = ("owner", "member", "viewer")


@dataclass(frozen=True)
class Member:
    uid: str
    role: str
    name: str  # "": they gave none
    email: str


def members_from(answer: Mapping[str, Any]) -> tuple[Member, ...]:
    """Reads the answer of `members`, owners first."""
    found = [each for each in answer.get("members") or () if isinstance(each, Mapping)]
    members = (
        Member(
            uid=read.text(each, "uid") or "",
            role=read.text(each, "role") or "viewer",
            name=read.text(each, "name") or "",
            email=read.text(each, "email") or "",
        )
        for each in found
    )
    return tuple(sorted(members, key=lambda each: (_rank(each.role), each.name, each.email, each.uid)))


def _rank(role: str) -> int:
    return ROLES.index(role) if role in ROLES else len(ROLES)


@dataclass(frozen=True)
class Invitation:
    """One that nobody has followed yet."""

    id: str
    role: str
    email: str | None  # None: for whoever has the link
    expires_s: int


def invitations_from(found: Mapping[str, read.Fields]) -> tuple[Invitation, ...]:
    """Those that were not used, the one that ends first at the top."""
    every = (
        Invitation(
            id=path.rpartition("/")[2],
            role=read.text(each, "role") or "viewer",
            email=read.text(each, "email"),
            expires_s=read.moment_s(each, "expires") or 0,
        )
        for path, each in found.items()
        if each.get("used_by") is None
    )
    return tuple(sorted(every, key=lambda each: (each.expires_s, each.id)))
