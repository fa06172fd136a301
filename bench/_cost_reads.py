"""What looking costs: reads of charts with the rules' own look-ups, and an hour of live view.

A rule that looks at a document is charged a read for it. Which ones it looks at shows when one is taken away: what was
allowed is denied.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from firebase_functions.https_fn import AuthData, CallableRequest
from flask import Request
from werkzeug.test import EnvironBuilder

from bench._cost_play import Scales
from bench._prices import READ_USD, WRITE_USD, Machine
from contract import documents
from contract.ledger import LocalDay
from dev.actors import Denied
from sunmeter import live
from sunmeter.domain.leases import LEASE_MS, RENEW_BELOW_MS
from tests.emulator.test_rules import live as live_reading
from tests.emulator.world import World

HOUR_S = 3600
LIVE_EVERY_S = 2  # at most, by the contract
Figures = dict[str, float]


def looked_up(world: World, paths: Iterable[str], act: Callable[[], object]) -> int:
    """How many of these documents the rules look at before they allow an act."""
    act()
    return sum(_is_denied_without(world, path, act) for path in paths)


def _is_denied_without(world: World, path: str, act: Callable[[], object]) -> bool:
    reference, kept = world.db.document(path), world.stored(path)
    reference.delete()
    try:
        act()
    except Denied:
        return True
    finally:
        reference.set(kept)
    return False


def charts(world: World, day: LocalDay) -> Figures:
    """Reads of a day's chart and of a year's, as their owner; listeners read as much once."""
    home = documents.home(world.home)
    one = looked_up(world, [home], lambda: world.owner.expect(documents.day(world.home, day.day)))
    many = looked_up(world, [home], lambda: world.owner.list(f"homes/{world.home}/months"))
    months = len(world.owner.list(f"homes/{world.home}/months"))
    return {"reads_day_chart": 1 + one, "reads_year_chart": months + many}


def watched_hour(world: World, machine: Machine) -> float:
    """One person watches one home for an hour [USD]: leases, live writes with their look-ups, the watcher's reads."""
    scales = Scales(world)
    renewals = HOUR_S * 1000 // (LEASE_MS - RENEW_BELOW_MS)
    raw = Request(EnvironBuilder(method="POST").get_environ())
    for number in range(5):
        scales.functions.now_ms = time.time_ns() // 1_000_000 + number * RENEW_BELOW_MS
        with scales.weighing("lease"):
            call = CallableRequest(data={"home": world.home}, raw_request=raw, auth=AuthData(world.owner.uid, {}))
            live.lease(call, scales.functions.cloud)
    path = documents.live(world.home)
    paths = (documents.home(world.home), documents.downlink(world.meter), documents.hub(world.hub.uid))
    lookups = looked_up(world, paths, lambda: world.hub.set(path, live_reading(world.meter)))
    writes = HOUR_S // LIVE_EVERY_S
    leases = scales.taken["lease"]
    per_lease = sum(
        machine.usd(each.cpu_s, each.rpcs) + (each.reads + 1) * READ_USD + each.writes * WRITE_USD for each in leases
    ) / len(leases)  # the hub's listener reads each lease once
    print(f"a watched hour: {writes} live writes with {lookups} look-ups each, {renewals} leases")
    return renewals * per_lease + writes * (WRITE_USD + lookups * READ_USD + READ_USD)
