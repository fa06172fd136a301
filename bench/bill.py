"""Where the month's bill ends, on real homes: `make bench NAME=bill`.

At every 17th day of a home's recording the cost of the next 5, 12, 20 and 28 days is foretold from the days before
(at most a year, as the night has them) and set against what they cost, under two zones with pay for exports.
Winkler's score of an interval is its width, and ten times what lies outside of it: less is better. The peer takes the
last four weeks' mean and the spread of independent days.
"""

import json
from collections.abc import Callable, Iterator

import numpy as np

from bench._forecast_homes import homes
from sunmeter.learning import bill
from sunmeter.learning.bill import Rest
from sunmeter.learning.series import DAY_HOURS, Floats

DAYS_LEFT = (5, 12, 20, 28)
FIRST_DAY, EVERY, MEMORY = 60, 17, 365
DAY_MICRO, NIGHT_MICRO, EXPORT_MICRO = 270_000, 180_000, 80_000  # per kWh
MISSED = 10.0  # 2 / (1 - 0.8): Winkler, 1972


def daily_costs() -> Iterator[tuple[str, Floats]]:
    """What each day of each home cost [micro]; NaN where an hour is missing."""
    for home in homes():
        hours = len(home.load.wh) // DAY_HOURS * DAY_HOURS
        net = home.load.wh[:hours] - (home.pv.wh[:hours] if home.pv is not None else 0.0)
        hour = np.arange(hours) % DAY_HOURS
        price = np.where((hour >= 22) | (hour < 6), NIGHT_MICRO, DAY_MICRO)
        cost = (np.maximum(net, 0.0) * price - np.maximum(-net, 0.0) * EXPORT_MICRO) / 1000
        yield home.name, cost.reshape(-1, DAY_HOURS).sum(axis=1)


def independent(daily: Floats, days: int) -> Rest:
    """The peer: the last four weeks, as if their days had nothing to do with each other or with the season."""
    recent = daily[-28:][np.isfinite(daily[-28:])]
    middle, half = days * recent.mean(), 1.2816 * recent.std() * days**0.5
    return Rest(middle - half, middle, middle + half)


def judged(rest: Callable[[Floats, int], Rest], costs: list[Floats]) -> dict[str, float]:
    """The part inside, the mean error and the score, of a day's mean [currency]."""
    inside, errors, scores = [], [], []
    for daily in costs:
        for days in DAYS_LEFT:
            for day in range(FIRST_DAY, len(daily) - days, EVERY):
                actual = daily[day : day + days].sum()
                if np.isfinite(actual) and np.isfinite(daily[day - 28 : day]).sum() > 7:
                    told = rest(daily[max(0, day - MEMORY) : day], days)
                    outside = max(0.0, told.lo_micro - actual, actual - told.hi_micro)
                    inside.append(outside == 0)
                    errors.append(abs(actual - told.p50_micro) / days)
                    scores.append((told.hi_micro - told.lo_micro + MISSED * outside) / days)
    return {"inside80": np.mean(inside), "error": np.mean(errors) / 1e6, "score": np.mean(scores) / 1e6}


def main() -> None:
    costs = [daily for _, daily in daily_costs()]
    ours, peer = judged(bill.rest, costs), judged(independent, costs)
    print(f"{'':<22}{'in 80 %':>9}{'error':>9}{'score':>9}   a day, in the currency's unit; {len(costs)} homes")
    for name, told in (("Sunmeter", ours), ("four weeks, independent", peer)):
        print(f"{name:<22}{told['inside80']:>9.2f}{told['error']:>9.2f}{told['score']:>9.2f}")
    figures = {**{f"bill_{name}": told for name, told in ours.items()}, **{f"peer_{k}": v for k, v in peer.items()}}
    print(json.dumps({"name": "bill", "figures": {name: round(float(told), 4) for name, told in figures.items()}}))


if __name__ == "__main__":
    main()
