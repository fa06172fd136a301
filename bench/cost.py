"""What a home costs: `make bench NAME=cost`.

A day of one home that nobody watches is played through the real functions on the emulator: every request of its hub,
every trigger, each hour's look of the reconciler, the night with a year of history. Reads and writes are counted at
Firestore's door, rule look-ups by taking away what a rule may look at; CPU is this process's. Hubs of 10 and 50 homes
send a few requests of as many homes, weighed alike. Dollars are list prices, regional, without any free tier; each
invocation is billed alone, in tenths of a second, on a warm instance of the size that functions/main.py declares.

The peers, in the same run: a document per reading of 10 s, and one per minute, each quarter's in one request and one
batch, with no trigger, no month, no night: the least such a design can cost.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench import _cost_history, _cost_play, _cost_reads, _cost_serving
from bench._cost_play import Invocation, Scales
from bench._prices import (
    DAYS,
    EGRESS_USD_PER_GIB,
    GIB,
    MONTHS,
    READ_USD,
    REQUEST_EGRESS,
    RPC_S,
    SCHEDULE_USD_PER_MONTH,
    TASK_OPERATION_USD,
    WRITE_USD,
    Machine,
    document_bytes,
    index_bytes,
    stored_usd,
)
from contract import documents
from dev.manifest import read_manifest, schedules
from dev.paths import ROOT
from dev.ports import Ports
from dev.stack import Stack
from dev.triggers import triggers_lost
from tests.emulator.world import World, days_ago

QUARTERS = 96
SAMPLED = 4  # requests of a large hub
PEERS = {"reading": 10, "minute": 60}  # seconds a document
MOST = {
    "writes_per_home_day": 115,
    "reads_day_chart": 2,
    "reads_year_chart": 14,
    "usd_home_year_hub1": 0.45,
    "usd_home_year_hub10": 0.25,
    "usd_home_year_hub50": 0.25,
}
Figures = dict[str, float]


@dataclass(frozen=True)
class Bill:
    """What one home costs in a year, by what is paid for [USD]; storage by the year it lies."""

    parts: dict[str, float]
    bytes_a_day: float

    def usd(self, year: int = 1) -> float:
        return sum(self.parts.values()) + stored_usd(self.bytes_a_day, year)


@dataclass(frozen=True)
class Rates:
    """Machines by function, and what a call to Firestore is assumed to take."""

    machines: dict[str, Machine]
    rpc_s: float = RPC_S

    def compute_usd(self, function: str, taken: Sequence[Invocation]) -> float:
        machine = self.machines["ingest" if function == "heartbeat" else function]
        return sum(machine.usd(each.cpu_s, each.rpcs, self.rpc_s) for each in taken)

    def shared_usd(self, function: str, taken: Sequence[Invocation]) -> float:
        """One home's part of an invocation for all homes: its time, without the request and without rounding."""
        machine = self.machines[function]
        whole = Machine(machine.cpu, machine.memory_mb)
        second_usd = (whole.usd(machine.cpu * 0.05, 0) - whole.usd(0.0, 0)) / 0.1
        return sum((each.cpu_s / machine.cpu + each.rpcs * self.rpc_s) * second_usd for each in taken)


def bill(rates: Rates, alone: Scales, homes: int, requests: Sequence[Invocation], bytes_a_day: float) -> Bill:
    """A home of a hub with so many: requests are the hub's and shared, all else is the home's own."""
    beats, own = alone.taken["heartbeat"], ("onday", "reconcile", "trainhome")
    per_home = QUARTERS / len(requests) / homes
    sent = QUARTERS + len(beats)
    reads = per_home * sum(each.reads for each in requests) + sum(each.reads for each in beats) / homes
    writes = per_home * sum(each.writes for each in requests) + sum(each.writes for each in beats) / homes
    reads += (
        alone.total("reads", *own) + 2
    )  # the downlink that the night changed, and one that the hub's listener reopened
    writes += alone.total("writes", *own)
    ingest = per_home * rates.compute_usd("ingest", requests) + rates.compute_usd("heartbeat", beats) / homes
    parts = {
        "writes": writes * WRITE_USD,
        "reads": reads * READ_USD,
        "ingest": ingest,
        "onday": rates.compute_usd("onday", alone.taken["onday"]),
        "reconcile": rates.shared_usd("reconcile", alone.taken["reconcile"]),
        "night": rates.compute_usd("trainhome", alone.taken["trainhome"]) + 2 * TASK_OPERATION_USD,
        "egress": sent * REQUEST_EGRESS / homes / GIB * EGRESS_USD_PER_GIB,
    }
    return Bill({name: DAYS * usd for name, usd in parts.items()}, bytes_a_day)


def peer_bill(rates: Rates, every_s: int, requests: Sequence[Invocation], bytes_each: float) -> Bill:
    each = QUARTERS / len(requests)
    parts = {
        "writes": each * sum(one.writes for one in requests) * WRITE_USD,
        "reads": each * sum(one.reads for one in requests) * READ_USD,
        "ingest": each * rates.compute_usd("ingest", requests),
        "egress": QUARTERS * REQUEST_EGRESS / GIB * EGRESS_USD_PER_GIB,
    }
    return Bill({name: DAYS * usd for name, usd in parts.items()}, bytes_each * 86_400 / every_s)


def bytes_a_day(world: World, day: str) -> float:
    """What a day adds: its document, its part of the month's, and the index entries of both."""
    found = 0.0
    for path, days in ((documents.day(world.home, day), 1), (documents.month(world.home, day[:7]), 30)):
        stored = world.stored(path)
        exempt = unindexed(path.split("/")[2])
        found += (document_bytes(path, stored) + index_bytes(path, stored, exempt)) / days
    return found


def unindexed(group: str) -> set[str]:
    """Fields of a collection group that have no index of their own."""
    overrides = json.loads((ROOT / "firestore.indexes.json").read_text())["fieldOverrides"]
    return {each["fieldPath"] for each in overrides if each["collectionGroup"] == group and not each["indexes"]}


def project_usd(manifest: dict[str, Any], machines: dict[str, Machine]) -> float:
    """A year of what runs once for all homes: the schedules, at their least."""
    runs = {name: runs_a_year(trigger["schedule"]) for name, trigger in schedules(manifest).items()}
    return sum(SCHEDULE_USD_PER_MONTH * MONTHS + often * machines[name].usd(0.02, 2) for name, often in runs.items())


def runs_a_year(cron: str) -> int:
    minute, hour, *_ = cron.split()
    every = 1 if minute == "*" else int(minute.removeprefix("*/")) if minute.startswith("*/") else 60
    return DAYS * 24 * 60 // every if hour == "*" else DAYS


def show(name: str, paid: Bill) -> None:
    parts = ", ".join(f"{part} {usd:.3f}" for part, usd in paid.parts.items())
    print(f"{name:26} ${paid.usd():.3f} in year 1, ${paid.usd(5):.3f} in year 5  ({parts})")


def measure(stack: Stack) -> Figures:
    manifest = read_manifest()
    rates = Rates({name: Machine.of(endpoint) for name, endpoint in manifest["endpoints"].items()})
    day, figures = days_ago(1), Figures()
    with triggers_lost(stack):  # they are told by hand, so that what they do is counted
        world = World.made(stack)
        idle = _cost_play.idle_reconcile(world)
        world.owner.call("settariff", home=world.home, tariff=_cost_play.TARIFF)
        intervals = _cost_history.fill(world, day)
        alone = _cost_play.play_day(world, day, intervals)
        alone.taken["reconcile"] = [each.beyond(idle) for each in alone.taken["reconcile"]]  # the rest is for all homes
        size = bytes_a_day(world, day.day)
        charts = _cost_reads.charts(world, day)
        watched = _cost_reads.watched_hour(world, rates.machines["lease"])
        requests: dict[int, list[Invocation]] = {1: alone.taken["ingest"]}
        for homes in (10, 50):
            requests[homes] = _cost_play.play_requests(World.made(stack), day, homes, SAMPLED)
        peers = {
            name: _cost_play.play_documents(World.made(stack), day, every_s, SAMPLED) for name, every_s in PEERS.items()
        }
    figures["writes_per_home_day"] = alone.total("writes")
    figures["reads_per_home_day"] = alone.total("reads")
    figures["requests_per_hub_day"] = len(alone.taken["ingest"]) + len(alone.taken["heartbeat"])
    figures |= charts
    for homes, taken in requests.items():
        paid = bill(rates, alone, homes, taken, size)
        figures |= {f"usd_home_year_hub{homes}": paid.usd(), f"usd_home_year5_hub{homes}": paid.usd(5)}
        show(f"a hub of {homes}", paid)
        slow = bill(Rates(rates.machines, 2 * RPC_S), alone, homes, taken, size)
        print(f"{'':26} ${slow.usd():.3f} where Firestore takes twice as long")
    figures["usd_per_watched_hour"] = watched
    for name, (taken, document) in peers.items():
        every_s, path = PEERS[name], f"homes/{world.home}/readings/{world.meter}-0000000000"
        each = document_bytes(path, document) + index_bytes(path, document, set())
        paid = peer_bill(rates, every_s, taken, each)
        show(f"a document per {name}", paid)
        figures |= {
            f"peer_{name}_writes_per_home_day": 86_400 // every_s,
            f"peer_{name}_reads_day_chart": 86_400 // every_s + 1,
            f"peer_{name}_reads_year_chart": DAYS * 86_400 // every_s + 1,
            f"peer_{name}_usd_per_watched_hour": 3600 // every_s * READ_USD,  # all is stored: a watcher reads it
            f"peer_{name}_usd_home_year": paid.usd(),
            f"peer_{name}_usd_home_year5": paid.usd(5),
        }
    tell(alone, size, figures)
    whole = project_usd(manifest, rates.machines) + DAYS * 24 * (idle.reads * READ_USD + idle.writes * WRITE_USD)
    print(f"for the whole project a year, whatever its homes: ${whole:.2f} of schedules")
    _cost_serving.tell()
    return figures


def tell(alone: Scales, size: float, figures: Figures) -> None:
    print(f"{'function':12}{'a day':>7}{'CPU ms':>9}{'calls':>8}{'reads':>8}{'writes':>8}   (means of a run)")
    for function, taken in alone.taken.items():
        cpu_s, *counts = (mean(name, taken) for name in ("cpu_s", "rpcs", "reads", "writes"))
        print(f"{function:12}{len(taken):7}{cpu_s * 1000:9.1f}" + "".join(f"{count:8.1f}" for count in counts))
    print(f"a day takes {size / 1000:.1f} kB with its indexes, {size * DAYS / 1e6:.1f} MB a year")
    print(f"a watched hour ${figures['usd_per_watched_hour']:.4f}")


def mean(name: str, taken: Sequence[Invocation]) -> float:
    return statistics.fmean(getattr(each, name) for each in taken)


def main() -> int:
    with Stack(Ports.free()) as stack:
        figures = measure(stack)
    missed = [f"{name} {figures[name]:.3f} > {most}" for name, most in MOST.items() if figures[name] > most]
    for each in missed:
        print(f"missed: {each}", file=sys.stderr)
    print(json.dumps({"name": "cost", "figures": {name: round(figure, 6) for name, figure in figures.items()}}))
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
