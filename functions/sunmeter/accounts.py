"""The accounts of people, as Firebase Authentication keeps them."""

from firebase_admin import auth

from .project import app

_AT_ONCE = 100  # what Firebase takes in one request


def known(uids: list[str]) -> dict[str, dict[str, str]]:
    """Name and address of each, by uid; empty where an account has none, or is gone."""
    found = {uid: {"name": "", "email": ""} for uid in uids}
    for first in range(0, len(uids), _AT_ONCE):
        asked = [auth.UidIdentifier(uid) for uid in uids[first : first + _AT_ONCE]]
        for user in auth.get_users(asked, app=app()).users:
            found[user.uid] = {"name": user.display_name or "", "email": user.email or ""}
    return found


def verified_email(uid: str) -> str | None:
    """The address of a person who has shown that it is theirs."""
    try:
        person = auth.get_user(uid, app=app())
    except auth.UserNotFoundError:
        return None
    return str(person.email) if person.email and person.email_verified else None


def forget(uid: str) -> None:
    """Deletes an account; one that is gone already is no error. Its ID tokens live on for up to an hour."""
    try:
        auth.delete_user(uid, app=app())
    except auth.UserNotFoundError:
        return
