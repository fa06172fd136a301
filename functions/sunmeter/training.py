"""The night: one Cloud Task for each home trains its models from what `ingest` stored.

Heavy imports happen in the task.
"""

from . import log, queries
from .clients import Cloud
from .contract import ledger

QUEUE = "trainhome"


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
