"""Minutes of a recording as training has them: sent by a hub, stored by `ingest`, read back by the night's own reader.

The functions run in this process on the Firestore emulator. Registers are summed from the minutes. A recording is moved
by whole weeks until it ends today, since `ingest` takes nothing that is older than 400 days; the home lives by UTC.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator

import numpy as np

from bench._minute_house import DAY_S
from contract import documents
from contract.ledger import EXTREMES, MINUTES, QUARTER_S, SERIES, ZERO, Interval, Registers
from dev.stack import Stack
from sunmeter import kept
from sunmeter.domain.kept import MINUTE_DAYS
from sunmeter.learning import minutes as reading
from sunmeter.learning.minutes import Minutes
from sunmeter.learning.series import Floats
from tests.emulator.inprocess import Functions
from tests.emulator.world import World

WEEK_S = 7 * DAY_S
DAYS_AT_ONCE = 10  # of a request: below 2,000 intervals and 2 MiB


def through_the_cloud(stack: Stack, minutes: Minutes) -> Minutes:
    """What training would be given of these minutes: whole quarters, from a midnight of UTC on."""
    world = World.made(stack)
    world.db.document(documents.home(world.home)).update({"zone": "UTC"})
    functions = Functions.of(stack, world.hub.uid)
    moved_s = (int(time.time()) - minutes.end_s) // WEEK_S * WEEK_S
    intervals = list(_intervals(world.meter, minutes, moved_s))
    with contextlib.redirect_stdout(io.StringIO()):  # the functions log what they do
        for first in range(0, len(intervals), DAYS_AT_ONCE * DAY_S // QUARTER_S):
            batch = intervals[first : first + DAYS_AT_ONCE * DAY_S // QUARTER_S]
            answer = functions.send(interval.to_json() for interval in batch)
            assert answer.status_code == 200, answer.get_data(as_text=True)
            assert all(result["ok"] for result in answer.get_json()["results"])
        days = dict(_days_read(functions, world.home, minutes.start_s + moved_s, minutes.end_s + moved_s))
    found = reading.of_days(days.items())  # to the end of the last day
    read = Minutes(found.start_s - moved_s, found.grid_w, found.pv_w, found.v_dv, found.q_var)
    return read.between(minutes.start_s, minutes.end_s)


def whole_quarters(minutes: Minutes) -> Minutes:
    """The minutes without those after the last quarter's end."""
    return minutes.between(minutes.start_s, minutes.end_s // QUARTER_S * QUARTER_S)


def differing(one: Minutes, other: Minutes) -> int:
    """How many numbers are not the same in both."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in SERIES]
    return sum(int((~((mine == its) | (np.isnan(mine) & np.isnan(its)))).sum()) for mine, its in pairs)


def _days_read(functions: Functions, home: str, start_s: int, end_s: int) -> Iterator[tuple[int, dict[str, bytes]]]:
    """The days of that time, as nights find them: as many at a time as a night is trained on."""
    for until_s in range(end_s, start_s, -MINUTE_DAYS * DAY_S):
        last = time.strftime("%Y-%m-%d", time.gmtime(until_s - 1))
        _, days = kept.Gathering(functions.cloud, home, last, {}).months_and_days()
        yield from ((day["start_s"], day["columns"]) for day in days)


def _intervals(meter: str, minutes: Minutes, moved_s: int) -> Iterator[Interval]:
    """The quarters of the minutes, as a hub cuts them."""
    rows = {name: _whole(getattr(minutes, name)) for name in SERIES}
    measured = np.isfinite(minutes.grid_w).reshape(-1, MINUTES).sum(axis=1)
    regs = ZERO
    for index, energy in enumerate(_energy(minutes)):
        start_s = minutes.start_s + moved_s + index * QUARTER_S
        after = regs.plus(energy)
        yield Interval(
            meter=meter,
            start_s=start_s,
            rev=(start_s + QUARTER_S) * 1000,
            regs0=regs,
            regs1=after,
            coverage_permille=1000 * int(measured[index]) // MINUTES,
            minutes={name: tuple(row[index * MINUTES : (index + 1) * MINUTES]) for name, row in rows.items()},
            extremes=dict.fromkeys(EXTREMES),
            evidence={"edges": "measured"},
        )
        regs = after


def _whole(numbers: Floats) -> list[int | None]:
    return [None if np.isnan(number) else round(number) for number in numbers.tolist()]


def _energy(minutes: Minutes) -> Iterator[Registers]:
    """What each quarter counts [mWh]."""
    grid, pv = np.nan_to_num(minutes.grid_w), np.nan_to_num(minutes.pv_w)
    counted = [grid.clip(min=0), (-grid).clip(min=0), pv.clip(min=0), (-pv).clip(min=0)]
    sums = np.stack([power_w.reshape(-1, MINUTES).sum(axis=1) for power_w in counted], axis=-1)
    yield from (Registers(*(int(mwh) for mwh in row)) for row in np.round(sums * 1000 / 60).tolist())
