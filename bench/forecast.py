"""The load and PV forecast beside its peers, on real homes: `make bench NAME=forecast` (SMALL=1: 8 origins, not 30).

Every method is refitted at every origin and sees only what came before it. One day ahead, from local midnight, no
weather. MASE is the mean absolute error over the mean |y(t) - y(t - 168)| before the first origin; pinball in kWh, over
the five published quantiles; coverage is that of each method's own intervals. `make peers` installs the heavy peers.
JOBS=n judges n homes at a time; PEERS="lightgbm, theta" leaves the other slow peers out. What the slow peers scored is
kept in .run/bench for the next run. EARLIER=4 judges days that lie four before: constants are chosen on such.
"""

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from bench import _night_seconds
from bench._forecast_heavy import heavy
from bench._forecast_homes import Home, homes, origins, scale_wh
from bench._forecast_kept import SLOW, Kept
from bench._forecast_peers import LIGHT, Told, quietly
from bench._forecast_tally import HEADINGS, DayScore, Judged, day_score, mase_difference, mean, row
from bench._night_seconds import Taken
from dev.paths import is_on
from sunmeter.learning import forecast as ours
from sunmeter.learning.series import DAY_HOURS, HOUR_S, Floats

ORIGINS, STEP_DAYS = (8, 36) if is_on("SMALL") else (30, 9)  # either step visits every weekday
EARLIER_DAYS = int(os.environ.get("EARLIER") or 0)
DAY_S = DAY_HOURS * HOUR_S
LEAST_KNOWN = 20  # hours of a day that make it worth judging
EVERY_DAY = 270  # that PV is judged on too: few days of one sky decide
OURS = "sunmeter"
Homes = dict[str, dict[str, Judged]]  # home → method


def sunmeter(home: Home, start_s: int) -> Told:
    bands, _ = ours.load_bands(home.load, start_s, home.zone)
    quantiles = np.stack([bands.lo95, bands.lo80, bands.p50, bands.hi80, bands.hi95])[:, :DAY_HOURS]
    return Told(quantiles[2], quantiles, bands.mean[:DAY_HOURS])


def judged(home: Home) -> tuple[dict[str, Judged], int]:
    """Every method on one home's days; and how many scores an earlier run had kept."""
    peers = {name: method for name, method in {**LIGHT, **heavy()[0]}.items() if name not in left_out()}
    starts = origins(home, ORIGINS, STEP_DAYS, EARLIER_DAYS)
    kept = Kept(home.name)
    days: dict[str, list[DayScore]] = {name: [] for name in (OURS, *peers)}
    for start_s in starts:
        past = home.past(start_s)
        actual = home.load.between(start_s, start_s + DAY_S)
        if np.isfinite(actual).sum() < LEAST_KNOWN:
            continue
        methods = {OURS: partial(sunmeter, home, start_s)} | {
            name: partial(quietly(method), past) for name, method in peers.items()
        }
        for name, tell in methods.items():
            days[name].append(kept.score(name, start_s, partial(timed_score, tell, actual)))
    scale = scale_wh(home, starts[0])
    return {name: Judged(of_days, scale) for name, of_days in days.items()}, kept.used


def left_out() -> set[str]:
    """The slow peers that nobody asked for."""
    asked = os.environ.get("PEERS")
    return set(SLOW) - {name.strip() for name in asked.split(",")} if asked else set()


def timed_score(tell: Callable[[], Told], actual: Floats) -> DayScore:
    began_s = time.process_time()
    told = tell()
    return day_score(told, actual, time.process_time() - began_s)


def pv_judged(home: Home, starts: list[int] | None = None) -> tuple[float, float] | None:
    """MAE of the PV forecast over that of the better seasonal naive; and how much of the daylight its 80 % held."""
    if home.pv is None:
        return None
    errors = np.zeros(3)
    inside: list[float] = []
    for start_s in starts or origins(home, ORIGINS, STEP_DAYS, EARLIER_DAYS):
        actual = home.pv.between(start_s, start_s + DAY_S)
        bands = ours.pv_bands(home.pv, start_s)
        guesses = [bands.p50[:DAY_HOURS]]
        guesses += [home.pv.between(start_s - days * DAY_S, start_s - (days - 1) * DAY_S) for days in (1, 7)]
        known = np.isfinite(actual) & np.isfinite(np.stack(guesses)).all(axis=0)
        errors += [float(np.abs(actual - guess)[known].sum()) for guess in guesses]
        lit = known & (bands.hi80[:DAY_HOURS] > 20)
        inside += ((bands.lo80[:DAY_HOURS] <= actual) & (actual <= bands.hi80[:DAY_HOURS]))[lit].tolist()
    return float(errors[0] / errors[1:].min()), mean(inside)


def forecast_seconds(home: Home) -> float:
    """CPU of everything the nightly forecast of a home does: load, PV, the month's end."""
    start_s = origins(home, ORIGINS, STEP_DAYS, EARLIER_DAYS)[-1]
    seconds = []
    for _ in range(3):
        began_s = time.process_time()
        ours.forecast(home.load, home.pv, start_s, home.zone)
        seconds.append(time.process_time() - began_s)
    return min(seconds)


def main() -> None:
    known = list(homes())
    _, absent = heavy()
    if absent:
        print(f"not installed, so not in this run: {', '.join(absent)} (`make peers` installs them)")
    if left_out():
        print(f"left out: {', '.join(sorted(left_out()))}")
    jobs = int(os.environ.get("JOBS") or 1)
    with ProcessPoolExecutor(jobs, initializer=os.nice, initargs=(10,)) as workers:
        results = dict(zip([home.name for home in known], workers.map(judged, known), strict=True))
    found: Homes = {name: methods for name, (methods, _) in results.items()}
    print(f"{len(known)} homes, up to {ORIGINS} origins each, every {STEP_DAYS} days; one day ahead, no weather")
    if used := sum(used for _, used in results.values()):
        print(f"{used} scores of slow peers were kept from an earlier run of the same code")
    figures = {
        **told_load(known, found),
        **told_pv(known),
        "seconds_per_home": mean(forecast_seconds(home) for home in known),
        **told_nights(),
    }
    print(json.dumps({"name": "forecast", "figures": {name: round(value, 4) for name, value in figures.items()}}))


def told_load(known: list[Home], found: Homes) -> dict[str, float]:
    """Prints how each home's load was forecast; the figures of all, and of the homes that were held out."""
    for name, of_home in found.items():
        print_means(name, {name: of_home})
    apart = {home.name: found[home.name] for home in known if home.is_held_out}
    print_means("held-out homes", apart)
    print_means("all homes", found)
    held_out = {f"{name}_held_out": figure for name, figure in load_figures(apart).items()}
    return {**load_figures(found), **held_out}


def told_pv(known: list[Home]) -> dict[str, float]:
    """Prints how each home's PV was forecast; the figures of all, at the usual origins and on every day."""
    pv = {home.name: ratios for home in known if (ratios := pv_judged(home))}
    print("PV over the better naive: " + ", ".join(f"{name} {ratio:.3f}" for name, (ratio, _) in pv.items()))
    daily = [pv_judged(home, origins(home, EVERY_DAY, 1)) for home in known if home.pv is not None]
    every_day = [ratio for ratio, _ in filter(None, daily)]
    return {
        "pv_vs_better_naive": mean(ratio for ratio, _ in pv.values()),
        "pv_worst_home": max(ratio for ratio, _ in pv.values()),
        "pv_every_day": mean(every_day),
        "pv_every_day_worst_home": max(every_day),
        "pv_cov80": mean(inside for _, inside in pv.values()),
    }


def told_nights() -> dict[str, float]:
    """Prints what a whole night takes, a home's first and a usual one; their figures."""
    first, usual = _night_seconds.measured()
    print_nights("first", first)
    print_nights("usual", usual)
    print(f"a cold start imports for {_night_seconds.imports_s():.1f} s before")
    return {
        "night_seconds_first": min(night.elapsed_s for night in first),
        "night_seconds": min(night.elapsed_s for night in usual),
        "night_cpu_seconds": min(night.cpu_s for night in usual),
        "night_reads": max(night.reads for night in usual),
    }


def print_nights(kind: str, nights: list[Taken]) -> None:
    elapsed, cpu = (min(getattr(night, name) for night in nights) for name in ("elapsed_s", "cpu_s"))
    reads, writes = ([getattr(night, name) for night in nights] for name in ("reads", "writes"))
    print(f"{kind} nights: {elapsed:.2f} s elapsed, {cpu:.2f} s of CPU at least; reads {reads}, writes {writes}")


def by_method(found: Homes) -> dict[str, list[Judged]]:
    """The methods, the one with the least error first."""
    methods = {name: [of_home[name] for of_home in found.values()] for name in next(iter(found.values()))}
    return dict(sorted(methods.items(), key=lambda each: mean(home.mase for home in each[1])))


def print_means(title: str, found: Homes) -> None:
    print(f"\n{f'mean, {title}':<20}" + "".join(f"{heading:>9}" for heading in HEADINGS))
    for name, of_homes in by_method(found).items():
        print(row(name, of_homes))


def load_figures(found: Homes) -> dict[str, float]:
    methods = by_method(found)
    mine = methods[OURS]
    figures = {"mase": mean(home.mase for home in mine)}
    for name in methods:
        if name != OURS:
            figures[f"mase_{name.replace(' + ', '_').replace(' ', '_')}"] = mean(home.mase for home in methods[name])
    if "lightgbm" in methods:
        figures["mase_diff"], figures["mase_diff_lo"], figures["mase_diff_hi"] = mase_difference(
            mine, methods["lightgbm"]
        )
    peers = [mean(home.pinball_kwh for home in of_homes) for name, of_homes in methods.items() if name != OURS]
    worst = zip(mine, methods["naive 24"], methods["naive 168"], strict=True)
    return figures | {
        "pinball": mean(home.pinball_kwh for home in mine),
        "pinball_best_peer": float(np.nanmin(peers)),
        "cov80": mean(home.cov80 for home in mine),
        "cov95": mean(home.cov95 for home in mine),
        "worst_home_vs_naive": max(home.mae_kwh / min(day.mae_kwh, week.mae_kwh) for home, day, week in worst),
    }


if __name__ == "__main__":
    main()
