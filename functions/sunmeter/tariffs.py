"""What a home pays: its tariffs, its market prices, its budget; and the days that a change of them prices anew."""

from collections.abc import Callable
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import homes, identity, limits, log, reprice
from .clients import Cloud
from .contract import documents, ledger
from .domain import fields, repricing, spot, tariff
from .domain.refusals import Refused
from .domain.repricing import Change, Job
from .domain.tariff import MOST_MICRO
from .limits import Limit
from .store import NOW, Fields, Transaction

MOST_TARIFFS = 60  # five years of a new one each month
CHANGES = Limit("tariffs", 100, limits.DAY_MS)  # of one home: each may price years of days anew
WRITERS = (homes.OWNER, homes.MEMBER)


def set_tariff(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `settariff`. Key: (home, valid_from): what begins on that day is replaced; the same again does nothing.

    Answers {"tariff": id, "tariff_rev", "job": id of the re-pricing, null when no day has begun that it concerns}.
    """
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    profile = homes.member_of(cloud, home, uid, WRITERS)
    with fields.inside("tariff"):
        new = tariff.parse(asked.get("tariff"), profile["currency"])
    path = documents.tariff(home, new.valid_from)

    def write(transaction: Transaction) -> Fields:
        known, job, stored = _state(transaction, home, path)
        if stored is not None and tariff.read(stored) == new:
            return _answer(new.valid_from, known, job)
        ids = sorted({*known.get("tariffs", []), new.valid_from})
        if len(ids) > MOST_TARIFFS:
            raise Refused("quota", "tariff.valid_from")
        last_day = min(tariff.last_day_of(new.valid_from, ids) or "9", _today(cloud, known))
        rev = _next_rev(known)
        transaction.set(path, {**tariff.write(new), "rev": rev, "set_by": uid, "updated": NOW})
        return _changed(transaction, home, job, ids, Change(rev, new.valid_from, last_day, "tariff"), new.valid_from)

    return _done(cloud, home, uid, write)


def delete_tariff(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `deletetariff`. Key: (home, tariff): its days go to the one before it, or to none."""
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    tariff_id = fields.date(asked, "tariff").isoformat()
    homes.member_of(cloud, home, uid, WRITERS)
    path = documents.tariff(home, tariff_id)

    def write(transaction: Transaction) -> Fields:
        known, job, stored = _state(transaction, home, path)
        if stored is None:
            return _answer(tariff_id, known, job)
        last_day = min(tariff.last_day_of(tariff_id, known["tariffs"]) or "9", _today(cloud, known))
        ids = [each for each in known["tariffs"] if each != tariff_id]
        transaction.delete(path)
        change = Change(_next_rev(known), tariff_id, last_day, "tariff")
        return _changed(transaction, home, job, ids, change, tariff_id)

    return _done(cloud, home, uid, write)


def set_prices(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `setprices`. Key: (home, series, quarter): the last price holds; those stored already change nothing.

    Answers {"changed": quarters, "months": [...], "job": id of the re-pricing, null when all of them lie ahead}.
    """
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    told = spot.parse(asked)
    homes.member_of(cloud, home, uid, WRITERS)

    def write(transaction: Transaction) -> Fields:
        known, job, _ = _state(transaction, home, None)
        zone = ledger.zone_named(known["zone"])
        by_month, changed = spot.by_month(told.quarters, zone), set()
        wanted = {documents.prices(home, month): month for month in by_month}
        found = transaction.read_all(wanted)
        for path, month in wanted.items():
            document, new = spot.merge(found[path], month, zone, told.series, by_month[month])
            if new:
                transaction.set(path, {**document, "updated": NOW})
                changed |= set(new)
        answer = {"changed": len(changed), "months": sorted(by_month), "job": None}
        ends_s = ledger.local_day(cloud.now_ms() // 1000, zone).end_s  # of today: a day is priced whole
        begun = [start_s for start_s in changed if start_s < ends_s]
        if not begun or not known.get("tariffs"):
            return answer
        first_day, last_day = (ledger.local_day(start_s, zone).day for start_s in (min(begun), max(begun)))
        change = Change(_next_rev(known), first_day, last_day, "prices")
        return {**answer, "job": _changed(transaction, home, job, known["tariffs"], change, "")["job"]}

    return _done(cloud, home, uid, write)


def set_budget(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `setbudget`. Key: home: the last one holds. What a month may cost, or null for no budget."""
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    if "month_micro" not in asked:
        raise Refused("malformed", "month_micro")
    month_micro = fields.optional_integer(asked, "month_micro", 1, MOST_MICRO)
    homes.member_of(cloud, home, uid, WRITERS)
    budget = None if month_micro is None else {"month_micro": month_micro}
    cloud.store.update(documents.home(home), {"budget": budget})
    log.info("budget set", home=home, uid=uid)
    return {"budget": budget}


def _done(cloud: Cloud, home: str, uid: str, write: Callable[[Transaction], Fields]) -> Fields:
    """Carries out a change, and asks for the re-pricing that it needs."""
    limits.spend(cloud, CHANGES, home)
    answer = cloud.store.transact(write)
    job = cloud.store.read(documents.job(home, answer["job"])) if answer["job"] else None
    if job and job["left_until"]:
        reprice.enqueue(cloud, home, job)
    log.info("tariffs changed", home=home, uid=uid, job=answer["job"])
    return answer


def _state(transaction: Transaction, home: str, path: str | None) -> tuple[Fields, Job | None, Fields | None]:
    """The home, its re-pricing, and the tariff at that path, as they are now."""
    known = transaction.read(documents.home(home))
    if known is None:
        raise Refused("no_such_home", "home")
    job = transaction.read(documents.job(home, repricing.JOB))
    return known, job, transaction.read(path) if path else None


def _changed(
    transaction: Transaction, home: str, job: Job | None, ids: list[str], change: Change, tariff_id: str
) -> Fields:
    """Writes the home's new revision, and the job that carries it into the days."""
    known = {"tariffs": ids, "tariff_rev": change.rev}
    transaction.update(documents.home(home), known)
    after = repricing.asked(job, change)
    if after is not None:
        transaction.set(documents.job(home, repricing.JOB), {**after, "asked": NOW})
    return _answer(tariff_id, known, after)


def _answer(tariff_id: str, known: Fields, job: Job | None) -> Fields:
    """What a change answers; it names the job while days are left to price."""
    left = bool(job and job["left_until"])
    return {"tariff": tariff_id, "tariff_rev": known.get("tariff_rev", 0), "job": repricing.JOB if left else None}


def _next_rev(known: Fields) -> int:
    return int(known.get("tariff_rev", 0)) + 1


def _today(cloud: Cloud, known: Fields) -> str:
    return ledger.local_day(cloud.now_ms() // 1000, ledger.zone_named(known["zone"])).day
