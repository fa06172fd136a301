"""The night: one Cloud Task for each home trains its models from what `ingest` stored.

What is heavy stands in `night` and `learning`, which only a running task imports.
"""

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import judge, kept, log, queries
from .assigning import KEY_VERSION
from .clients import Cloud
from .contract import documents, ledger, wire
from .domain import books, downlinks, feedback, fields, tariff
from .store import Fields, Transaction

if TYPE_CHECKING:
    from .kept import Gathering
    from .night import Known, Lessons

QUEUE = "trainhome"
RETRY_MS = 3_600_000  # after the first failure; each that follows doubles it,
RETRY_MOST_MS = 24 * 3_600_000  # until the nights alone try again


def nightly(cloud: Cloud, now_s: int) -> None:
    """Schedule `nightly`. Key: (home, day): asked twice for the same day, a home is trained once."""
    homes = list(cloud.store.find(queries.homes_with_meter(cloud.store.db)))
    for home in homes:
        enqueue(cloud, home.id, last_day(home.fields["zone"], now_s))
    log.info("night", homes=len(homes))


def enqueue(cloud: Cloud, home: str, day: str, again: int | None = None) -> None:
    """Asks for the training of a home; `again` tells a repeated request from the one whose key is spent."""
    key = f"{home}-{day}" if again is None else f"{home}-{day}-{again}"
    cloud.enqueue(QUEUE, key, {"home": home, "day": day})


def last_day(zone: str, now_s: int) -> str:
    """The last day that is over at that moment in that zone."""
    today = ledger.local_day(now_s, ledger.zone_named(zone))
    return ledger.local_day(today.start_s - 1, ledger.zone_named(zone)).day


def train(data: Any, cloud: Cloud) -> None:
    """Task `trainhome`. Key: (home, day): a day that was learnt is not learnt again.

    Whatever comes of it stands in `insight/model`: a model, or the reason why there is none.
    """
    asked = fields.mapping(data)
    home = fields.document_id(asked, "home")
    day = fields.text(asked, "day", longest=10, pattern=r"\d{4}-\d{2}-\d{2}")
    profile = cloud.store.read(documents.home(home))
    if profile is None or profile["meter"] is None:
        return
    if (cloud.store.read(documents.insight(home, "model")) or {}).get("day", "") >= day:
        return
    try:
        _learn(cloud, home, profile, day)
    except Exception:
        cloud.store.transact(lambda transaction: _note_failure(transaction, home, cloud.now_ms()))
        raise


def _note_failure(transaction: Transaction, home: str, now_ms: int) -> None:
    """Tells that training broke off, how many times in a row, and from when on it may be asked for before the night."""
    found = transaction.read_all([documents.home(home), documents.insight(home, "model")])
    if found[documents.home(home)] is None:
        return  # deleted meanwhile: nothing is left of it
    broke_off = (found[documents.insight(home, "model")] or {}).get("broke_off", 0) + 1
    wait_ms = min(RETRY_MS << min(broke_off - 1, 10), RETRY_MOST_MS)
    told = {"status": "failed", "reason": "internal", "broke_off": broke_off, "retry_ms": now_ms + wait_ms}
    transaction.merge(documents.insight(home, "model"), told)


def _learn(cloud: Cloud, home: str, profile: Fields, day: str) -> None:
    from . import night

    meter = profile["meter"]
    k_meter = wire.meter_key(cloud.master_key(), meter, KEY_VERSION)
    gathered, known, downlink = _known(cloud, home, profile, day)
    version = downlinks.next_version(downlink.get("model_version", 0), cloud.now_ms() // 1000)
    known = replace(known, served=downlinks.models(k_meter, meter, downlink))
    _balance(cloud, home, day, known.months)
    lessons = night.learn(known, version)
    judge.night(cloud, home, profile, known, lessons.forecast)
    learnt = _Learnt(home, meter, day, known, lessons, version, gathered.after)
    if not cloud.store.transact(lambda transaction: _keep(transaction, learnt, k_meter, cloud.now_ms())):
        log.info("home gone", home=home)
        return
    log.info(
        "trained",
        home=home,
        day=day,
        status=lessons.trained.status,
        reason=lessons.trained.reason,
        days_read=gathered.days_read,
        rebuilt=",".join(gathered.rebuilt),
    )


def _balance(cloud: Cloud, home: str, day: str, months: list[Fields]) -> None:
    """Compares the ledger with the registers, and keeps the difference; writes where it says anything new."""
    path, balance = documents.insight(home, "ledger"), books.balance(months)
    if books.says_the_same(balance, cloud.store.read(path)):
        return
    cloud.store.together(lambda writer: writer.set(path, {**balance, "day": day}))
    log.info("books balanced", home=home, day=day, open_days=balance["open_days"])


def _known(cloud: Cloud, home: str, profile: Fields, day: str) -> "tuple[Gathering, Known, Fields]":
    """What is stored of the home up to that day, how it was gathered, and the downlink of its meter."""
    from .night import Known

    date = dt.date.fromisoformat(day)
    valid_from = tariff.valid_on((date + dt.timedelta(days=1)).isoformat(), profile.get("tariffs", []))
    paths = {
        **{name: documents.kept(home, name) for name in (kept.MINUTES, kept.MONTHS, kept.RATINGS)},
        **{name: documents.insight(home, name) for name in ("forecast", "score")},
        "downlink": documents.downlink(profile["meter"]),
        **({"tariff": documents.tariff(home, valid_from)} if valid_from else {}),
    }
    found = cloud.store.read_all(paths.values())
    stored = {name: found[path] for name, path in paths.items()}
    of_tariff = stored.get("tariff")
    valid = tariff.read(of_tariff) if of_tariff else None
    if valid and valid.series:
        stored[kept.PRICES] = cloud.store.read(documents.kept(home, kept.PRICES))
    gathering = kept.Gathering(cloud, home, day, stored)
    months, days = gathering.months_and_days()
    known = Known(
        day=ledger.day_of(date, ledger.zone_named(profile["zone"])),
        zone=profile["zone"],
        days=days,
        months=months,
        forecast=stored["forecast"],
        score=stored["score"],
        tariff=valid,
        prices=dict(gathering.prices()) if valid and valid.series else {},
        feedback=feedback.of_alerts(gathering.ratings(), profile, cloud.now_ms()),
    )
    return gathering, known, stored["downlink"] or {}


@dataclass(frozen=True)
class _Learnt:
    """What a night came to, for which home and meter."""

    home: str
    meter: str
    day: str
    known: "Known"
    lessons: "Lessons"
    version: int
    kept: dict[str, Fields]  # for the next night, by path


def _keep(transaction: Transaction, learnt: _Learnt, k_meter: bytes, now_ms: int) -> bool:
    """Stores what was learnt, and sends the model down; without one that may follow, the last stays in its place.

    Returns False for a home that was deleted meanwhile: nothing is left of it then.
    """
    home, meter, lessons = learnt.home, learnt.meter, learnt.lessons
    found = transaction.read_all([documents.home(home), documents.downlink(meter)])
    downlink = found[documents.downlink(meter)]
    profile = found[documents.home(home)]
    if profile is None:
        return False
    model = {**_told(learnt), "trained_ms": now_ms if profile["meter"] else None}
    if lessons.ships is not None and downlink is not None and downlink["home"] == home:
        blob = wire.seal(wire.Signer(k_meter), meter, wire.MODEL, lessons.ships)
        before = None if lessons.trained.goes_back else downlink.get("model")
        sent = {"model": blob, "model_version": learnt.version, "model_before": before}
        transaction.update(documents.downlink(meter), sent)
        model["version"] = learnt.version
    transaction.merge(documents.insight(home, "model"), model)
    transaction.set(documents.insight(home, "forecast"), {**lessons.forecast, "issued_ms": now_ms})
    if lessons.score is not None:
        transaction.set(documents.insight(home, "score"), lessons.score)
    for path, copy in learnt.kept.items():
        transaction.set(path, copy)
    return True


def _told(learnt: _Learnt) -> Fields:
    """What is said of the training; what a new model can find and looks at, only where there is a new one."""
    trained = learnt.lessons.trained
    told = {
        "status": trained.status,
        "reason": trained.reason,
        "days": round(trained.days, 1),
        "day": learnt.day,
        "first_day": learnt.known.days[0]["day"] if learnt.known.days else None,
        "meter": learnt.meter,
        "held_out_alerts": trained.held_out_alerts,
        "served_alerts": trained.served_alerts,
        "changed": list(trained.changed),
        "went_back": trained.goes_back,
        "broke_off": 0,
        "retry_ms": None,
        **learnt.known.feedback.told(),
    }
    if trained.payload is not None:
        told |= {"detectable": trained.detectable, "channels": list(trained.channels)}
    return told
