"""Who may do what in a home, and how that changes. Pure.

A home always has an owner: what would leave it without one is refused.
"""

from typing import Any

from .refusals import Refused

OWNER, MEMBER, VIEWER = "owner", "member", "viewer"
ROLES = (OWNER, MEMBER, VIEWER)
MAX_MEMBERS = 50  # the rules read them with every document of the home

Roles = dict[str, str]  # uid → role


def owners(roles: Roles) -> set[str]:
    return {uid for uid, role in roles.items() if role == OWNER}


def joined(roles: Roles, uid: str, role: str) -> Roles:
    """With one more person. Refused: member_already, quota."""
    if uid in roles:
        raise Refused("member_already", "home")
    if len(roles) >= MAX_MEMBERS:
        raise Refused("quota", "home")
    return {**roles, uid: role}


def changed(roles: Roles, uid: str, role: str) -> Roles:
    """With another role for somebody. Refused: no_such_member, last_owner."""
    if uid not in roles:
        raise Refused("no_such_member", "member")
    return _owned({**roles, uid: role})


def left(roles: Roles, uid: str) -> Roles:
    """Without somebody. Refused: no_such_member, last_owner."""
    if uid not in roles:
        raise Refused("no_such_member", "member")
    return _owned({other: role for other, role in roles.items() if other != uid})


def passed(roles: Roles, owner: str, heir: str) -> Roles:
    """Ownership passes: the heir owns, the owner stays as a member. Refused: no_such_member."""
    if heir not in roles or heir == owner:
        raise Refused("no_such_member", "member")
    return {**roles, owner: MEMBER, heir: OWNER}


def written(roles: Roles) -> dict[str, Any]:
    """The fields of a home's document that hold its members."""
    return {"roles": roles, "member_uids": sorted(roles)}


def _owned(roles: Roles) -> Roles:
    if not owners(roles):
        raise Refused("last_owner", "member")
    return roles
