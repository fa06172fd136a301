"""What another tariff would have cost this home."""

from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import homes, identity, log, queries
from .clients import Cloud
from .contract import documents, ledger
from .domain import calendar, fields, tariff, whatif
from .store import Fields

USUAL_MONTHS, MOST_MONTHS = 12, 13  # the running one among them


def ask(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `whatif`: a tariff over one's own last twelve months, or `months` of them. Reads only.

    One read for the home, one a month; with market prices two a month. See `domain.whatif` for the answer's limits.
    """
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    number = fields.integer({"months": USUAL_MONTHS, **asked}, "months", 1, MOST_MONTHS)
    profile = homes.member_of(cloud, home, uid)
    with fields.inside("tariff"):
        tried = tariff.parse(asked.get("tariff"), profile["currency"], dated=False)
    today = ledger.local_day(cloud.now_ms() // 1000, ledger.zone_named(profile["zone"]))
    first, last = calendar.month_ago(today.month, number - 1), today.month
    found = [each.fields for each in cloud.store.find(queries.months_between(cloud.store.db, home, first, last))]
    names = [month["month"] for month in found] if tried.series else []
    prices = cloud.store.read_all(documents.prices(home, name) for name in names)
    answer = whatif.answer(found, tried, {name: prices[documents.prices(home, name)] for name in names})
    log.info("tariff tried", home=home, uid=uid, months=len(found), exact=answer["exact"])
    return {**answer, "currency": profile["currency"], "reads": 1 + len(found) + len(names)}
