"""What was left undone is found and done again: a trigger is never retried, and any instance may die at any point.

Each look is one named query: days newer than their month (`queries.days_written_since`), alerts that somebody waits for
(`queries.alerts_to_push`), days priced under an old revision of the tariffs (`queries.repricings_left`), homes
not trained (`queries.homes_not_trained`), accounts and homes not erased (`queries.accounts_to_erase`,
`queries.homes_to_erase`), imports not brought in (`queries.imports_to_finish`), areas not listed for a day
(`queries.areas_listed_before`), loads that were to return (`queries.loads_to_switch`, in `containment`). Whose days are
not written any more is known by the first of them: their hubs are asked whether they are there.
"""

from datetime import UTC, datetime, timedelta

from . import areas, containment, erasing, imports, log, queries, reprice, rollup, training
from .alerts import PUSH_QUEUE
from .clients import Cloud
from .contract import documents
from .domain import days, months, presence
from .store import Found

STATE = "system/reconcile"
OVERLAP = timedelta(hours=6)  # a running day is called behind only after a block and an hour
MOST = 500  # alerts, homes: what is left over is found an hour later
UNTRAINED_AFTER_MS = 30 * 3_600_000  # a night, and the time for its retries
HOUR_MS = 3_600_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def run(cloud: Cloud) -> None:
    """Schedule `reconcile`, hourly. Keys: those of the work it redoes; it may run twice at once."""
    log.info(
        "reconciled",
        days=heal_months(cloud),
        pushes=retry_pushes(cloud),
        prices=retry_pricing(cloud),
        homes=retry_training(cloud),
        erasures=retry_erasures(cloud),
        imports=retry_imports(cloud),
        areas=refresh_areas(cloud),
        loads=containment.renew(cloud),
    )


def heal_months(cloud: Cloud) -> int:
    """Brings days into months that were not told of them; looks at those written since the last complete run."""
    started = datetime.fromtimestamp(cloud.now_ms() / 1000, UTC)
    done_until = (cloud.store.read(STATE) or {}).get("days_until", _EPOCH)
    since = max(_EPOCH, done_until - OVERLAP)
    healed, heard = 0, dict[str, datetime]()  # homes, and when their last day was written
    for found in cloud.store.find(queries.days_written_since(cloud.store.db, since)):
        healed += _heal(cloud, found)
        heard[found.home] = found.fields["updated"]
    cloud.store.merge(STATE, {"days_until": started})
    call_quiet_hubs(cloud, {home: round(at.timestamp() * 1000) for home, at in heard.items()})
    return healed


def call_quiet_hubs(cloud: Cloud, heard_ms: dict[str, int]) -> None:
    """Asks the hubs of homes that were heard of, and lately are not, unless the hub was heard since."""
    before_ms = cloud.now_ms() - presence.QUIET_MS
    quiet = [home for home, at_ms in heard_ms.items() if at_ms < before_ms]
    homes = cloud.store.read_all(map(documents.home, quiet))
    hubs = cloud.store.read_all({documents.hub(home["hub"]) for home in homes.values() if home and home["hub"]})
    for path, hub in hubs.items():
        if hub is not None and hub["last_ms"] < before_ms:
            areas.call_hub(cloud, path.split("/")[1])


def _heal(cloud: Cloud, found: Found) -> bool:
    day = days.read(found.fields)
    month = cloud.store.read(documents.month(found.home, day.local.month))
    updated_s = int(month["updated"].timestamp()) if month else 0
    if not months.is_behind(month, day, cloud.now_ms() // 1000, updated_s):
        return False
    log.warning("month was behind", home=found.home, day=day.local.day)
    return rollup.roll_up(cloud, found.home, day.local.day)


def retry_pushes(cloud: Cloud) -> int:
    """Asks again for notifications that are overdue; under a key of this hour, since that of `ingest` may be spent."""
    now_ms = cloud.now_ms()
    hour = now_ms // HOUR_MS
    pending = list(cloud.store.find(queries.alerts_to_push(cloud.store.db, now_ms, MOST)))
    for alert in pending:
        cloud.enqueue(PUSH_QUEUE, f"{alert.home}-{alert.id}-{hour}", {"home": alert.home, "alert": alert.id})
    return len(pending)


def retry_pricing(cloud: Cloud) -> int:
    """Asks again for re-pricings that have days left; one that runs meanwhile is not harmed."""
    left = list(cloud.store.find(queries.repricings_left(cloud.store.db, MOST)))
    for job in left:
        reprice.enqueue(cloud, job.home, job.fields, again=cloud.now_ms() // HOUR_MS)
    return len(left)


def retry_training(cloud: Cloud) -> int:
    """Asks again for the training of homes with a meter whose last one is too long ago; less often where it fails."""
    now_ms = cloud.now_ms()
    untrained = cloud.store.find(queries.homes_not_trained(cloud.store.db, now_ms - UNTRAINED_AFTER_MS, MOST))
    late = [insight for insight in untrained if (insight.fields.get("retry_ms") or 0) <= now_ms]
    homes = cloud.store.read_all(documents.home(insight.home) for insight in late)
    with_meter = [
        (insight.home, home) for insight in late if (home := homes[documents.home(insight.home)]) and home["meter"]
    ]
    for home_id, home in with_meter:
        training.enqueue(cloud, home_id, training.last_day(home["zone"], now_ms // 1000), again=now_ms // HOUR_MS)
    return len(with_meter)


def retry_erasures(cloud: Cloud) -> int:
    """Asks again for what was to be erased and is not, and for the last sweep of accounts that have gone."""
    now_ms = cloud.now_ms()
    accounts = [found.id for found in cloud.store.find(queries.accounts_to_erase(cloud.store.db, now_ms))]
    homes = [found.id for found in cloud.store.find(queries.homes_to_erase(cloud.store.db, MOST))]
    for account in accounts:
        cloud.enqueue(erasing.QUEUE, f"account-{account}-{now_ms}", {"account": account})
    for home in homes:
        cloud.enqueue(erasing.QUEUE, f"home-{home}-{now_ms}", {"home": home})
    return len(accounts) + len(homes)


def retry_imports(cloud: Cloud) -> int:
    """Asks again for imports that are being brought in; one that still runs meets nothing new."""
    hour = cloud.now_ms() // HOUR_MS
    waiting = list(cloud.store.find(queries.imports_to_finish(cloud.store.db, MOST)))
    for job in waiting:
        cloud.enqueue(imports.QUEUE, f"{job.home}-{job.id}-{hour}", {"home": job.home, "job": job.id})
    return len(waiting)


def refresh_areas(cloud: Cloud) -> int:
    """Lists areas anew that were not for a day: a home may have left one without its hub's noticing."""
    before_ms = cloud.now_ms() - areas.FRESH_MS
    old = list(cloud.store.find(queries.areas_listed_before(cloud.store.db, before_ms, MOST)))
    for area in old:
        areas.ask(cloud, area.id, refresh=True)
    return len(old)
