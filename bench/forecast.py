"""The load and PV forecast beside its peers, on real homes: `make bench NAME=forecast` (LONG=1: 30 origins a home).

Every method is refitted at every origin and sees only what came before it. One day ahead, from local midnight. MASE is
the mean absolute error over the mean |y(t) - y(t - 168)| before the first origin; pinball in kWh, over the five
published quantiles. The peers: seasonal naive of a day and of a week, the median of the last four same weekdays, and
statsmodels' AutoReg with Fourier terms, alone and averaged with the weighted profile.
"""

import json
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from dev.paths import data_dir
from sunmeter.learning import forecast as ours
from sunmeter.learning.days import LEVELS
from sunmeter.learning.series import DAY_HOURS, HOUR_S, Floats, Hourly
from twin.recordings import Recording, read_recording

LONG = os.environ.get("LONG") == "1"
ORIGINS, STEP_DAYS = (30, 9) if LONG else (10, 27)  # either step visits every weekday
DAY_S = DAY_HOURS * HOUR_S
LEAST_KNOWN = 20  # hours of a day that make it worth judging
AUTOREG_DAYS = 112


@dataclass(frozen=True)
class Home:
    name: str
    zone: str
    load: Hourly
    pv: Hourly | None


@dataclass(frozen=True)
class Told:
    """One method's forecast of a day: the median, and where it has them the quantiles at `LEVELS` and the mean."""

    p50: Floats
    quantiles: Floats | None = None
    mean: Floats | None = None


def homes() -> Iterator[Home]:
    """The hourly recordings; local clocks are taken as they stand."""
    folder = data_dir()
    yield _home("uci", read_recording(str(folder / "uci_hourly_2y.csv.gz")), "UTC")
    citylearn = str(folder / "citylearn_homes.csv.gz")
    for key in read_recording(citylearn).homes:
        yield _home(f"citylearn {key}", read_recording(f"{citylearn}#{key}"), "UTC")
    yield _home("opsd 4", read_recording(str(folder / "opsd_residential4_60min.csv.gz")), "Europe/Berlin")


def _home(name: str, recording: Recording, zone: str) -> Home:
    start_s = recording.start_min * 60
    pv = Hourly(start_s, recording.pv_w) if recording.pv_w is not None else None
    return Home(name, zone, Hourly(start_s, recording.house_w), pv)


def origins(home: Home) -> list[int]:
    """Local midnights, the last of them a day before the recording ends."""
    summer_s = 2 * HOUR_S if home.zone != "UTC" else 0  # of the origins; half an hour's sleep does not matter here
    last = (home.load.end_s + summer_s) // DAY_S * DAY_S - DAY_S - summer_s
    return [last - STEP_DAYS * DAY_S * back for back in reversed(range(ORIGINS))]


def day_before(series: Hourly, start_s: int, days: int) -> Floats:
    return series.between(start_s - days * DAY_S, start_s - (days - 1) * DAY_S)


def filled(values: Floats, fallback: Floats) -> Floats:
    return np.where(np.isfinite(values), values, fallback)


def naive_day(home: Home, start_s: int) -> Told:
    return Told(filled(day_before(home.load, start_s, 1), day_before(home.load, start_s, 2)))


def naive_week(home: Home, start_s: int) -> Told:
    return Told(filled(day_before(home.load, start_s, 7), day_before(home.load, start_s, 14)))


def median_of_4_weeks(home: Home, start_s: int) -> Told:
    return Told(np.nanmedian([day_before(home.load, start_s, 7 * week) for week in (1, 2, 3, 4)], axis=0))


def _told(bands: ours.Bands) -> Told:
    quantiles = np.stack([bands.lo95, bands.lo80, bands.p50, bands.hi80, bands.hi95])[:, :DAY_HOURS]
    return Told(quantiles[2], quantiles, bands.mean[:DAY_HOURS])


def sunmeter(home: Home, start_s: int) -> Told:
    return _told(ours.load_bands(home.load, start_s, home.zone)[0])


def profile(home: Home, start_s: int) -> Told:
    return _told(ours.load_bands(home.load, start_s, home.zone, method="profile")[0])


def autoreg(home: Home, start_s: int) -> Told:
    """statsmodels AutoReg, lags 1, 2, 3, 24, 48, 168, Fourier terms of day and week, on the last sixteen weeks."""
    from statsmodels.tsa.ar_model import AutoReg

    known = home.load.between(start_s - AUTOREG_DAYS * DAY_S, start_s)
    known = known[np.flatnonzero(np.isfinite(known))[0] :]
    hour_of_day = np.arange(len(known)) % DAY_HOURS
    usual = np.array([np.nanmean(known[hour_of_day == hour]) for hour in range(DAY_HOURS)])
    known = filled(known, usual[hour_of_day])
    at = np.arange(len(known) + DAY_HOURS)[:, None]
    angles = 2 * np.pi * at * np.concatenate([np.arange(1, 5) / 24, np.arange(1, 4) / 168])
    terms = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    fitted = AutoReg(known, lags=[1, 2, 3, 24, 48, 168], exog=terms[: len(known)]).fit()
    ahead = fitted.predict(len(known), len(known) + DAY_HOURS - 1, exog_oos=terms[len(known) :])
    return Told(np.maximum(np.asarray(ahead), 0.0))


def autoreg_and_profile(home: Home, start_s: int) -> Told:
    return Told((autoreg(home, start_s).p50 + profile(home, start_s).p50) / 2)


METHODS: dict[str, Callable[[Home, int], Told]] = {
    "sunmeter": sunmeter,
    "weighted profile": profile,
    "autoreg + profile": autoreg_and_profile,
    "autoreg": autoreg,
    "median of 4 weeks": median_of_4_weeks,
    "naive 24": naive_day,
    "naive 168": naive_week,
}


@dataclass
class Tally:
    """Sums over the hours of a home's origins."""

    hours: int = 0
    absolute: float = 0.0
    squared: float = 0.0
    pinball: float = 0.0
    inside80: int = 0
    inside95: int = 0
    seconds: float = 0.0
    origins: int = 0

    def add(self, told: Told, actual: Floats, seconds: float) -> None:
        known = np.isfinite(actual) & np.isfinite(told.p50)
        error = (actual - told.p50)[known]
        mean_error = error if told.mean is None else (actual - told.mean)[known]
        self.hours += int(known.sum())
        self.absolute += float(np.abs(error).sum())
        self.squared += float((mean_error**2).sum())
        self.seconds += seconds
        self.origins += 1
        if told.quantiles is not None:
            apart = (actual - told.quantiles)[:, known]
            levels = np.array(LEVELS)[:, None]
            self.pinball += float(np.maximum(levels * apart, (levels - 1) * apart).mean(axis=0).sum())
            self.inside80 += int(((apart[1] >= 0) & (apart[3] <= 0)).sum())
            self.inside95 += int(((apart[0] >= 0) & (apart[4] <= 0)).sum())

    @property
    def mae(self) -> float:
        return self.absolute / self.hours


def judged(home: Home) -> dict[str, Tally]:
    tallies = {name: Tally() for name in METHODS}
    for start_s in origins(home):
        actual = home.load.between(start_s, start_s + DAY_S)
        if np.isfinite(actual).sum() < LEAST_KNOWN:
            continue
        for name, method in METHODS.items():
            began = time.process_time()
            told = method(home, start_s)
            tallies[name].add(told, actual, time.process_time() - began)
    return tallies


def scale(home: Home) -> float:
    """Mean |y(t) - y(t - 168)| before the first origin [Wh]."""
    known = home.load.before(origins(home)[0]).wh
    return float(np.nanmean(np.abs(known[168:] - known[:-168])))


def pv_judged(home: Home) -> tuple[float, float] | None:
    """MAE of the PV forecast over that of the better seasonal naive; and how much of the daylight its 80 % held."""
    if home.pv is None:
        return None
    errors = np.zeros(3)
    inside: list[float] = []
    for start_s in origins(home):
        actual = home.pv.between(start_s, start_s + DAY_S)
        bands = ours.pv_bands(home.pv, start_s)
        guesses = [bands.p50[:DAY_HOURS]]
        guesses += [day_before(home.pv, start_s, days) for days in (1, 7)]
        known = np.isfinite(actual) & np.isfinite(np.stack(guesses)).all(axis=0)
        errors += [float(np.abs(actual - guess)[known].sum()) for guess in guesses]
        lit = known & (bands.hi80[:DAY_HOURS] > 20)
        inside += ((bands.lo80[:DAY_HOURS] <= actual) & (actual <= bands.hi80[:DAY_HOURS]))[lit].tolist()
    return float(errors[0] / errors[1:].min()), mean(inside)


def night_seconds(home: Home) -> float:
    """CPU of everything the nightly forecast of a home does: load, PV, the month's end."""
    began = time.process_time()
    ours.forecast(home.load, home.pv, origins(home)[-1], home.zone)
    return time.process_time() - began


def main() -> None:
    warnings.simplefilter("ignore")
    known = list(homes())
    tallies = {home.name: judged(home) for home in known}
    scales = {home.name: scale(home) for home in known}
    print(f"{len(known)} homes, {ORIGINS} origins each, every {STEP_DAYS} days; one day ahead, no weather")
    print(f"{'method':<20}{'MAE kWh':>9}{'RMSE':>8}{'MASE':>8}{'pinball':>9}{'cov 80':>8}{'cov 95':>8}{'s':>8}")
    mase = {}
    for name in METHODS:
        mine = {home: tallies[home][name] for home in tallies}
        mase[name] = {home: tally.mae / scales[home] for home, tally in mine.items()}
        rows = list(mine.values())
        print(
            f"{name:<20}{mean(t.mae for t in rows) / 1000:>9.3f}"
            f"{mean((t.squared / t.hours) ** 0.5 for t in rows) / 1000:>8.3f}{mean(mase[name].values()):>8.3f}"
            + (_intervals(rows) if rows[0].pinball else f"{'-':>9}{'-':>8}{'-':>8}")
            + f"{mean(t.seconds / t.origins for t in rows):>8.3f}"
        )
    naive = {home: min(mase["naive 24"][home], mase["naive 168"][home]) for home in tallies}
    print(f"\n{'home':<14}" + "".join(f"{name:>19}" for name in METHODS) + f"{'PV / better naive':>19}")
    pv = {home.name: pv_judged(home) for home in known}
    for home in known:
        judged_pv = pv[home.name]
        row = "".join(f"{mase[name][home.name]:>19.3f}" for name in METHODS)
        print(f"{home.name:<14}{row}" + (f"{judged_pv[0]:>19.3f}" if judged_pv else f"{'-':>19}"))
    rows = [tallies[home]["sunmeter"] for home in tallies]
    ratios = [judged_pv[0] for judged_pv in pv.values() if judged_pv]
    figures = {
        "mase": mean(mase["sunmeter"].values()),
        **{
            f"mase_{name.replace(' + ', '_').replace(' ', '_')}": mean(mase[name].values())
            for name in list(METHODS)[1:]
        },
        "pinball": mean(t.pinball / t.hours for t in rows) / 1000,
        "cov80": mean(t.inside80 / t.hours for t in rows),
        "cov95": mean(t.inside95 / t.hours for t in rows),
        "worst_home_vs_naive": max(mase["sunmeter"][home] / naive[home] for home in tallies),
        "pv_vs_better_naive": mean(ratios),
        "pv_worst_home": max(ratios),
        "pv_cov80": mean(judged_pv[1] for judged_pv in pv.values() if judged_pv),
        "seconds_per_home": mean(night_seconds(home) for home in known),
    }
    print(json.dumps({"name": "forecast", "figures": {name: round(value, 4) for name, value in figures.items()}}))


def _intervals(rows: list[Tally]) -> str:
    pinball = mean(t.pinball / t.hours for t in rows) / 1000
    inside80, inside95 = (mean(getattr(t, name) / t.hours for t in rows) for name in ("inside80", "inside95"))
    return f"{pinball:>9.3f}{inside80:>8.2f}{inside95:>8.2f}"


def mean(numbers: Iterable[float]) -> float:
    return float(np.mean(list(numbers)))


if __name__ == "__main__":
    main()
