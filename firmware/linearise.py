"""From the ESP32's ADC codes to its input, as Espressif characterised it (esp_adc_cal, ADC1 at 11 dB).

Below code 2880 the input is a line whose slope is the chip's reference voltage; above it lies between two measured
curves, of a chip at 1000 mV and of one at 1200 mV. What a single board differs from that, its calibration may know in
points, pairs of [input_mv, measured_mv]: between them the difference is a straight line.
"""

from array import array

from contract.refusal import Refusal

CODES = 4096
NOMINAL_VREF_MV = 1100
MAX_POINTS = 24
MAX_STEPS = 6600  # [0.5 mV] 3.3 V: no input goes beyond the supply
_MOST_OFF_MV = 250  # a point farther from what the chip says is a mistake of whoever measured it
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


def check_points(points) -> None:
    """Raises Refusal for anything that is no list of pairs that rise together, none far from its input."""
    if not isinstance(points, (list, tuple)) or len(points) > MAX_POINTS:
        raise Refusal("malformed", "calibration.adc")
    before_input_mv = before_mv = -1
    for pair in points:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise Refusal("malformed", "calibration.adc")
        for mv in pair:
            if isinstance(mv, bool) or not isinstance(mv, (int, float)):
                raise Refusal("malformed", "calibration.adc")
        input_mv, mv = pair
        if not (before_input_mv < input_mv <= MAX_STEPS // 2 and before_mv < mv and abs(input_mv - mv) <= _MOST_OFF_MV):
            raise Refusal("out_of_range", "calibration.adc")
        before_input_mv, before_mv = input_mv, mv


def correct(lut, points) -> None:
    """Turns a table of what the chip says into one of what is there, by the board's checked points.

    Beyond the outer points the difference stays theirs.
    """
    if not points:
        return
    at = 0
    last = len(points) - 1
    for code in range(len(lut)):
        mv = lut[code] / 2
        while at < last and points[at][1] <= mv:
            at += 1
        high_input_mv, high_mv = points[at]
        input_mv = mv + high_input_mv - high_mv
        if at and mv < high_mv:
            low_input_mv, low_mv = points[at - 1]
            input_mv = low_input_mv + (mv - low_mv) * (high_input_mv - low_input_mv) / (high_mv - low_mv)
        lut[code] = max(0, min(MAX_STEPS, int(2 * input_mv + 0.5)))


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
