"""One house: its source of minutes becomes true voltage and currents, those become codes, and the truth is kept.

Simulated time is planned in stretches of two-second chunks. Within a stretch the mains cycles are grouped into runs in
which all phasors are constant: a run's energy is exact (whole cycles), its samples are one matrix product.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .appliances import APPLIANCES, INVERTER, INVERTER_FILTER_VAR, Appliance, energy_in_minute_j, signature
from .faults import Fault, Faults
from .ledger import CYCLES, Energy, Ledger
from .mains import KNOT_S, Mains
from .profile import Profile, Source
from .sensors import CHANNELS, CODES, Board
from .synth import Singles, coefficients, harmonics_of
from .units import MINUTE_S, SAMPLE_US, SAMPLES_PER_S, Codes, Floats, Ints, Phasors, power_w

CHUNK_S = 2  # its harmonics fill half of a core's second-level cache
CHUNK_SAMPLES = CHUNK_S * SAMPLES_PER_S
STRETCH_PAST = 8  # chunks planned at once while the past is played: planning is then a small part of the work
STRETCH_LIVE = 1  # a fault that is switched on is felt from the next stretch on
_CHUNK_KNOTS = round(CHUNK_S / KNOT_S)
_KNOT_SAMPLES = CHUNK_SAMPLES // _CHUNK_KNOTS
_MARGIN = 4  # knots beyond each end, so that groups of cycles that straddle it are known whole
_AHEAD_S = 6 * 3600  # of the source at a time
_ROUND_W = 3  # decimals: cycles of a steady load differ by rounding only and must compare equal

_SHAPED = tuple(k for k, a in APPLIANCES.items() if not a.resistive)
_SIGNATURES = np.stack([signature(APPLIANCES[k]) for k in _SHAPED])
_INVERTER_SIGNATURE = signature(INVERTER)


@dataclass(frozen=True)
class Stretch:
    """Some seconds, ready to be sampled. Run r covers samples starts[r] to starts[r + 1] of it."""

    chunks: range
    phase: Floats  # at the knots, cycles
    starts: Ints
    t_ms: Floats  # Unix time at which each run begins
    f_hz: Floats
    v: Phasors  # (runs, harmonics)
    grid_a: Phasors
    pv_a: Phasors
    faults: tuple[Fault, ...]  # those that touch this stretch


class House:
    """A simulated house with its meter's front end. Not for use by two threads at once."""

    def __init__(
        self,
        source: Source,
        board: Board,
        start_ms: int,
        mains: Mains | None = None,
        faults: Faults | None = None,
        relay_w: float = 0.0,
    ) -> None:
        self.board = board
        self.mains = mains or Mains()
        self.faults = faults or Faults()
        self.start_ms = start_ms
        self.ledger = Ledger()
        self.relay_w = relay_w  # what the meter's relay switches
        self.relay_on = False
        self.clipped = [0, 0, 0]  # samples at the ends of the ADC, per channel
        self.stretch_chunks = STRETCH_LIVE
        self._source = source
        self._profile: Profile | None = None
        self._sample = 0  # the next one to be taken
        self._stretch: Stretch | None = None  # the newest that is planned
        self._weights: tuple[range, Singles] | None = None  # how that stretch is heard
        self._codes: dict[int, Codes] = {}  # of the chunks that are not wholly taken, by index

    @property
    def now_us(self) -> int:
        """Simulated time of the next sample."""
        return self._sample * SAMPLE_US

    @property
    def now_ms(self) -> int:
        """The same as Unix time."""
        return self.start_ms + self.now_us // 1000

    @property
    def energy(self) -> Energy:
        """True energy up to the next sample."""
        return self.ledger.at(self.now_us / 1e6)

    def energy_between(self, from_ms: int, to_ms: int) -> Energy:
        """True energy between two moments that have been played."""
        return self.ledger.at((to_ms - self.start_ms) / 1000) - self.ledger.at((from_ms - self.start_ms) / 1000)

    def take(self, n: int) -> Codes:
        """The next n triples of raw codes, shape (n, 3): V, grid, PV."""
        parts = []
        while n:
            index, first = divmod(self._sample, CHUNK_SAMPLES)
            part = self._sampled(index)[first : first + n]
            parts.append(part)
            self._sample += len(part)
            n -= len(part)
        self._forget()
        return parts[0] if len(parts) == 1 else np.concatenate(parts or [np.empty((0, 3), np.uint16)])

    def prepare(self, n: int) -> None:
        """Make the samples that the next `take(n)` will need, while the meter is busy with the last ones."""
        for index in range(self._sample // CHUNK_SAMPLES, (self._sample + n - 1) // CHUNK_SAMPLES + 1):
            self._sampled(index)

    def skip(self, n: int) -> None:
        """Let n triples pass unheard: their energy is booked, their samples are never made."""
        end = self._sample + n
        while self._sample < end:
            index = self._sample // CHUNK_SAMPLES
            self._planned(index)
            self._sample = min(end, (index + 1) * CHUNK_SAMPLES)
        self._forget()

    def true_samples(self) -> Singles:
        """True volts, grid amperes and PV amperes of the next whole chunk, shape (3, n), instead of codes."""
        index = -(-self._sample // CHUNK_SAMPLES)
        stretch = self._planned(index)
        self._sample = (index + 1) * CHUNK_SAMPLES
        true = np.stack([stretch.v, stretch.grid_a, stretch.pv_a], axis=1)
        return _instantaneous(stretch, index, coefficients(true))

    def _forget(self) -> None:
        """Drop the codes of chunks that are wholly taken."""
        self._codes = {k: codes for k, codes in self._codes.items() if (k + 1) * CHUNK_SAMPLES > self._sample}

    # --- what is true ---

    def _planned(self, index: int) -> Stretch:
        held = self._stretch
        if held is None or index >= held.chunks.stop:
            self._stretch = held = self._plan(range(index, index + self.stretch_chunks))
        return held

    def _plan(self, chunks: range) -> Stretch:
        cycles = _Cycles(self.mains, chunks)
        profile = self._minutes(cycles.edges_s[0], cycles.edges_s[-1])
        start_ms = self.start_ms + chunks.start * CHUNK_S * 1000
        faults = self.faults.over(start_ms - 1000, start_ms + len(chunks) * CHUNK_S * 1000 + 1000)
        demand = self._demand(cycles, profile, faults)
        first = demand.run_starts(cycles.groups)
        v = self._voltage(profile, cycles.group_s[first])
        stretch = self._electrify(chunks, cycles, profile, demand.at(first), first, v, faults)
        self._book(stretch, cycles, first)
        return stretch

    def _demand(self, cycles: "_Cycles", profile: Profile, faults: tuple[Fault, ...]) -> "_Demand":
        watts = {
            key: self._mean_w(APPLIANCES[key], profile, minute_w, cycles)
            for key, minute_w in profile.loads_w.items()
            if minute_w.any()
        }
        pv_w = self._mean_w(INVERTER, profile, profile.pv_w, cycles)
        demand = _Demand(watts, pv_w, np.ones(cycles.count), [])
        if self.relay_on and self.relay_w:
            demand.add("water_heater", np.full(cycles.count, self.relay_w))
        at_ms = self.start_ms + cycles.edges_s[:-1] * 1000.0
        for fault in faults:
            demand.suffer(fault, (at_ms >= fault.start_ms) & (at_ms < fault.end_ms))
        return demand

    def _mean_w(self, appliance: Appliance, profile: Profile, minute_w: Floats, cycles: "_Cycles") -> Floats:
        """Mean power of each cycle; of a steady load the mean of its group of cycles, so that runs are long."""
        steady = appliance.rated_w is None
        edges_s = cycles.group_edges_s if steady else cycles.edges_s
        unix_s = self.start_ms / 1000.0 - profile.start_s + edges_s
        minute = np.floor(unix_s / MINUTE_S).astype(np.int64)
        before_j = np.concatenate([[0.0], np.cumsum(minute_w) * MINUTE_S])[minute]
        energy_j = before_j + energy_in_minute_j(appliance, minute_w[minute], unix_s - minute * MINUTE_S)
        watts = np.diff(energy_j) / np.diff(edges_s)
        return np.asarray(watts[cycles.groups - cycles.groups[0]] if steady else watts)

    def _voltage(self, profile: Profile, t_s: Floats) -> Phasors:
        """The undisturbed voltage: the profile's minutes, joined by straight lines between their middles."""
        middle_s = MINUTE_S * (np.arange(profile.minutes) + 0.5)
        return self.mains.voltage(np.interp(self.start_ms / 1000.0 - profile.start_s + t_s, middle_s, profile.v_v))

    def _electrify(
        self,
        chunks: range,
        cycles: "_Cycles",
        profile: Profile,
        runs: "_Demand",
        first: Ints,
        v: Phasors,
        faults: tuple[Fault, ...],
    ) -> Stretch:
        """Phasors of each run: currents for the powers at the undisturbed voltage, then both shrunk by a sag."""
        minute = ((self.start_ms / 1000.0 - profile.start_s + cycles.group_s[first]) / MINUTE_S).astype(np.int64)
        load_a = _load_current(runs.watts, v) + _reactive_current(profile.extra_var[minute], v)
        pv_a = _inverter_current(runs.pv_w, v) if profile.has_pv else np.zeros_like(v)
        sag = runs.sag[:, None]
        samples = np.ceil(cycles.edges_s[first] * SAMPLES_PER_S - 1e-6).astype(np.int64) - chunks.start * CHUNK_SAMPLES
        return Stretch(
            chunks=chunks,
            phase=cycles.phase,
            starts=np.append(np.maximum(samples, 0), len(chunks) * CHUNK_SAMPLES),
            t_ms=self.start_ms + cycles.edges_s[first] * 1000.0,
            f_hz=self.mains.frequency_hz(cycles.group_s[first]),
            v=v * sag,
            grid_a=(load_a - pv_a) * sag,
            pv_a=pv_a * sag,
            faults=faults,
        )

    def _book(self, stretch: Stretch, cycles: "_Cycles", first: Ints) -> None:
        """Add the energy of the cycles that begin in this stretch; the one that began before is booked already."""
        seconds = np.diff(cycles.edges_s)
        seconds[: cycles.begun] = 0.0
        run_s = np.add.reduceat(seconds, first)
        grid_j, pv_j = (power_w(stretch.v, a) * run_s for a in (stretch.grid_a, stretch.pv_a))
        ends_s = np.append(cycles.edges_s[first[1:]], cycles.edges_s[-1])
        self.ledger.add(cycles.groups[first], ends_s, grid_j, pv_j)

    def _minutes(self, from_s: float, to_s: float) -> Profile:
        """A stretch of the source that holds the simulated time from_s to_s and a minute on both sides."""
        a = int(self.start_ms / 1000.0 + from_s) // MINUTE_S * MINUTE_S - MINUTE_S
        b = int(self.start_ms / 1000.0 + to_s) // MINUTE_S * MINUTE_S + 2 * MINUTE_S
        held = self._profile
        if held is None or a < held.start_s or b > held.end_s:
            self._profile = held = self._source.minutes(a, b + _AHEAD_S)
        return held

    # --- what the meter hears ---

    def _sampled(self, index: int) -> Codes:
        codes = self._codes.get(index)
        if codes is None:
            self._codes[index] = codes = self._sample_chunk(self._planned(index), index)
            if codes.max() == CODES - 1 or codes.min() == 0:
                ends = ((codes == 0) | (codes == CODES - 1)).sum(axis=0)
                self.clipped = [a + int(b) for a, b in zip(self.clipped, ends, strict=True)]
        return codes

    def _sample_chunk(self, stretch: Stretch, index: int) -> Codes:
        if self._weights is None or self._weights[0] != stretch.chunks:
            self._weights = (stretch.chunks, coefficients(self._pins(stretch)))
        codes = self.board.convert(_instantaneous(stretch, index, self._weights[1]), index)
        for fault in stretch.faults:
            if fault.kind == "frozen":
                self._freeze(codes, index, fault)
        return codes

    def _pins(self, stretch: Stretch) -> Phasors:
        """Phasors [mV] at the three pins: shape (runs, channels, harmonics)."""
        true = (stretch.v, stretch.grid_a, stretch.pv_a)
        pins = [self.board.pin_mv(k, x, stretch.f_hz) for k, x in enumerate(true)]
        for fault in stretch.faults:
            _disturb(pins, stretch, fault)
        return np.stack(pins, axis=1)

    def _freeze(self, codes: Codes, index: int, fault: Fault) -> None:
        at_ms = self.start_ms + index * CHUNK_S * 1000
        first, last = ((edge - at_ms) * SAMPLES_PER_S // 1000 for edge in (fault.start_ms, fault.end_ms))
        channel = CHANNELS.index(fault.channel)
        codes[max(first, 0) : min(max(last, 0), CHUNK_SAMPLES), channel] = self.board.idle_code(channel)


class _Cycles:
    """The mains cycles of a stretch, from the one that is running as it begins: their edges and groups."""

    def __init__(self, mains: Mains, chunks: range) -> None:
        knots = np.arange(chunks.start * _CHUNK_KNOTS - _MARGIN, chunks.stop * _CHUNK_KNOTS + _MARGIN + 1)
        knots_s: Floats = np.asarray(knots * KNOT_S, dtype=np.float64)
        phase = mains.phase_cycles(knots_s)
        self.phase = phase[_MARGIN:-_MARGIN]
        cycles = np.arange(int(np.floor(self.phase[0])), int(np.ceil(self.phase[-1])) + 1)
        self.count = len(cycles) - 1
        self.edges_s = np.interp(cycles, phase, knots_s)
        self.begun = int(cycles[0] < self.phase[0])  # 1 when the first cycle began in the stretch before
        self.groups: Ints = cycles[:-1] // CYCLES
        groups = np.arange(self.groups[0], self.groups[-1] + 2)
        self.group_edges_s = np.interp(groups * CYCLES, phase, knots_s)
        # A time by which all cycles of a group agree, whatever the stretch: its place at the nominal frequency.
        self.group_s: Floats = self.groups * CYCLES / mains.nominal_hz


@dataclass
class _Demand:
    """What the house wants, cycle by cycle, and what else may change between two cycles."""

    watts: dict[str, Floats]
    pv_w: Floats
    sag: Floats  # share of the undisturbed voltage
    marks: list[Floats]  # whether each fault is on: a run ends where one begins or ends

    def suffer(self, fault: Fault, on: NDArray[np.bool_]) -> None:
        """Change what a fault changes in the house itself."""
        self.marks.append(on.astype(np.float64))
        if fault.kind == "heater":
            self.add("water_heater", np.where(on, fault.amount, 0.0))
        elif fault.kind == "hidden":
            self.add("base", np.where(on, fault.amount, 0.0))
        elif fault.kind == "pv_loss":
            self.pv_w = np.where(on & (self.pv_w > 0), self.pv_w * (1.0 - fault.amount), self.pv_w)
        elif fault.kind in ("sag", "swell"):
            self.sag = np.where(on, fault.amount, self.sag)
        elif fault.kind == "power":
            self.sag = np.where(on, 0.0, self.sag)

    def add(self, key: str, watts: Floats) -> None:
        self.watts[key] = self.watts[key] + watts if key in self.watts else watts

    def run_starts(self, groups: Ints) -> Ints:
        """The cycles at which a new group begins or anything changes."""
        state = np.stack([*self.watts.values(), self.pv_w, self.sag, *self.marks])
        changed = (np.diff(groups) != 0) | (np.diff(np.round(state, _ROUND_W), axis=1) != 0).any(axis=0)
        return np.concatenate([[0], np.flatnonzero(changed) + 1])

    def at(self, first: Ints) -> "_Demand":
        return _Demand({k: w[first] for k, w in self.watts.items()}, self.pv_w[first], self.sag[first], [])


def _load_current(watts: dict[str, Floats], v: Phasors) -> Phasors:
    none = np.zeros(len(v))
    resistive_w = sum((w for k, w in watts.items() if APPLIANCES[k].resistive), none)
    shaped_w = np.stack([watts.get(k, none) for k in _SHAPED], axis=1)
    watts_per_a = np.real(v @ np.conj(_SIGNATURES).T)
    conductance = resistive_w / (np.abs(v) ** 2).sum(axis=-1)
    return np.asarray(v * conductance[:, None] + (shaped_w / watts_per_a) @ _SIGNATURES)


def _reactive_current(reactive_var: Floats, v: Phasors) -> Phasors:
    """A fundamental current that carries reactive power only: lagging where positive."""
    current = np.zeros_like(v)
    current[:, 0] = -1j * reactive_var / v[:, 0].real
    return current


def _inverter_current(pv_w: Floats, v: Phasors) -> Phasors:
    """What the inverter feeds in: its power at unity power factor, and the current of its filter's capacitors."""
    watts_per_a = np.real(v @ np.conj(_INVERTER_SIGNATURE))
    feed = (pv_w / watts_per_a)[:, None] * _INVERTER_SIGNATURE
    return np.asarray(feed + _reactive_current(np.full(len(v), INVERTER_FILTER_VAR), v))


def _instantaneous(stretch: Stretch, index: int, weights: Singles) -> Singles:
    """Samples (channels, n) of one chunk, from the coefficients of its stretch: (runs, channels, 2 * harmonics)."""
    place = index - stretch.chunks.start
    knots = stretch.phase[place * _CHUNK_KNOTS : (place + 1) * _CHUNK_KNOTS + 1]
    step = np.arange(_KNOT_SAMPLES, dtype=np.float32) / np.float32(_KNOT_SAMPLES)
    phase = (knots[:-1] % 1.0).astype(np.float32)[:, None] + np.diff(knots).astype(np.float32)[:, None] * step
    rows = harmonics_of(phase.reshape(-1))
    starts = np.clip(stretch.starts - place * CHUNK_SAMPLES, 0, CHUNK_SAMPLES)
    samples = np.empty((weights.shape[1], CHUNK_SAMPLES), dtype=np.float32)
    for run, (a, b) in enumerate(pairwise(starts.tolist())):
        if b > a:
            samples[:, a:b] = weights[run] @ rows[:, a:b]
    return samples


def _disturb(pins: list[Phasors], stretch: Stretch, fault: Fault) -> None:
    """What a clamp's fault makes of its channel, in the runs in which it is active."""
    factor = {"bypass": 1.0 - fault.amount, "reversed": -1.0, "open": 0.0}.get(fault.kind)
    if factor is None:
        return
    channel = CHANNELS.index(fault.channel)
    on = (stretch.t_ms >= fault.start_ms) & (stretch.t_ms < fault.end_ms)
    pins[channel] = pins[channel] * np.where(on, factor, 1.0)[:, None]
