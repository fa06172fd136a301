"""Mails about alerts, left in the collection that Firebase's Trigger Email extension sends from."""

from datetime import UTC, datetime, timedelta

from . import limits, log
from .clients import Cloud
from .contract import documents
from .domain import letters
from .domain.people import Person
from .limits import Limit
from .store import NOW, Fields, Transaction

A_DAY = Limit("mail", 10, limits.DAY_MS)  # of one person: a flickering sensor fills no mailbox
KEPT = timedelta(days=30)


def write(cloud: Cloud, home_id: str, home: Fields, alert_id: str, alert: Fields, person: Person) -> str:
    """Leaves one mail to be sent. Key: (home, alert, person). Returns what became of it, for the log."""
    address = cloud.email_of(person.uid)
    if address is None:
        return "no_address"
    path = documents.mail(letters.mail_id(home_id, alert_id, person.uid))
    message = letters.letter(alert, home, person.language)
    now_ms = cloud.now_ms()
    expires = datetime.fromtimestamp(now_ms / 1000, UTC) + KEPT
    mail = {"to": [address], "message": message, "uid": person.uid, "home": home_id, "alert": alert_id}

    def leave(transaction: Transaction) -> str:
        if transaction.read(path) is not None:
            return "there_before"
        if limits.counted(transaction, A_DAY, person.uid, now_ms) is not None:
            return "too_many"
        transaction.create(path, {**mail, "created": NOW, "expires": expires})
        return "written"

    became = cloud.store.transact(leave)
    if became == "too_many":
        log.warning("mail withheld", home=home_id, alert=alert_id, uid=person.uid)
    return became
