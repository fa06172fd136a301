"""From the ESP32's ADC codes to its input, as Espressif characterised it (esp_adc_cal, ADC1 at 11 dB).

Below code 2880 the input is a line whose slope is the chip's reference voltage; above it lies between two measured
curves, of a chip at 1000 mV and of one at 1200 mV.
"""

from array import array

CODES = 4096
NOMINAL_VREF_MV = 1100
_LINE_SCALE = 196602 / 4096 / 65536  # [mV] per code and [mV] of reference
_LINE_OFFSET_MV = 142
_LINE_END = 2880
_CURVE_STEP = 64
_CURVE_1000 = (2240, 2297, 2352, 2405, 2457, 2512, 2564, 2616, 2664, 2709)
_CURVE_1000 += (2754, 2795, 2832, 2868, 2903, 2937, 2969, 3000, 3030, 3060)
_CURVE_1200 = (2667, 2706, 2745, 2780, 2813, 2844, 2873, 2901, 2928, 2956)
_CURVE_1200 += (2982, 3006, 3032, 3059, 3084, 3110, 3135, 3160, 3184, 3209)


def table(vref_mv: int):
    """Input [0.5 mV] of each of the 4,096 codes of a chip with this reference voltage."""
    lut = array("H", bytes(2 * CODES))
    for code in range(CODES):
        lut[code] = int(2 * _input_mv(code, vref_mv) + 0.5)
    return lut


def reference_mv(code: float, input_mv: float) -> int:
    """The reference voltage of a chip that reads input_mv as this code; nominal where the line does not hold."""
    if not 400 < code < _LINE_END:
        return NOMINAL_VREF_MV
    return max(1000, min(1200, round((input_mv - _LINE_OFFSET_MV) / (code * _LINE_SCALE))))


def _input_mv(code: int, vref_mv: int) -> float:
    line_mv = code * vref_mv * _LINE_SCALE + _LINE_OFFSET_MV
    if code <= _LINE_END:
        return line_mv
    at = (code - _LINE_END) // _CURVE_STEP
    part = (code - _LINE_END) % _CURVE_STEP / _CURVE_STEP
    low_mv = _between(_CURVE_1000, at, part)
    curve_mv = low_mv + (vref_mv - 1000) / 200 * (_between(_CURVE_1200, at, part) - low_mv)
    blend = min(1.0, (code - _LINE_END) / _CURVE_STEP)
    return line_mv + blend * (curve_mv - line_mv)


def _between(curve: tuple, at: int, part: float) -> float:
    if at >= len(curve) - 1:
        return curve[-1]
    return curve[at] + part * (curve[at + 1] - curve[at])
