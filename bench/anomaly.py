"""The anomaly model beside its peers, on a real house by the minute: `make bench NAME=anomaly` (LONG=1: 12 placements).

Sixty days of the UCI house in two folds, each trained on thirty days and judged on the other thirty (fold 2 runs
backwards in time, into Christmas: a hard case on purpose), with and without PV laid over. Eleven faults are injected
consistently into power, reactive power and voltage at seeded places. An alert is five minutes in a row over the
threshold; alerts less than an hour apart are one; what the clean recording already alarms does not count as found.
Budget 1: for every detector the threshold at which the clean test month has at most one alert, an oracle that compares
densities fairly. "own": the threshold that training chose, no oracle. rec9 leaves out the two faults of excess
consumption; F1 counts one event of each kind a month against the false alerts.
"""

import json
import os
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench._forecast_homes import homes
from dev.paths import ROOT, VENV_PYTHON, data_dir
from sunmeter.contract import features
from sunmeter.contract.rules import Rules
from sunmeter.contract.unpacking import unpack
from sunmeter.learning import anomaly, replay
from sunmeter.learning.minutes import MINUTE_S, Minutes
from sunmeter.learning.series import Floats
from twin.recordings import read_recording

LONG = os.environ.get("LONG") == "1"
PLACEMENTS = 12 if LONG else 4
SEED = 20261123
DAY_MINUTES, DAY_S = 1440, 86_400
FOLD_DAYS = 30
WARM_MINUTES = 26 * 60  # before a fault: what the slowest channel remembers
EXCESS_FAULTS = ("heater 2 kW, 2 h at night", "1.5 kW, 6 h by day")
Scorer = Callable[[Minutes], Floats]


@dataclass(frozen=True)
class Fault:
    """Something done to the minutes of a stretch; `part` runs from 0 to 1 over it."""

    name: str
    hours: int
    apply: Callable[[dict[str, Floats], Floats], None]  # changes the columns in place
    between: tuple[float, float] = (0.0, 24.0)  # local hours it may start


def _scaled(factor: Callable[[Floats], Floats], *names: str) -> Callable[[dict[str, Floats], Floats], None]:
    def apply(columns: dict[str, Floats], part: Floats) -> None:
        for name in names:
            columns[name] *= factor(part)

    return apply


def _added(**watts: float) -> Callable[[dict[str, Floats], Floats], None]:
    def apply(columns: dict[str, Floats], part: Floats) -> None:
        for name, number in watts.items():
            columns[name] += number

    return apply


def _frozen(columns: dict[str, Floats], part: Floats) -> None:
    for column in columns.values():
        column[:] = column[0]


def _voltage_drift(columns: dict[str, Floats], part: Floats) -> None:
    factor = 1 + 150 * part / columns["v_dv"]
    for name in ("grid_w", "pv_w", "q_var", "v_dv"):
        columns[name] *= factor


COLUMNS = ("grid_w", "pv_w", "v_dv", "q_var")
CURRENT = ("grid_w", "q_var")
FAULTS = (
    Fault(EXCESS_FAULTS[0], 2, _added(grid_w=2000), (0, 3)),
    Fault(EXCESS_FAULTS[1], 6, _added(grid_w=1500), (9, 14)),
    Fault("hidden 300 W, 72 h", 72, _added(grid_w=300, q_var=99)),
    Fault("clamp bypassed 50 %, 48 h", 48, _scaled(lambda part: 0.5 + 0 * part, *CURRENT)),
    Fault("clamp open, 6 h", 6, _scaled(lambda part: 0 * part, *CURRENT)),
    Fault("voltage gain +6 %, 12 h", 12, _scaled(lambda part: 1.06 + 0 * part, "grid_w", "pv_w", "q_var", "v_dv")),
    Fault("clamp reversed, 3 h", 3, _scaled(lambda part: 0 * part - 1, *CURRENT)),
    Fault("sensor frozen, 3 h", 3, _frozen),
    Fault("current drift to -50 %, 5 d", 120, _scaled(lambda part: 1 - 0.5 * part, *CURRENT)),
    Fault("voltage drift +15 V, 4 d", 96, _voltage_drift),
    Fault("+0.5 kvar, 12 h", 12, _added(q_var=500)),
)


@dataclass(frozen=True)
class Placed:
    fault: Fault
    first: int  # minute of the test month

    def injected(self, month: Minutes) -> tuple[Minutes, int]:
        """The stretch with the fault in it, the slowest channel warmed; and the position of its first minute."""
        begin = max(0, self.first - WARM_MINUTES)
        end = min(len(month.grid_w), self.first + 60 * self.fault.hours)
        columns = {name: getattr(month, name)[begin:end].copy() for name in COLUMNS}
        inside = {name: column[self.first - begin :] for name, column in columns.items()}
        self.fault.apply(inside, np.linspace(0, 1, end - self.first))
        rounded = (np.round(columns[name]) for name in COLUMNS)
        return Minutes(month.start_s + begin * MINUTE_S, *rounded), begin


def placed(seed: int) -> list[Placed]:
    chance = np.random.default_rng(seed)
    found = []
    for fault in FAULTS:
        for _ in range(PLACEMENTS):
            day = int(chance.integers(2, FOLD_DAYS - max(1, -(-fault.hours // 24))))
            found.append(Placed(fault, int((day * 24 + chance.uniform(*fault.between)) * 60)))
    return found


# --- the house -------------------------------------------------------------------------------------------------------


def house(with_pv: bool) -> Minutes:
    """The UCI house, its wall clock taken as UTC, from its first midnight on."""
    recording = read_recording(str(data_dir() / "uci_minute_60d.csv.gz"))
    assert recording.q_var is not None
    assert recording.v_v is not None
    skipped = -recording.start_min % DAY_MINUTES
    house_w, q_var = np.round(recording.house_w[skipped:]), np.round(recording.q_var[skipped:])
    pv_w = _pv(len(house_w)) if with_pv else np.full(len(house_w), np.nan)
    grid_w = house_w - np.where(pv_w > 0, pv_w, 0)
    return Minutes((recording.start_min + skipped) * 60, grid_w, pv_w, np.round(10 * recording.v_v[skipped:]), q_var)


def _pv(size: int) -> Floats:
    """A Californian winter's PV by the hour, laid over by the minute with passing clouds."""
    recording = read_recording(str(data_dir() / "citylearn_homes.csv.gz") + "#1")
    assert recording.pv_w is not None
    first = 138 * 24 + 1  # 17 December, midnight
    hours = recording.pv_w[first : first + size // 60 + 2]
    smooth = np.interp(np.arange(size) / 60, np.arange(len(hours)) + 0.5, hours)
    clouds = np.random.default_rng(SEED).uniform(0.8, 1.2, size)
    return np.where(smooth > 20, smooth * clouds, -4.0).round(0)


def folds(minutes: Minutes) -> list[tuple[Minutes, Minutes]]:
    days = len(minutes.grid_w) // DAY_MINUTES
    first = minutes.between(minutes.start_s, minutes.start_s + FOLD_DAYS * DAY_S)
    second = minutes.between(minutes.start_s + (days - FOLD_DAYS) * DAY_S, minutes.end_s)
    return [(first, second), (second, first)]


# --- detectors -------------------------------------------------------------------------------------------------------


def sunmeter(train: Minutes) -> Scorer:
    model = unpack(_trained(train).payload or b"")
    return lambda minutes: replay.replay(model, minutes).score_milli.astype(float)


def _trained(train: Minutes) -> anomaly.Trained:
    return anomaly.train(train, zone="UTC", now_s=train.end_s // 3600 * 3600, version=1)


def product_gaussian(train: Minutes) -> Scorer:
    """Ng's: one Gaussian each for P, Q, V and I, unconditional; the score is -log of their product."""

    def raw(minutes: Minutes) -> Floats:
        p, q, v = minutes.house_w, minutes.q_var, minutes.v_dv / 10
        return np.stack([p, q, v, np.hypot(p, q) / v], axis=-1)

    mean, spread = np.nanmean(raw(train), axis=0), np.nanstd(raw(train), axis=0)
    return lambda minutes: np.nan_to_num((((raw(minutes) - mean) / spread) ** 2).sum(axis=-1))


def mahalanobis(train: Minutes) -> Scorer:
    """One multivariate Gaussian over the same features as ours."""

    def engineered(minutes: Minutes) -> Floats:
        found = replay.features(minutes)
        return np.stack([replay.shaped(c, found[c]) for c in anomaly.RECIPES if c < features.EXCESS_60M], axis=-1)

    x = engineered(train)
    x = x[np.isfinite(x).all(axis=-1)]
    mean, inverse = x.mean(axis=0), np.linalg.inv(np.cov(x.T))

    def score(minutes: Minutes) -> Floats:
        apart = engineered(minutes) - mean
        squared: Floats = np.nan_to_num(np.einsum("ij,jk,ik->i", apart, inverse, apart))
        return squared

    return score


DETECTORS: dict[str, Callable[[Minutes], Scorer]] = {
    "sunmeter": sunmeter,
    "mahalanobis, our features": mahalanobis,
    "ng's product gaussian": product_gaussian,
}


# --- judging ---------------------------------------------------------------------------------------------------------


def opened(score: Floats, threshold: float) -> list[tuple[int, int]]:
    over = (score >= threshold).astype(np.int64)
    return replay.alerts(over, 1, anomaly.OPEN_MINUTES, anomaly.CLOSE_MINUTES)


def oracle(score: Floats, budget: int) -> float:
    """The lowest threshold at which the clean month has at most so many alerts."""
    levels = np.unique(score)
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        if len(opened(score, levels[middle])) <= budget:
            high = middle
        else:
            low = middle + 1
    return float(np.nextafter(levels[low], np.inf)) if len(opened(score, levels[low])) > budget else float(levels[low])


@dataclass
class Found:
    """What one detector found at one budget in one fold."""

    false_alerts: int
    hits: dict[str, list[bool]] = field(default_factory=dict)
    delays_min: dict[str, list[int]] = field(default_factory=dict)

    def add(self, name: str, delay_min: int | None) -> None:
        self.hits.setdefault(name, []).append(delay_min is not None)
        if delay_min is not None:
            self.delays_min.setdefault(name, []).append(delay_min)

    def recall(self, names: Iterable[str]) -> float:
        return mean(mean(self.hits[name]) for name in names)

    @property
    def rec9(self) -> float:
        return self.recall(name for name in self.hits if name not in EXCESS_FAULTS)

    @property
    def f1(self) -> float:
        found = len(self.hits) * self.recall(self.hits)
        return 2 * found / (found + self.false_alerts + len(self.hits))


def judge(score: Scorer, month: Minutes, threshold: float, places: list[Placed]) -> Found:
    clean = opened(score(month), threshold)
    quiet = np.ones(len(month.grid_w), bool)
    for start, end in clean:
        quiet[max(0, start - anomaly.OPEN_MINUTES) : end + 1] = False
    found = Found(len(clean))
    for place in places:
        minutes, begin = place.injected(month)
        starts = [start + begin for start, _ in opened(score(minutes), threshold)]
        new = [start for start in starts if start >= place.first and quiet[start]]
        found.add(place.fault.name, new[0] - place.first if new else None)
    return found


def rules_found(month: Minutes, places: list[Placed]) -> Found:
    """The rules alone, minute by minute as the meter runs them."""
    found = Found(len(_ruled(month)))
    for place in places:
        minutes, begin = place.injected(month)
        new = [start + begin for start in _ruled(minutes) if start + begin >= place.first]
        found.add(place.fault.name, new[0] - place.first if new else None)
    return found


def _ruled(minutes: Minutes) -> list[int]:
    rules = Rules()
    columns = [
        [None if np.isnan(number) else int(number) for number in column]
        for column in (minutes.grid_w, minutes.pv_w, minutes.v_dv, minutes.q_var)
    ]
    starts = []
    for position, (ts_s, *numbers) in enumerate(zip(minutes.ts_s.tolist(), *columns, strict=True)):
        told = rules.push(ts_s, *numbers)
        starts += [position for event in rules.events[:told] if event[0] == "start"]
    return starts


def together(density: Found, rules: Found) -> Found:
    """Found by either, at the earlier delay."""
    both = Found(density.false_alerts + rules.false_alerts)
    for name, hits in density.hits.items():
        both.hits[name] = [a or b for a, b in zip(hits, rules.hits[name], strict=True)]
        both.delays_min[name] = density.delays_min.get(name, []) + rules.delays_min.get(name, [])
    return both


def nightly_false_alerts(train: Minutes, month: Minutes) -> int:
    """Alerts of the clean month when every night trains anew on the days before it, as the cloud does."""
    whole = Minutes(train.start_s, *(np.concatenate([getattr(train, c), getattr(month, c)]) for c in COLUMNS))
    found = replay.features(whole)
    over = []
    for night in range(FOLD_DAYS):
        now_s = train.end_s + night * DAY_S
        trained = anomaly.train(whole, zone="UTC", now_s=now_s, version=1)
        part = slice((now_s - whole.start_s) // 60, (now_s - whole.start_s) // 60 + DAY_MINUTES)
        model = unpack(trained.payload or b"") if trained.payload else None
        day = whole.between(now_s, now_s + DAY_S)
        played = replay.replay(model, day, {c: v[part] for c, v in found.items()}) if model else None
        over.append(np.zeros(DAY_MINUTES) if played is None else played.score_milli >= trained.threshold_milli)
    return len(opened(np.concatenate(over).astype(float), 0.5))


def night_2kw() -> float:
    """Share of nights in which two kilowatts for two hours from one o'clock are told, at the model's own threshold.

    Mean of the hourly homes; their minutes are the hour's mean, and nothing but power is known of them.
    """
    shares = []
    for home in homes():
        known = home.load
        minute_w = np.repeat(known.wh, 60).round(0)
        empty = np.full(len(minute_w), np.nan)
        whole = Minutes(known.start_s, minute_w, empty, empty, empty)
        told: list[bool] = []
        for origin in (0.45, 0.65, 0.8, 0.95):
            now_s = int(known.start_s + origin * len(known.wh) * 3600) // DAY_S * DAY_S
            trained = anomaly.train(whole.between(now_s - 60 * DAY_S, now_s), zone="UTC", now_s=now_s, version=1)
            told += _nights_told(whole, trained, now_s) if trained.payload else [False, False]
        shares.append(mean(told))
    return mean(shares)


def _nights_told(whole: Minutes, trained: anomaly.Trained, now_s: int) -> list[bool]:
    """Of each of the two nights that the model's expected power reaches."""
    model = unpack(trained.payload or b"")
    told = []
    for first_s in (now_s + 3600, now_s + DAY_S + 3600):
        part = whole.between(first_s - WARM_MINUTES * 60, first_s + 7200)
        grid_w = part.grid_w.copy()
        grid_w[-120:] += 2000
        played = replay.replay(model, Minutes(part.start_s, grid_w, part.pv_w, part.v_dv, part.q_var))
        starts = [start for start, _ in opened(played.score_milli.astype(float), trained.threshold_milli)]
        told.append(any(start >= len(grid_w) - 120 for start in starts))
    return told


# --- the meter -------------------------------------------------------------------------------------------------------

PROBE = """
import gc, sys, time
from contract.rules import Rules
from contract.scorer import Features, Scorer
from contract.unpacking import unpack
with open(sys.argv[1], 'rb') as file:
    scorer = Scorer(Features(), unpack(file.read()))
rules = Rules()
start_s = int(sys.argv[2])
def run(first, count):
    for minute in range(first, first + count):
        scorer.push(start_s + 60 * minute, 300 + minute % 61, 900, 2300 + minute % 13, 40)
        rules.push(start_s + 60 * minute, 300 + minute % 61, 900, 2300 + minute % 13, 40, 900)
before = began = grown = block = 0
best = 1 << 30
run(0, 1500)
gc.collect()
before = gc.mem_alloc()
for block in range(10):
    began = time.ticks_us()
    run(1500 + 150 * block, 150)
    best = min(best, time.ticks_diff(time.ticks_us(), began))
gc.collect()
grown = gc.mem_alloc() - before
print(best / 150, gc.mem_alloc(), grown)
"""


def on_the_meter(payload: bytes, start_s: int) -> tuple[float, int, int]:
    """(µs a minute at best, bytes in use, bytes grown in a day) in MicroPython's unix port with a heap of 100 kB."""
    with tempfile.TemporaryDirectory() as folder:
        model, probe = Path(folder) / "model.bin", Path(folder) / "probe.py"
        model.write_bytes(payload)
        probe.write_text(PROBE)
        command = [str(VENV_PYTHON.parent / "micropython"), "-X", "heapsize=100k", str(probe), str(model), str(start_s)]
        environment = {**os.environ, "MICROPYPATH": f"{ROOT / 'firmware'}:.frozen"}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    score_us, used, grown = ran.stdout.split()
    return float(score_us), int(used), max(0, int(grown))


# --- the table -------------------------------------------------------------------------------------------------------


def mean(numbers: Iterable[float]) -> float:
    return float(np.mean(list(numbers)))


@dataclass
class Run:
    """One fold of one house."""

    name: str
    at_budget: dict[str, Found]
    own: Found
    rules: Found
    trained: anomaly.Trained
    nightly_false: int | None


def run(with_pv: bool, fold: int, train: Minutes, month: Minutes) -> Run:
    places = placed(SEED + 10 * fold + with_pv)
    at_budget = {}
    for name, detector in DETECTORS.items():
        score = detector(train)
        at_budget[name] = judge(score, month, oracle(score(month), 1), places)
    trained = _trained(train)
    own = judge(sunmeter(train), month, trained.threshold_milli, places)
    nightly = None if with_pv else nightly_false_alerts(train, month)
    name = f"fold {fold}" + (", PV" if with_pv else "")
    return Run(name, at_budget, own, rules_found(month, places), trained, nightly)


def _row(name: str, runs: list[Run], of: Callable[[Run], Found]) -> None:
    found = [of(run) for run in runs]
    false = " ".join(f"{one.false_alerts:d}" for one in found)
    print(
        f"{name:<36}{mean(one.rec9 for one in found):>7.2f}{min(one.rec9 for one in found):>8.2f}"
        f"{mean(one.f1 for one in found):>7.2f}{false:>14}"
    )


def main() -> None:
    warnings.simplefilter("ignore")
    runs = []
    for with_pv in (False, True):
        for fold, (train, month) in enumerate(folds(house(with_pv)), start=1):
            runs.append(run(with_pv, fold, train, month))
    print(f"UCI minutes, {len(runs)} runs ({', '.join(one.name for one in runs)}), {PLACEMENTS} placements a fault")
    print(f"{'detector':<36}{'rec9':>7}{'worst':>8}{'F1':>7}{'false/month':>14}")
    for name in DETECTORS:
        _row(f"{name}, budget 1", runs, lambda one, name=name: one.at_budget[name])  # type: ignore[misc]
    _row("sunmeter, own threshold", runs, lambda one: one.own)
    _row("rules alone", runs, lambda one: one.rules)
    _row("sunmeter, own threshold + rules", runs, lambda one: together(one.own, one.rules))
    print(f"\n{'fault':<32}{'budget 1':>10}{'own':>7}{'rules':>7}{'delay, median (own or rules)':>32}")
    for fault in FAULTS:
        columns = [[one.at_budget["sunmeter"] for one in runs], [one.own for one in runs], [one.rules for one in runs]]
        recalls = [mean(mean(found.hits[fault.name]) for found in column) for column in columns]
        delays = [d for one in runs for d in together(one.own, one.rules).delays_min[fault.name]]
        delay = f"{np.median(delays) / 60:.1f} h" if delays else "-"
        print(f"{fault.name:<32}{recalls[0]:>10.2f}{recalls[1]:>7.2f}{recalls[2]:>7.2f}{delay:>32}")
    nightly = [one.nightly_false for one in runs if one.nightly_false is not None]
    payload = runs[-1].trained.payload or b""
    score_us, heap_bytes, grown = on_the_meter(payload, house(True).end_s)
    print(f"\nfalse alerts of the clean month, trained anew every night, no oracle: {nightly}")
    print(f"found in this house from (W): {runs[0].trained.detectable}")
    print(f"MicroPython's unix port, heap of 100 kB: {score_us:.0f} µs a minute, {heap_bytes} B used, {grown} B grown")
    ours = [one.at_budget["sunmeter"] for one in runs]
    figures = {
        "rec9_b1": mean(one.rec9 for one in ours),
        "rec9_b1_worst_fold": min(one.rec9 for one in ours),
        "f1_b1": mean(one.f1 for one in ours),
        "rec9_b1_mahalanobis": mean(one.at_budget["mahalanobis, our features"].rec9 for one in runs),
        "rec9_b1_product_gaussian": mean(one.at_budget["ng's product gaussian"].rec9 for one in runs),
        "rec9_own": mean(one.own.rec9 for one in runs),
        "rec9_own_with_rules": mean(together(one.own, one.rules).rec9 for one in runs),
        "false_per_month": float(max(nightly)),
        "rules_false_per_month": float(max(one.rules.false_alerts for one in runs)),
        "night_2kw": night_2kw(),
        "param_bytes": float(len(payload)),
        "score_us": score_us,
        "heap_bytes": float(heap_bytes),
        "heap_grown_bytes": float(grown),
    }
    print(json.dumps({"name": "anomaly", "figures": {name: round(value, 3) for name, value in figures.items()}}))


if __name__ == "__main__":
    main()
