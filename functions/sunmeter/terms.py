"""What the days of a home are priced under, read in the transaction that prices them: an edit cannot slip between."""

from collections.abc import Iterable

from .contract import documents
from .contract.ledger import LocalDay
from .domain import pricing, tariff
from .domain.pricing import Terms
from .domain.tariff import Tariff
from .store import Fields, Transaction


def are_old(terms: Terms | None, tariff_rev: int) -> bool:
    """Was a stored day priced before that revision of the home's tariffs?"""
    return (terms.rev if terms else 0) < tariff_rev


def read(transaction: Transaction, home: str, local: LocalDay) -> Terms:
    """The terms of a day: two reads, three with market prices."""
    return read_all(transaction, home, [local])[local.day]


def read_all(transaction: Transaction, home: str, locals_: Iterable[LocalDay]) -> dict[str, Terms]:
    """The terms of days of one month, by day."""
    profile = transaction.read(documents.home(home)) or {}
    wanted = {local: tariff.valid_on(local.day, profile.get("tariffs", [])) for local in locals_}
    tariffs = _tariffs(transaction, home, {each for each in wanted.values() if each})
    prices = _prices(transaction, home, wanted, tariffs)
    rev = profile.get("tariff_rev", 0)
    return {
        local.day: pricing.terms(local, profile["zone"], tariffs.get(valid or ""), prices, rev)
        for local, valid in wanted.items()
    }


def _tariffs(transaction: Transaction, home: str, ids: set[str]) -> dict[str, Tariff]:
    found = transaction.read_all(documents.tariff(home, each) for each in ids)
    stored = ((each, found[documents.tariff(home, each)]) for each in ids)
    return {each: tariff.read(document) for each, document in stored if document is not None}


def _prices(
    transaction: Transaction, home: str, wanted: dict[LocalDay, str | None], tariffs: dict[str, Tariff]
) -> Fields | None:
    if not any(each.series for each in tariffs.values()):
        return None
    return transaction.read(documents.prices(home, next(iter(wanted)).month))
