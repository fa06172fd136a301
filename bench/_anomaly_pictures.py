"""What the pictures of docs/anomaly.md show, from the benchmark's own runs."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from bench._anomaly_charts import Bar, FaultDay, HomeSizes, fault_day, homes, peers
from bench._anomaly_judge import Found, Trial, mean, opened
from bench._minute_house import DAY_MINUTES
from bench._nights import Nights
from sunmeter.contract.features import CHANNELS
from sunmeter.contract.scorer import Features, Scorer
from sunmeter.contract.unpacking import unpack
from sunmeter.learning import replay
from sunmeter.learning.anomaly import Trained
from sunmeter.learning.minutes import Minutes

SHOWN = "clamp bypassed 50 %, 48 h"  # neither the easiest nor the hardest
_BEFORE_MINUTES, _AFTER_MINUTES = 360, 1080


def shown_day(trained: Trained, trial: Trial) -> FaultDay:
    """The day around the first fault of that kind that the model tells within it; else around the first of them."""
    cases = [(place, seen, begin) for place, seen, begin in trial.faulty if place.fault.name == SHOWN]
    days = [_day(trained, seen.minutes, place.first - begin) for place, seen, begin in cases]
    return next((day for day in days if day.alert is not None), days[0])


def _day(trained: Trained, minutes: Minutes, first: int) -> FaultDay:
    model = unpack(trained.payload or b"")
    begin, end = first - _BEFORE_MINUTES, first + _AFTER_MINUTES
    score = replay.replay(model, minutes).score_milli.astype(float)
    starts = [start for start, _ in opened(score, trained.threshold_milli) if first <= start < end]
    minute = int(minutes.ts_s[begin]) // 60 % DAY_MINUTES
    return FaultDay(
        title=f"A day of the UCI house: {SHOWN}",
        score=(score[begin:end] / 1000).tolist(),
        threshold=trained.threshold_milli / 1000,
        first_minute=minute,
        fault=(_BEFORE_MINUTES, min(end, len(score)) - begin),
        alert=starts[0] - begin if starts else None,
        reason=_reason(trained, minutes, starts[0]) if starts else "",
    )


def _reason(trained: Trained, minutes: Minutes, at: int) -> str:
    """The event as the meter tells it, in one line."""
    scorer = Scorer(Features(), unpack(trained.payload or b""))
    columns = (minutes.grid_w, minutes.pv_w, minutes.v_dv, minutes.q_var)
    for position in range(at + 1):
        numbers = [None if np.isnan(column[position]) else int(column[position]) for column in columns]
        scorer.push(int(minutes.ts_s[position]), *numbers)
    name, unit, low, high = CHANNELS[scorer.channel]
    kind = low if scorer.is_low else high
    return f"{kind}: {name} {scorer.number} {unit}, usually {scorer.usual_lo} to {scorer.usual_hi}"


def drawn(
    at_budget: Mapping[str, list[Found]], ours: str, day: FaultDay, nights: Mapping[str, Nights], subtitle: str
) -> dict[str, str]:
    """The SVG of each picture by its file's name; at_budget holds what each detector found in each run."""
    bars = {
        name: Bar(mean(one.rec9 for one in found), min(one.rec9 for one in found)) for name, found in at_budget.items()
    }
    return {
        "anomaly_day.svg": fault_day(day),
        "anomaly_peers.svg": peers(bars, ours, subtitle),
        "anomaly_homes.svg": homes({name: _sizes(night) for name, night in nights.items()}),
    }


def _sizes(nights: Nights) -> HomeSizes:
    def usual(size: str) -> float | None:
        known = [found[size] for found in nights.detectable if size in found]
        return float(np.median(known)) if known else None

    return HomeSizes(usual("night_w"), usual("day_w"), usual("base_w"), mean(nights.told))


def write(folder: Path, pictures: Mapping[str, str], say: Callable[[str], object] = print) -> None:
    for name, svg in pictures.items():
        (folder / name).write_text(svg, encoding="utf-8")
        say(f"{folder / name} drawn")
