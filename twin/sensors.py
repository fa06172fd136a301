"""One meter's front end: ZMPT101B, two SCT-013-030 with dividers, and the ESP32's ADC, each board with its own faults.

What a board adds to a waveform is drawn once from its seed. Until the ADC all of it is linear and written as phasors:
gain, phase lead and the skew between the channels turn coefficients, not samples. The ADC is a table from input
voltage to code.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .units import ORDERS, SAMPLES_PER_S, Codes, Floats, Phasors

Inl = Literal["none", "smooth", "harsh"]
CHANNELS = ("v", "grid", "pv")
CODES = 4096
LUT_STEPS_PER_MV = 2  # the linearised input counts 0.5 mV steps, finer than the 0.8 mV of a code
SKEW_S = 42e-6  # one conversion through the driver: the channels are read one after the other

_BIAS_MV = 1300.0  # the middle of the ADC's linear range, 150 to 2450 mV
_V_PIN_MV_PER_V = 650.0 / 230.0  # the trimmer is set to 0.65 V RMS at 230 V: 265 V still fits
_CT_PIN_MV_PER_A = 1000.0 / 30.0 * 0.6  # 1 V at 30 A behind a divider: the range ends at 40 A RMS
_NOISE_MV = 4.0  # 5 LSB of an ESP32 with 100 nF at the pin

# esp_adc_cal of ESP-IDF, ADC1 at 11 dB: a line below code 2880 and two measured curves above, by reference voltage.
_LINE_SCALE, _LINE_OFFSET_MV, _LINE_END = 196_602 / 4096 / 65_536, 142.0, 2880
_CURVE_VREF_MV = (1000.0, 1200.0)
_CURVE_STEP = 64
_CURVES_MV = tuple(
    tuple(int(mv) for mv in curve.split())
    for curve in (
        "2240 2297 2352 2405 2457 2512 2564 2616 2664 2709 2754 2795 2832 2868 2903 2937 2969 3000 3030 3060",
        "2667 2706 2745 2780 2813 2844 2873 2901 2928 2956 2982 3006 3032 3059 3084 3110 3135 3160 3184 3209",
    )
)

_NOISE_SAMPLES = 1 << 20
_TABLE_PER_MV = 10  # inputs are told apart to 0.1 mV, an eighth of a code
_TABLE_END_MV = 3300.0


def adc_curve_mv(vref_mv: float) -> Floats:
    """Input [mV] in the middle of each of the 4,096 codes of an ESP32 whose reference is vref_mv."""
    code = np.arange(CODES, dtype=np.float64)
    line = code * vref_mv * _LINE_SCALE + _LINE_OFFSET_MV
    share = (vref_mv - _CURVE_VREF_MV[0]) / (_CURVE_VREF_MV[1] - _CURVE_VREF_MV[0])
    at = _LINE_END + _CURVE_STEP * np.arange(len(_CURVES_MV[0]))
    low, high = (np.interp(code, at, curve) for curve in _CURVES_MV)
    curve = low + share * (high - low)
    blend = np.clip((code - _LINE_END) / _CURVE_STEP, 0.0, 1.0)
    mv: Floats = line + blend * (curve - line)
    return mv


@dataclass(frozen=True)
class EFuse:
    """What the factory burnt into the chip about its ADC; steps of 7 mV, measured with an error of its own."""

    vref_mv: int


def codes_to_lut(efuse: EFuse) -> Codes:
    """4,096 linearised inputs in 0.5 mV steps, as the chip's own calibration knows them: the meter's `lut.bin`."""
    steps = np.rint(adc_curve_mv(efuse.vref_mv) * LUT_STEPS_PER_MV)
    return np.asarray(steps, dtype=np.uint16)


@dataclass(frozen=True)
class Clamp:
    """An SCT-013-030 and its divider: a lead and a ratio error that grow as the current falls."""

    mv_per_a: float
    lead_50hz_deg: float
    lead_rise: float  # share by which the lead is greater at 0.3 A than at 30 A
    ratio_drop: float  # share of the gain that is missing at 0.3 A

    def weak(self, i_rms_a: Floats) -> Floats:
        """0 at 30 A and above, 1 at 0.3 A and below, logarithmic between: how weakly the core is driven."""
        return np.asarray(np.clip(np.log10(30.0 / np.maximum(i_rms_a, 1e-6)) / 2.0, 0.0, 1.0))

    def gain(self, i_rms_a: Floats) -> Floats:
        """Output [mV/A] at the pin."""
        return np.asarray(self.mv_per_a * (1.0 - self.ratio_drop * self.weak(i_rms_a)))

    def lead_deg(self, i_rms_a: Floats) -> Floats:
        """Phase lead [deg] of the fundamental at 50 Hz."""
        return np.asarray(self.lead_50hz_deg * (1.0 + self.lead_rise * self.weak(i_rms_a)))


@dataclass(frozen=True, kw_only=True)
class Board:
    """One meter's front end. Equal fields behave equally; `make_board` draws them from a seed."""

    seed: int
    vref_mv: float = 1100.0
    efuse: EFuse = EFuse(vref_mv=1100)
    bias_mv: tuple[float, float, float] = (_BIAS_MV, _BIAS_MV, _BIAS_MV)
    v_mv_per_v: float = _V_PIN_MV_PER_V
    v_lead_50hz_deg: float = 0.0
    clamps: tuple[Clamp, Clamp] = (
        Clamp(_CT_PIN_MV_PER_A, 0.0, 0.0, 0.0),
        Clamp(_CT_PIN_MV_PER_A, 0.0, 0.0, 0.0),
    )
    skew_s: float = 0.0
    noise_mv: float = 0.0
    inl: Inl = "none"
    radio_per_s: float = 0.0  # how often a Wi-Fi packet corrupts a conversion

    def pin_mv(self, channel: int, x: Phasors, f_hz: Floats) -> Phasors:
        """Phasors [mV] at the ADC of a true voltage [V] or current [A], seen at the instant channel 0 is read."""
        if channel == 0:
            gain, lead_deg = np.asarray(self.v_mv_per_v), np.asarray(self.v_lead_50hz_deg)
        else:
            i_rms_a = np.sqrt((np.abs(x) ** 2).sum(axis=-1))
            clamp = self.clamps[channel - 1]
            gain, lead_deg = clamp.gain(i_rms_a), clamp.lead_deg(i_rms_a)
        f_h = np.asarray(f_hz)[..., None] * ORDERS
        lead_rad = np.deg2rad(lead_deg)[..., None] * 50.0 / f_h  # a coupling's lead falls as the frequency rises
        skew_rad = 2 * np.pi * f_h * self.skew_s * channel
        return np.asarray(x * gain[..., None] * np.exp(1j * (lead_rad + skew_rad)))

    @cached_property
    def code_table(self) -> Codes:
        """Code for each input of 0 to 3300 mV in steps of 0.1 mV, integral non-linearity included."""
        mv = np.arange(int(_TABLE_END_MV * _TABLE_PER_MV)) / _TABLE_PER_MV
        code = np.interp(mv, adc_curve_mv(self.vref_mv), np.arange(CODES))
        return np.asarray(np.clip(np.rint(code + self._inl_codes(code)), 0, CODES - 1), dtype=np.uint16)

    @cached_property
    def _noise_bank(self) -> NDArray[np.float32]:
        """Gaussian noise in table steps; a burst reads it from a place of its own, so it is drawn only once."""
        noise = np.random.default_rng([self.seed, 0x401E]).standard_normal(_NOISE_SAMPLES, dtype=np.float32)
        return np.asarray(noise * np.float32(self.noise_mv * _TABLE_PER_MV))

    def convert(self, pin_mv: NDArray[np.float32], chunk: int) -> Codes:
        """Codes (n, 3) for pin voltages (3, n) [mV, bias apart]; the chunk's number makes the noise repeatable."""
        n = pin_mv.shape[1]
        codes = np.empty((n, 3), dtype=np.uint16)
        for channel in range(3):
            steps = pin_mv[channel] * np.float32(_TABLE_PER_MV)
            if self.noise_mv:
                start = _scramble(self.seed, chunk, channel) % (_NOISE_SAMPLES - n)
                steps += self._noise_bank[start : start + n]
            steps += np.float32(self.bias_mv[channel] * _TABLE_PER_MV + 0.5)
            codes[:, channel] = self.code_table.take(steps.astype(np.int32), mode="clip")
        if self.radio_per_s:
            self._corrupt(codes, chunk)
        return codes

    def idle_code(self, channel: int) -> int:
        """The code of the bias alone."""
        return int(self.code_table[round(self.bias_mv[channel] * _TABLE_PER_MV)])

    def _corrupt(self, codes: Codes, chunk: int) -> None:
        """A packet on the air raises a few conversions by hundreds of codes: at most once a chunk."""
        chance = 1.0 - np.exp(-self.radio_per_s * len(codes) / SAMPLES_PER_S)
        if _scramble(self.seed, chunk, len(CHANNELS)) / 2**64 < chance:
            rng = np.random.default_rng([self.seed, chunk, 0x2AD1])
            at = int(rng.integers(len(codes)))
            hit = codes[at : at + int(rng.integers(1, 4)), int(rng.integers(3))]
            hit[:] = np.clip(hit + rng.integers(200, 1500, len(hit)), 0, CODES - 1)

    def _inl_codes(self, code: Floats) -> Floats:
        if self.inl == "none":
            return np.zeros_like(code)
        shortest = 370.0 if self.inl == "smooth" else 68.0
        rng = np.random.default_rng([self.seed, 0x141])
        periods = np.geomspace(shortest, 2000.0, 6)
        waves = [np.sin(2 * np.pi * (code / p + rng.uniform())) * rng.uniform(0.5, 1.0) for p in periods]
        ripple = np.sum(waves, axis=0)
        return np.asarray(ripple * 3.0 / np.sqrt(np.mean(ripple**2)))  # 3 LSB RMS


def ideal_board() -> Board:
    """A front end whose only error is the 12-bit step: for tests of algorithms."""
    return Board(seed=0)


def make_board(seed: int, inl: Inl = "smooth", noise_mv: float = _NOISE_MV, radio_per_s: float = 0.05) -> Board:
    """A board as it comes from the bench: every part drawn within its tolerance."""
    rng = np.random.default_rng([seed, 0xB0A2D])
    vref_mv = rng.uniform(1045.0, 1155.0)  # 1100 mV, within 5 %
    burnt_mv = round((vref_mv + rng.normal(0.0, 6.0)) / 7.0) * 7

    def clamp() -> Clamp:
        return Clamp(
            mv_per_a=_CT_PIN_MV_PER_A * (1.0 + rng.uniform(-0.03, 0.03)),
            lead_50hz_deg=4.6 * (1.0 + rng.uniform(-0.1, 0.1)),
            lead_rise=rng.uniform(0.1, 0.35),
            ratio_drop=rng.uniform(0.002, 0.01),
        )

    return Board(
        seed=seed,
        vref_mv=vref_mv,
        efuse=EFuse(vref_mv=burnt_mv),
        bias_mv=(
            _BIAS_MV + rng.uniform(-15.0, 15.0),
            _BIAS_MV + rng.uniform(-15.0, 15.0),
            _BIAS_MV + rng.uniform(-15.0, 15.0),
        ),
        v_mv_per_v=_V_PIN_MV_PER_V * (1.0 + rng.uniform(-0.03, 0.03)),
        v_lead_50hz_deg=rng.uniform(3.0, 8.0),
        clamps=(clamp(), clamp()),
        skew_s=SKEW_S,
        noise_mv=noise_mv,
        inl=inl,
        radio_per_s=radio_per_s,
    )


def _scramble(seed: int, chunk: int, use: int) -> int:
    """A cheap, repeatable number for each (board, chunk, use): a 64-bit finaliser (SplitMix64)."""
    x = (seed * 0x9E3779B97F4A7C15 + chunk * 4 + use + 1) & 0xFFFFFFFFFFFFFFFF
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return x ^ (x >> 31)
