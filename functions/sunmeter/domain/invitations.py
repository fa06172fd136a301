"""Invitations to a home: a link that one verified person may follow once. Pure."""

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

from .refusals import Refused

LIFETIME_S = 7 * 86_400
KEPT_S = 86_400  # after it was used, so that a repeated call finds what it did
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}\.[^@\s.]{2,}")


def digest(code: str) -> str:
    """What is stored of a code; it names the invitation. 256 random bits need no key."""
    return hashlib.sha256(code.encode()).hexdigest()


def address(typed: str) -> str:
    """An e-mail address as it is compared: Firebase Authentication keeps them in lower case. Refused: malformed."""
    email = typed.strip().lower()
    if len(email) > 254 or _EMAIL.fullmatch(email) is None:
        raise Refused("malformed", "email")
    return email


def made(role: str, email: str | None, uid: str, now_s: int) -> dict[str, Any]:
    """The document of a new invitation; email: only who proves to have it may follow, None: whoever has the link."""
    return {
        "role": role,
        "email": email,
        "by": uid,
        "used_by": None,
        "expires": datetime.fromtimestamp(now_s + LIFETIME_S, UTC),
    }


def check(invitation: dict[str, Any] | None, email: str, now_s: int) -> dict[str, Any]:
    """The invitation, if somebody with this address may follow it now.

    Refused: no_such_invitation (when it was used or withdrawn, too), invitation_over, other_address.
    """
    if invitation is None or invitation["used_by"] is not None:
        raise Refused("no_such_invitation", "code")
    if invitation["expires"].timestamp() <= now_s:
        raise Refused("invitation_over", "code")
    if invitation["email"] not in (None, email.lower()):
        raise Refused("other_address", "code")
    return invitation


def used(uid: str, now_s: int) -> dict[str, Any]:
    """What is left of an invitation once it was followed: no address."""
    return {"used_by": uid, "email": None, "expires": datetime.fromtimestamp(now_s + KEPT_S, UTC)}
