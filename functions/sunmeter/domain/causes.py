"""Why a quarter is incomplete or came late, from the hub's evidence. Pure.

| cause | evidence |
|---|---|
| `power_cut` | a boot that began, or that broke a silence, after the mains had been away |
| `hub` | the hub was not running for a while |
| `meter` | a boot of another kind: watchdog, crash, a restart |
| `wifi` | the meter counted on, and told it late, by snapshots, or not at all |
| `cloud`, `internet` | the hub could not pass it on: the cloud answered that it could not, or nobody did |

The hub keeps what it cannot pass on, so the last two delay a quarter and take nothing of it.
"""

from typing import Any

from ..contract import ledger
from ..contract.ledger import Interval

POWER_CUTS = frozenset({"power_on", "brown_out"})
LONG_S = 60  # a failure shorter than this delays nothing that anybody sees
MANY_LATE = 6  # readings: a minute of them


def cause(interval: Interval) -> str:
    """The cause of a quarter, one of CAUSES: `none` where all went well, `unknown` where nothing explains a gap."""
    evidence = interval.evidence
    resets = _names(evidence.get("resets")) | _names([evidence.get("silence_ended_by")])
    if POWER_CUTS & resets:
        return "power_cut"
    if _number(evidence.get("hub_s")) >= LONG_S:
        return "hub"
    if resets:
        return "meter"
    return _of_measured(evidence) if ledger.quality(interval) == ledger.MEASURED else _of_gap(evidence)


def _of_gap(evidence: dict[str, Any]) -> str:
    told_late = any(_number(evidence.get(name)) for name in ("late", "snapshots", "dropped"))
    return "wifi" if told_late or not _number(evidence.get("readings")) else "unknown"


def _of_measured(evidence: dict[str, Any]) -> str:
    """What delayed a quarter of which nothing is missing."""
    cloud_s = _number(evidence.get("cloud_s"))
    internet_s = _number(evidence.get("offline_s")) - cloud_s
    if max(cloud_s, internet_s) >= LONG_S:
        return "cloud" if cloud_s > internet_s else "internet"
    return "wifi" if _number(evidence.get("late")) >= MANY_LATE else "none"


def _number(told: Any) -> int:
    """A count or a time; 0 where a hub tells none, or something else."""
    return told if isinstance(told, int) else 0


def _names(told: Any) -> set[str]:
    return {name for name in told if isinstance(name, str)} if isinstance(told, list) else set()
