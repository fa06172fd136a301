"""A year of a home before the day that is weighed, so that its night has as much to read and to learn as any."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime

import contract.ledger
from contract import documents
from sunmeter.contract import ledger
from sunmeter.contract.ledger import EXTREMES, MINUTES, QUARTER_S, Interval, LocalDay, Registers
from sunmeter.domain import days, months
from sunmeter.domain.kept import MINUTE_DAYS
from tests.emulator.world import ZONE, World, days_ago

HISTORY_DAYS = 365
DAY_S = 86_400


def fill(world: World, day: contract.ledger.LocalDay, length: int = HISTORY_DAYS) -> list[Interval]:
    """Days and months until the day, as the functions would have left them; gives that day's own intervals, to be sent.

    length: how many days ago they begin. Days older than a night reads are left out.
    """
    rng, regs, month = random.Random(3), ledger.ZERO, None
    for ago in range(length, 0, -1):
        local = _of_functions(days_ago(ago))
        if local.start_s >= day.start_s:
            break
        intervals = list(quarters_of(world.meter, local, regs, rng))
        regs = intervals[-1].regs1
        made = days.merge(days.empty(local, ZONE), intervals)
        if month is not None and month["month"] != local.month:
            world.db.document(documents.month(world.home, month["month"])).set({**month, "updated": _end(local)})
            month = None
        month = months.with_day(month, made)
        if local.start_s >= day.start_s - (MINUTE_DAYS + 1) * DAY_S:
            world.db.document(documents.day(world.home, local.day)).set(days.write(made))
    if month is not None:
        world.db.document(documents.month(world.home, month["month"])).set(
            {**month, "updated": _end(_of_functions(day))}
        )
    return list(quarters_of(world.meter, day, regs, rng))


def _of_functions(day: contract.ledger.LocalDay) -> LocalDay:
    """The same day in the functions' own copy of the contract."""
    return LocalDay(day.day, day.start_s, day.quarters)


def _end(local: LocalDay) -> datetime:
    return datetime.fromtimestamp(local.end_s, UTC)


def quarters_of(
    meter: str, local: contract.ledger.LocalDay | LocalDay, regs: Registers, rng: random.Random
) -> Iterator[Interval]:
    """A house with a roof under a clear sky: mornings, evenings, noise. A day that is unlike others writes more."""
    for index in range(local.quarters):
        sun_w = max(0.0, math.sin((index - 28) / 40 * math.pi)) * rng.uniform(1400, 1600) if 28 <= index < 68 else 0.0
        base_w = 250 + 500 * math.exp(-(((index - 78) / 8) ** 2)) + 300 * math.exp(-(((index - 30) / 5) ** 2))
        house = [max(60, round(rng.gauss(base_w, 60))) for _ in range(MINUTES)]
        pv = [round(sun_w * rng.uniform(0.8, 1.0)) for _ in range(MINUTES)]
        grid = [used - made for used, made in zip(house, pv, strict=True)]
        energy = Registers(
            sum(max(0, watts) for watts in grid) * 1000 // 60,
            sum(max(0, -watts) for watts in grid) * 1000 // 60,
            sum(pv) * 1000 // 60,
            0,
        )
        start_s = local.start_s + index * QUARTER_S
        yield Interval(
            meter=meter,
            start_s=start_s,
            rev=(start_s + QUARTER_S) * 1000,
            regs0=regs,
            regs1=regs.plus(energy),
            coverage_permille=1000,
            minutes={
                "grid_w": tuple(grid),
                "pv_w": tuple(pv),
                "v_dv": tuple(round(rng.gauss(2310, 15)) for _ in range(MINUTES)),
                "q_var": tuple(round(rng.gauss(60, 20)) for _ in range(MINUTES)),
            },
            extremes=dict.fromkeys(EXTREMES, 100),
            evidence={"edges": "measured"},
        )
        regs = regs.plus(energy)
