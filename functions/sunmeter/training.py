"""The night: one Cloud Task for each home trains its models from what `ingest` stored. Heavy imports happen in the task."""

from datetime import datetime

from . import log, queries
from .clients import Cloud
from .contract import ledger

QUEUE = "trainhome"


def nightly(cloud: Cloud, moment: datetime) -> None:
    """Schedule `nightly`. Key: (home, day), the last day that is over in the home's zone: asked twice, trained once."""
    homes = 0
    for found in queries.homes_with_meter(cloud.db).stream():
        day = last_day(found.get("zone"), int(moment.timestamp()))
        cloud.enqueue(QUEUE, f"{found.id}-{day}", {"home": found.id, "day": day})
        homes += 1
    log.info("night", homes=homes)


def last_day(zone: str, now_s: int) -> str:
    """The last day that is over at that moment."""
    today = ledger.local_day(now_s, ledger.zone_named(zone))
    return ledger.local_day(today.start_s - 1, ledger.zone_named(zone)).day


def enqueue(cloud: Cloud, home: str, day: str, again: int | None = None) -> None:
    """Asks for the training of a home; `again` tells a repeated request from the one whose key is spent."""
    key = f"{home}-{day}" if again is None else f"{home}-{day}-{again}"
    cloud.enqueue(QUEUE, key, {"home": home, "day": day})
