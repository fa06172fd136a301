"""Which home a meter belongs to and which hub carries it, from when to when; told to the meter in sealed words.

Periods begin and end at quarter boundaries, and never overlap: neither those of a meter, nor those within a home.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from . import sharing
from .clients import Cloud
from .contract import documents, ledger, wire
from .domain import downlinks
from .domain.refusals import Refused
from .store import Fields, Transaction

KEY_VERSION = 1  # of k_meter; what a meter was provisioned with stands in its document once it is claimed
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOBODY: Fields = {"hub": None, "home": None}
_NO_MODEL: Fields = {"model": None, "model_before": None}


@dataclass(frozen=True)
class Claim:
    """A meter, the home it is to belong to, and the hub that hears it."""

    meter: str
    home: str
    hub: str
    from_home: str | None = None  # another home that it may come from; None: only from nobody's


def assign(cloud: Cloud, claim: Claim) -> bool:
    """Assigns a meter from the next quarter on; a first meter that never belonged to anybody brings its whole past.

    Returns False when it was so assigned before. The meter that the home had before is released.
    Refused: claimed, by another home; no_such_home.
    """
    master, now_ms = cloud.master_key(), cloud.now_ms()
    return cloud.store.transact(lambda transaction: _assign(transaction, claim, now_ms, master))


def release(transaction: Transaction, meter: str, home: str, now_ms: int) -> None:
    """The meter of a home is nobody's from the next quarter on."""
    stored = transaction.read(documents.meter(meter)) or {}
    profile = transaction.read(documents.home(home))
    if profile is None or stored.get("home") != home:
        return
    leave(transaction, meter, stored, now_ms)
    _unmeter(transaction, home, next_quarter(now_ms))


def leave(transaction: Transaction, meter: str, stored: Fields, now_ms: int) -> None:
    """The meter, whose document is `stored`, belongs to nobody and is carried by nobody from the next quarter on."""
    until_s = next_quarter(now_ms)
    if stored.get("hub") is not None:
        transaction.update(documents.assignment(meter, str(stored["assignment"])), {"to_s": until_s})
    transaction.update(documents.meter(meter), {**NOBODY, "from_s": until_s, "state": "released"})
    ended = {**NOBODY, **sharing.PRIVATE, "assignment": b"", **_NO_MODEL, "commands": [], "lease_until": _EPOCH}
    transaction.update(documents.downlink(meter), ended)


def stop_carrying(transaction: Transaction, meter: str, stored: Fields, now_ms: int) -> None:
    """The meter, whose document is `stored`, stays the home's, and no hub carries it from the next quarter on."""
    until_s = next_quarter(now_ms)
    transaction.update(documents.assignment(meter, str(stored["assignment"])), {"to_s": until_s})
    transaction.update(documents.meter(meter), {"hub": None, "from_s": until_s})
    transaction.update(documents.downlink(meter), {"hub": None, **sharing.PRIVATE})
    transaction.update(documents.home(stored["home"]), sharing.NOTHING)


def _assign(transaction: Transaction, claim: Claim, now_ms: int, master: bytes) -> bool:
    meter = transaction.read(documents.meter(claim.meter)) or {}
    sent = transaction.read(documents.downlink(claim.meter))
    home = transaction.read(documents.home(claim.home))
    if home is None:
        raise Refused("no_such_home", "home")
    if meter.get("home") not in (None, claim.home, claim.from_home):
        raise Refused("claimed", "label")
    if (meter.get("home"), meter.get("hub")) == (claim.home, claim.hub):
        return False
    replaced = home["meter"] if home["meter"] != claim.meter else None
    stored = transaction.read(documents.meter(replaced)) if replaced else None
    boundary_s = next_quarter(now_ms)
    number = meter.get("assignment", 0) + 1
    from_s = boundary_s if number > 1 or replaced else home.get("metered_until_s", 0)
    if replaced and stored:
        leave(transaction, replaced, stored, now_ms)
    if meter.get("home") not in (None, claim.home):
        _unmeter(transaction, meter["home"], boundary_s)
    _write_periods(transaction, claim, meter, number, from_s, boundary_s)
    k_meter = wire.meter_key(master, claim.meter, KEY_VERSION)
    no_consent: Fields = {} if home["meter"] == claim.meter else {"relay": None}
    carried = {"meter": claim.meter, "hub": claim.hub, **no_consent, **sharing.NOTHING}
    transaction.update(documents.home(claim.home), carried)
    if home["meter"] is None:
        transaction.merge(documents.insight(claim.home, "model"), {"trained_ms": 0})  # `reconcile` finds it by that
    downlink = _first_downlink(k_meter, claim.meter, now_ms // 1000) if not sent else {}
    if meter.get("home") != claim.home:
        downlink |= {**_NO_MODEL, "commands": []}
        downlink |= _without_consent(k_meter, claim.meter, sent, now_ms) if sent else {}
    downlink |= _assigned(k_meter, claim, number, from_s)
    transaction.merge(documents.downlink(claim.meter), downlink)
    return True


def _unmeter(transaction: Transaction, home: str, until_s: int) -> None:
    """A home has no meter any more, and is not to be trained."""
    without = {"meter": None, "metered_until_s": until_s, "relay": None, **sharing.NOTHING}
    transaction.update(documents.home(home), without)
    transaction.merge(documents.insight(home, "model"), {"trained_ms": None})


def _without_consent(k_meter: bytes, meter: str, sent: Fields, now_ms: int) -> Fields:
    """Another home's owners have not consented to shedding."""
    version = downlinks.next_version(sent["config_version"], now_ms // 1000)
    blob = downlinks.consenting(k_meter, meter, bytes(sent["config"]), version, consent=False)
    return {} if blob is None else {"config": blob, "config_version": version}


def _write_periods(
    transaction: Transaction, claim: Claim, meter: Fields, number: int, from_s: int, boundary_s: int
) -> None:
    """The meter's document, its new assignment, and the end of the one before where that was open."""
    if meter.get("hub") is not None:
        transaction.update(documents.assignment(claim.meter, str(number - 1)), {"to_s": boundary_s})
    period = {"home": claim.home, "hub": claim.hub, "from_s": from_s}
    transaction.set(documents.assignment(claim.meter, str(number)), {**period, "to_s": None})
    transaction.merge(
        documents.meter(claim.meter),
        {**period, "assignment": number, "key_version": KEY_VERSION, "state": "claimed", "label_used": True},
    )


def next_quarter(now_ms: int) -> int:
    """Where a period that begins now begins, and one that ends now ends [s]."""
    return ledger.quarter_of(now_ms) + ledger.QUARTER_S


def _assigned(k_meter: bytes, claim: Claim, number: int, from_s: int) -> Fields:
    body = downlinks.assignment(claim.meter, claim.hub, claim.home, number, from_s)
    return {
        "hub": claim.hub,
        "home": claim.home,
        "assignment": downlinks.sealed_json(k_meter, claim.meter, wire.ASSIGNMENT, body),
        "assignment_version": number,
        **sharing.PRIVATE,  # another hub may stand in another house
    }


def _first_downlink(k_meter: bytes, meter: str, now_s: int) -> Fields:
    version = downlinks.next_version(0, now_s)
    return {
        "lease_until": _EPOCH,
        "lease_day": 0,
        "lease_used_ms": 0,
        "config": downlinks.sealed_json(k_meter, meter, wire.CONFIG, downlinks.default_config(version)),
        "config_version": version,
        **_NO_MODEL,
        "model_version": 0,
        "manifest": None,
        "manifest_version": 0,
        "commands": [],
    }
