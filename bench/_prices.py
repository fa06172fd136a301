"""List prices of what a home uses, in US dollars, regional (us-central1), without any free tier.

Firestore, Cloud Run, Cloud Scheduler: firebase.google.com/docs/firestore/pricing, cloud.google.com/run/pricing and
cloud.google.com/scheduler/pricing as read for this project in 2026. Cloud Tasks: cloud.google.com/tasks/pricing (an
operation is an API call or a delivery, each 32 KiB). Egress: cloud.google.com/vpc/network-pricing, premium tier.
Storage sizes: firebase.google.com/docs/firestore/storage-size.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

READ_USD, WRITE_USD, DELETE_USD = 0.03 / 100_000, 0.09 / 100_000, 0.01 / 100_000
STORED_USD_PER_GIB_MONTH = 0.15
VCPU_USD_PER_S, GIB_USD_PER_S, REQUEST_USD = 0.000024, 0.0000025, 0.40 / 1_000_000
TASK_OPERATION_USD = 0.40 / 1_000_000
EGRESS_USD_PER_GIB = 0.12
SCHEDULE_USD_PER_MONTH = 0.10
BILLED_S = 0.1  # time is billed in tenths of a second
FIRST_GENERATION_CPU = {
    128: 1 / 12,
    256: 1 / 6,
    512: 1 / 3,
    1024: 7 / 12,
}  # cloud.google.com/functions/docs/configuring/memory
GIB = 1 << 30
DAYS, MONTHS = 365, 12

RPC_S = 0.012  # assumed: one call to a Firestore in the same region; `cost` prints what twice of it does
REQUEST_EGRESS = 5_000  # assumed bytes of an answer with a TLS handshake of its own, as a hub that rests 15 min needs


@dataclass(frozen=True)
class Machine:
    """What one function runs on, as functions/main.py declares it."""

    cpu: float
    memory_mb: int

    @staticmethod
    def of(endpoint: Mapping[str, Any]) -> Machine:
        memory_mb, cpu = int(endpoint["availableMemoryMb"]), endpoint.get("cpu") or 1
        return Machine(FIRST_GENERATION_CPU[memory_mb] if cpu == "gcf_gen1" else float(cpu), memory_mb)

    def usd(self, cpu_s: float, rpcs: int, rpc_s: float = RPC_S) -> float:
        """One invocation, alone on its instance: busy for so long, waiting for so many calls."""
        busy_s = math.ceil((cpu_s / self.cpu + rpcs * rpc_s) / BILLED_S) * BILLED_S
        return REQUEST_USD + busy_s * (self.cpu * VCPU_USD_PER_S + self.memory_mb / 1024 * GIB_USD_PER_S)


def stored_usd(bytes_a_day: float, year: int) -> float:
    """What a home's data costs in its year-th year, growing from the first day on, none of it deleted."""
    mean_days = (year - 0.5) * DAYS
    return bytes_a_day * mean_days / GIB * STORED_USD_PER_GIB_MONTH * MONTHS


def document_bytes(path: str, fields: Mapping[str, Any]) -> int:
    """A document as Firestore counts it, without its indexes."""
    return name_bytes(path) + map_bytes(fields) + 32


def name_bytes(path: str) -> int:
    return sum(len(part.encode()) + 1 for part in path.split("/")) + 16


def map_bytes(fields: Mapping[str, Any]) -> int:
    return sum(len(name.encode()) + 1 + value_bytes(value) for name, value in fields.items())


def value_bytes(value: Any) -> int:
    match value:
        case None | bool():
            return 1
        case int() | float() | dt.datetime():
            return 8
        case str():
            return len(value.encode()) + 1
        case bytes():
            return len(value)
        case Mapping():
            return map_bytes(value)
        case _:
            return sum(value_bytes(each) for each in value)


def index_bytes(path: str, fields: Mapping[str, Any], unindexed: set[str]) -> int:
    """The entries of single-field indexes, ascending and descending, of a document's fields that are not exempt."""
    each = name_bytes(path) + name_bytes(path.rsplit("/", 2)[0]) + 32
    indexed = [value for name, value in fields.items() if name not in unindexed and not isinstance(value, bytes)]
    return sum(2 * (each + 16 + value_bytes(value)) for value in indexed)
