"""The members of a home: who they are, what they may do, how they go."""

from collections.abc import Callable
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import homes, identity, log
from .clients import Cloud
from .contract import documents
from .domain import fields, roles
from .domain.refusals import Refused
from .domain.roles import OWNER, Roles
from .store import Fields, Transaction


def show(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `members`: {"members": [{"uid", "role", "name", "email"}]}. Reads only.

    Names and addresses are asked of Firebase Authentication each time and stored nowhere.
    """
    uid = identity.person(request)
    home = fields.document_id(fields.mapping(request.data), "home")
    known: Roles = homes.member_of(cloud, home, uid)["roles"]
    people = cloud.people(sorted(known))
    return {"members": [{"uid": each, "role": known[each], **people[each]} for each in sorted(known)]}


def set_role(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `setrole`. Key: (home, member): the last role holds.

    Refused: owners_only, no_such_member, last_owner.
    """
    uid, home, member = _asked(request)
    role = fields.choice(fields.mapping(request.data), "role", roles.ROLES)
    return _change(cloud, home, uid, (OWNER,), lambda known: roles.changed(known, member, role))


def remove(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `removemember`. Key: (home, member). An owner removes anybody, everybody may leave.

    Refused: owners_only, no_such_member, last_owner.
    """
    uid, home, member = _asked(request)
    permitted = roles.ROLES if member == uid else (OWNER,)
    return _change(cloud, home, uid, permitted, lambda known: roles.left(known, member), gone=member)


def pass_on(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `passhome`. Key: (home, member): the home becomes theirs, the owner stays as a member.

    With {"hub": true} the hub that serves the home becomes theirs too, if it is the owner's.
    """
    uid, home, heir = _asked(request)
    with_hub = fields.mapping(request.data).get("hub", False)
    if not isinstance(with_hub, bool):
        raise Refused("malformed", "hub")

    def write(transaction: Transaction) -> None:
        known = homes.in_home(transaction, home, uid, (OWNER,))
        hub = transaction.read(documents.hub(known["hub"])) if with_hub and known["hub"] else None
        transaction.update(documents.home(home), roles.written(roles.passed(known["roles"], uid, heir)))
        if hub and hub["owner"] == uid:
            transaction.update(documents.hub(known["hub"]), {"owner": heir})

    cloud.store.transact(write)
    log.info("home passed on", home=home, uid=uid, heir=heir)
    return {}


def _asked(request: CallableRequest[Any]) -> tuple[str, str, str]:
    """(who calls, the home, whom it is about)."""
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    return uid, fields.document_id(asked, "home"), fields.document_id(asked, "member")


def _change(
    cloud: Cloud,
    home: str,
    uid: str,
    permitted: tuple[str, ...],
    change: Callable[[Roles], Roles],
    gone: str | None = None,
) -> Fields:
    """gone: who leaves; the home remembers, so that their name is found in it when their account is deleted."""

    def write(transaction: Transaction) -> None:
        known = homes.in_home(transaction, home, uid, permitted)
        former = {"former_uids": sorted({*known.get("former_uids", []), gone})} if gone else {}
        transaction.update(documents.home(home), {**roles.written(change(known["roles"])), **former})

    cloud.store.transact(write)
    log.info("members changed", home=home, uid=uid)
    return {}
