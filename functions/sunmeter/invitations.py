"""Inviting people to a home, by a link that is sent or handed over."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import homes, identity, limits, log, queries, web
from .clients import Cloud
from .contract import documents
from .domain import fields, invitations, letters, people, roles
from .domain.refusals import Refused
from .domain.roles import OWNER
from .limits import Limit
from .project import app_url
from .store import NOW, Fields, Transaction, Writer

MOST_OPEN = 20  # invitations of one home
INVITES = Limit("invite", 20)  # of one person in a quarter of an hour
MAILS = Limit("invite-mail", 20, limits.DAY_MS)  # of one person: what they call their home goes to strangers
TRIES_OF_USER = Limit("acceptinvitation", 10)
TRIES_OF_ADDRESS = Limit("acceptinvitation-address", 60)
MAIL_KEPT = timedelta(days=7)


def invite(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `invite`. Key: none, each call is another invitation; MOST_OPEN of a home; INVITES, MAILS of a person.

    {"home", "role", "email"?} → {"invitation": id, "code", "link", "expires_ms"}. With an address the link is mailed,
    and only who proves to have that address may follow it.
    """
    uid = identity.person(request, verified=True)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    role = fields.choice(asked, "role", roles.ROLES)
    email = invitations.address(fields.text(asked, "email", longest=254)) if asked.get("email") else None
    known = homes.member_of(cloud, home, uid, (OWNER,))
    limits.spend(cloud, INVITES, uid)
    if email:
        limits.spend(cloud, MAILS, uid)
    if len(list(cloud.store.find(queries.open_invitations(cloud.store.db, home, MOST_OPEN)))) == MOST_OPEN:
        raise Refused("quota", "home")
    code = secrets.token_urlsafe(32)
    invitation = invitations.made(role, email, uid, cloud.now_ms() // 1000)
    link = f"{app_url()}/#/join/{home}/{code}"
    language = people.language_of((cloud.store.read(documents.user(uid)) or {}).get("locale")) if email else ""

    def write(writer: Writer) -> None:
        writer.create(documents.invitation(home, invitations.digest(code)), {**invitation, "created": NOW})
        if email:
            mail = {"to": [email], "message": letters.invitation(known["name"], link, language), "home": home}
            expires = datetime.fromtimestamp(cloud.now_ms() / 1000, UTC) + MAIL_KEPT
            writer.create(documents.mail(invitations.digest(code)), {**mail, "created": NOW, "expires": expires})

    cloud.store.together(write)
    log.info("invited", home=home, uid=uid, role=role, by_mail=email is not None)
    expires_ms = round(invitation["expires"].timestamp() * 1000)
    return {"invitation": invitations.digest(code), "code": code, "link": link, "expires_ms": expires_ms}


def accept(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `acceptinvitation`. Key: (invitation, person): followed again by the same person, it changes nothing.

    Refused: not_verified, no_such_invitation, invitation_over, other_address, member_already, quota, try_later.
    """
    uid = identity.person(request, verified=True)
    email = str(request.auth.token.get("email", "")) if request.auth else ""
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    code = fields.text(asked, "code", longest=64, pattern="[A-Za-z0-9_-]+")
    limits.spend(cloud, TRIES_OF_USER, uid)
    limits.spend(cloud, TRIES_OF_ADDRESS, web.address_of(request.raw_request))
    path = documents.invitation(home, invitations.digest(code))
    now_s = cloud.now_ms() // 1000

    def write(transaction: Transaction) -> Fields:
        stored, known = transaction.read(path), transaction.read(documents.home(home))
        if known is None:
            raise Refused("no_such_invitation", "code")
        if not (stored and stored["used_by"] == uid and uid in known["roles"]):
            invitation = invitations.check(stored, email, now_s)
            if known["roles"].get(invitation["by"]) != OWNER:
                raise Refused("no_such_invitation", "code")  # who invited has no say there any more
            joined = roles.joined(known["roles"], uid, invitation["role"])
            homes.room_for_one_more(transaction, cloud, uid)
            transaction.update(documents.home(home), roles.written(joined))
            transaction.update(path, invitations.used(uid, now_s))
            transaction.delete(documents.mail(invitations.digest(code)))
        return known

    name = cloud.store.transact(write)["name"]
    log.info("invitation accepted", home=home, uid=uid)
    return {"home": home, "name": name}


def withdraw(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `withdrawinvitation`. Key: (home, invitation): its link leads nowhere from now on."""
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home, invitation = fields.document_id(asked, "home"), fields.document_id(asked, "invitation")
    homes.member_of(cloud, home, uid, (OWNER,))

    def write(writer: Writer) -> None:
        writer.delete(documents.invitation(home, invitation))
        writer.delete(documents.mail(invitation))

    cloud.store.together(write)
    log.info("invitation withdrawn", home=home, uid=uid)
    return {}
