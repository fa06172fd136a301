"""One house: its source of minutes becomes true voltage and currents, those become codes, and the truth is kept.

Simulated time runs in chunks of two seconds. Within a chunk the mains cycles are grouped into runs in which all
phasors are constant; a run's energy is exact (whole cycles), its samples are one matrix product.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from .appliances import APPLIANCES, INVERTER, INVERTER_FILTER_VAR, Appliance, energy_in_minute_j, signature
from .faults import Fault, Faults
from .ledger import CYCLES, Ledger
from .mains import KNOT_S, Mains
from .profile import Profile, Source
from .sensors import CHANNELS, CODES, Board
from .synth import Singles, coefficients, harmonics_of
from .units import MINUTE_S, SAMPLE_US, SAMPLES_PER_S, Codes, Floats, Ints, Phasors, power_w

CHUNK_S = 2
CHUNK_SAMPLES = CHUNK_S * SAMPLES_PER_S
_KNOTS = round(CHUNK_S / KNOT_S)
_KNOT_SAMPLES = CHUNK_SAMPLES // _KNOTS
_MARGIN = 4  # knots beyond each end, so that groups of cycles that straddle it are known whole
_AHEAD_S = 6 * 3600  # of the source at a time
_ROUND_W = 3  # decimals: cycles of a steady load differ by rounding only and must compare equal

_SHAPED = tuple(k for k, a in APPLIANCES.items() if not a.resistive)
_SIGNATURES = np.stack([signature(APPLIANCES[k]) for k in _SHAPED])
_INVERTER_SIGNATURE = signature(INVERTER)


@dataclass(frozen=True)
class Chunk:
    """Two seconds, ready to be sampled. A run r covers samples starts[r] to starts[r + 1]."""

    index: int
    phase: Floats  # at the knots, cycles
    starts: Ints
    f_hz: Floats
    v: Phasors  # (runs, harmonics)
    grid_a: Phasors
    pv_a: Phasors
    t_ms: Floats  # Unix time at which each run begins
    faults: tuple[Fault, ...]  # those that touch this chunk


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
        self._source = source
        self._profile: Profile | None = None
        self._sample = 0  # the next one to be taken
        self._chunk: Chunk | None = None  # the newest that is planned
        self._codes: dict[int, Codes] = {}  # of the chunks that are not wholly taken, by index

    @property
    def now_us(self) -> int:
        """Simulated time of the next sample."""
        return self._sample * SAMPLE_US

    @property
    def now_ms(self) -> int:
        """The same as Unix time."""
        return self.start_ms + self.now_us // 1000

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
            if index not in self._codes:
                self._planned(index)
            self._sample = min(end, (index + 1) * CHUNK_SAMPLES)
        self._forget()

    def _forget(self) -> None:
        """Drop the codes of chunks that are wholly taken."""
        self._codes = {k: codes for k, codes in self._codes.items() if (k + 1) * CHUNK_SAMPLES > self._sample}

    def true_samples(self) -> Singles:
        """True volts, grid amperes and PV amperes of the next whole chunk, shape (3, n), instead of codes."""
        chunk = self._planned(-(-self._sample // CHUNK_SAMPLES))
        self._sample = (chunk.index + 1) * CHUNK_SAMPLES
        return _instantaneous(chunk, np.stack([chunk.v, chunk.grid_a, chunk.pv_a], axis=1))

    # --- a chunk: what is true ---

    def _planned(self, index: int) -> Chunk:
        if self._chunk is None or self._chunk.index != index:
            self._chunk = self._plan(index)
        return self._chunk

    def _plan(self, index: int) -> Chunk:
        cycles = _Cycles(self.mains, index)
        start_ms = self.start_ms + index * CHUNK_S * 1000
        faults = self.faults.over(start_ms - 1000, start_ms + CHUNK_S * 1000 + 1000)
        watts, states = self._cycle_powers(cycles, faults)
        first = _run_starts(cycles.groups, states)
        runs = _Runs(
            t_s=cycles.edges_s[first],
            group=cycles.groups[first],
            watts={k: w[first] for k, w in watts.items()},
            f_hz=self.mains.frequency_hz(cycles.group_s[first]),
        )
        chunk = self._electrify(index, cycles, first, runs, faults)
        self._book(chunk, cycles, first, runs.group)
        return chunk

    def _cycle_powers(self, cycles: "_Cycles", faults: tuple[Fault, ...]) -> tuple[dict[str, Floats], Floats]:
        """Power [W] of each load, by cycle, and what besides may change between two cycles."""
        watts: dict[str, Floats] = {}
        profile = self._minutes(cycles.edges_s[0] - 1.0, cycles.edges_s[-1] + 1.0)
        for key, minute_w in profile.loads_w.items():
            if minute_w.any():
                steady = APPLIANCES[key].rated_w is None
                watts[key] = self._mean_w(APPLIANCES[key], profile, minute_w, cycles, steady)
        watts["pv"] = self._mean_w(INVERTER, profile, profile.pv_w, cycles, True)
        at_ms = self.start_ms + cycles.edges_s[:-1] * 1000.0
        sag = np.ones(len(at_ms))
        for fault in faults:
            on = (at_ms >= fault.start_ms) & (at_ms < fault.end_ms)
            if fault.kind in ("heater", "hidden"):
                key = "water_heater" if fault.kind == "heater" else "base"
                watts[key] = watts.get(key, 0.0) + on * fault.amount
            elif fault.kind == "pv_loss":
                watts["pv"] = np.where(on & (watts["pv"] > 0), watts["pv"] * (1.0 - fault.amount), watts["pv"])
            elif fault.kind in ("sag", "swell"):
                sag = np.where(on, fault.amount, sag)
            elif fault.kind == "power":
                sag = np.where(on, 0.0, sag)
        if self.relay_on and self.relay_w:
            watts["water_heater"] = watts.get("water_heater", 0.0) + np.full(len(at_ms), self.relay_w)
        watts["sag"] = sag
        marks = [sum(((at_ms >= f.start_ms) + 2.0 * (at_ms >= f.end_ms) for f in faults), np.zeros(len(at_ms)))]
        return watts, np.stack([*(np.round(w, _ROUND_W) for w in watts.values()), *marks])

    def _mean_w(
        self, appliance: Appliance, profile: Profile, minute_w: Floats, cycles: "_Cycles", steady: bool
    ) -> Floats:
        """Mean power of each cycle; of a steady load the mean of its group of cycles, so that runs are long."""
        edges_s = cycles.group_edges_s if steady else cycles.edges_s
        unix_s = self.start_ms / 1000.0 + edges_s - profile.start_s
        minute = np.floor(unix_s / MINUTE_S).astype(np.int64)
        before_j = np.concatenate([[0.0], np.cumsum(minute_w) * MINUTE_S])[minute]
        energy_j = before_j + energy_in_minute_j(appliance, minute_w[minute], unix_s - minute * MINUTE_S)
        watts = np.diff(energy_j) / np.diff(edges_s)
        return np.asarray(watts[cycles.groups - cycles.groups[0]] if steady else watts)

    def _electrify(self, index: int, cycles: "_Cycles", first: Ints, runs: "_Runs", faults: tuple[Fault, ...]) -> Chunk:
        """Phasors of each run: currents for the powers at the undisturbed voltage, then both shrunk by a sag."""
        profile = self._minutes(cycles.edges_s[0] - 1.0, cycles.edges_s[-1] + 1.0)
        unix_s = self.start_ms / 1000.0 + runs.group * CYCLES / self.mains.nominal_hz
        middle_s = profile.start_s + MINUTE_S * (np.arange(profile.minutes) + 0.5)
        v = self.mains.voltage(np.interp(unix_s, middle_s, profile.v_v))
        minute = np.floor((unix_s - profile.start_s) / MINUTE_S).astype(np.int64)
        minute = np.clip(minute, 0, profile.minutes - 1)
        load_a = _load_current(runs.watts, v) + _reactive_current(profile.extra_var[minute], v)
        pv_a = _inverter_current(runs.watts["pv"], v) if profile.pv_w.any() else np.zeros_like(v)
        sag = runs.watts["sag"][:, None]
        samples = np.ceil(cycles.edges_s[first] * SAMPLES_PER_S - 1e-6).astype(np.int64) - index * CHUNK_SAMPLES
        return Chunk(
            index=index,
            phase=cycles.phase,
            starts=np.append(np.clip(samples, 0, CHUNK_SAMPLES), CHUNK_SAMPLES),
            f_hz=runs.f_hz,
            v=v * sag,
            grid_a=(load_a - pv_a) * sag,
            pv_a=pv_a * sag,
            t_ms=self.start_ms + runs.t_s * 1000.0,
            faults=faults,
        )

    def _book(self, chunk: Chunk, cycles: "_Cycles", first: Ints, groups: Ints) -> None:
        """Add the energy of the cycles that begin in this chunk; the one that began before is booked already."""
        seconds = np.diff(cycles.edges_s)
        seconds[: cycles.begun] = 0.0
        run_s = np.add.reduceat(seconds, first)
        self.ledger.add(groups, power_w(chunk.v, chunk.grid_a) * run_s, power_w(chunk.v, chunk.pv_a) * run_s)
        self.ledger.mark(float((chunk.index + 1) * CHUNK_S))

    def _minutes(self, from_s: float, to_s: float) -> Profile:
        """A stretch of the source that holds the simulated time from_s to_s and a minute on both sides."""
        a = int(self.start_ms / 1000.0 + from_s) // MINUTE_S * MINUTE_S - MINUTE_S
        b = int(self.start_ms / 1000.0 + to_s) // MINUTE_S * MINUTE_S + 2 * MINUTE_S
        held = self._profile
        if held is None or a < held.start_s or b > held.start_s + held.minutes * MINUTE_S:
            self._profile = held = self._source.minutes(a, b + _AHEAD_S)
        return held

    # --- a chunk: what the meter hears ---

    def _sampled(self, index: int) -> Codes:
        codes = self._codes.get(index)
        if codes is None:
            self._codes[index] = codes = self._sample_chunk(self._planned(index))
            ends = (codes == 0) | (codes == CODES - 1)
            if ends.any():
                self.clipped = [a + int(b) for a, b in zip(self.clipped, ends.sum(axis=0), strict=True)]
        return codes

    def _sample_chunk(self, chunk: Chunk) -> Codes:
        true = (chunk.v, chunk.grid_a, chunk.pv_a)
        pins = [self.board.pin_mv(k, x, chunk.f_hz) for k, x in enumerate(true)]
        for fault in chunk.faults:
            _disturb(pins, chunk, fault)
        codes = self.board.convert(_instantaneous(chunk, np.stack(pins, axis=1)), chunk.index)
        for fault in chunk.faults:
            if fault.kind == "frozen":
                self._freeze(codes, chunk, fault)
        return codes

    def _freeze(self, codes: Codes, chunk: Chunk, fault: Fault) -> None:
        at_ms = self.start_ms + chunk.index * CHUNK_S * 1000
        first, last = ((edge - at_ms) * SAMPLES_PER_S // 1000 for edge in (fault.start_ms, fault.end_ms))
        channel = CHANNELS.index(fault.channel)
        stuck = self.board.code_table[round(self.board.bias_mv[channel] * 10)]
        codes[max(first, 0) : min(max(last, 0), CHUNK_SAMPLES), channel] = stuck


class _Cycles:
    """The mains cycles of a chunk, from the one that is running as it begins: their edges and groups."""

    def __init__(self, mains: Mains, index: int) -> None:
        knots_s = (index * _KNOTS + np.arange(-_MARGIN, _KNOTS + _MARGIN + 1)) * KNOT_S
        phase = mains.phase_cycles(knots_s)
        self.phase = phase[_MARGIN:-_MARGIN]
        cycles = np.arange(int(np.floor(self.phase[0])), int(np.ceil(self.phase[-1])) + 1)
        self.edges_s = np.interp(cycles, phase, knots_s)
        self.begun = int(cycles[0] < self.phase[0])  # 1 when the first cycle began in the chunk before
        self.groups: Ints = cycles[:-1] // CYCLES
        groups = np.arange(self.groups[0], self.groups[-1] + 2)
        self.group_edges_s = np.interp(groups * CYCLES, phase, knots_s)
        self._nominal_hz = mains.nominal_hz

    @cached_property
    def group_s(self) -> Floats:
        """A time by which all of a group agree, whatever the chunk: its place at the nominal frequency."""
        return np.asarray(self.groups * CYCLES / self._nominal_hz)


@dataclass(frozen=True)
class _Runs:
    """Runs of cycles in which nothing changes."""

    t_s: Floats
    group: Ints
    watts: dict[str, Floats]
    f_hz: Floats


def _run_starts(groups: Ints, states: Floats) -> Ints:
    """Where a new group begins or any state changes."""
    changed = (np.diff(groups) != 0) | (np.diff(states, axis=1) != 0).any(axis=0)
    return np.concatenate([[0], np.flatnonzero(changed) + 1])


def _load_current(watts: dict[str, Floats], v: Phasors) -> Phasors:
    resistive_w = sum((w for k, w in watts.items() if k in APPLIANCES and APPLIANCES[k].resistive), np.zeros(len(v)))
    shaped_w = np.stack([watts.get(k, np.zeros(len(v))) for k in _SHAPED], axis=1)
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


def _instantaneous(chunk: Chunk, x: Phasors) -> Singles:
    """Samples of phasors x of shape (runs, channels, harmonics): shape (channels, samples)."""
    step = np.arange(_KNOT_SAMPLES, dtype=np.float32) / np.float32(_KNOT_SAMPLES)
    start = (chunk.phase[:-1] % 1.0).astype(np.float32)
    phase = start[:, None] + np.diff(chunk.phase).astype(np.float32)[:, None] * step
    rows = harmonics_of(phase.reshape(-1))
    weights = coefficients(x)
    samples = np.empty((x.shape[1], CHUNK_SAMPLES), dtype=np.float32)
    for run, (a, b) in enumerate(pairwise(chunk.starts)):
        if b > a:
            samples[:, a:b] = weights[run] @ rows[:, a:b]
    return samples


def _disturb(pins: list[Phasors], chunk: Chunk, fault: Fault) -> None:
    """What a clamp's fault makes of its channel, in the runs in which it is active."""
    factor = {"bypass": 1.0 - fault.amount, "reversed": -1.0, "open": 0.0}.get(fault.kind)
    if factor is None:
        return
    channel = CHANNELS.index(fault.channel)
    on = (chunk.t_ms >= fault.start_ms) & (chunk.t_ms < fault.end_ms)
    pins[channel] = pins[channel] * np.where(on, factor, 1.0)[:, None]
