"""Money, as both sides count it: whole millionths of a currency's unit ("micro"), never floats.

A price is micro per kWh, taxes included. What a quarter costs is its energy times its price, rounded once, half to
even; what a day, a month or a year costs is the sum of its quarters, so it is the same in any order. Pure.
"""

PPM = 1_000_000
_MWH_PER_KWH = 1_000_000


def rounded(numerator: int, denominator: int) -> int:
    """The whole number nearest to a fraction whose denominator is positive; a half goes to the even one."""
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest + (whole & 1) > denominator)


def amount_micro(energy_mwh: int, price_micro: int) -> int:
    """What an energy [mWh] costs at a price [micro per kWh]."""
    return rounded(energy_mwh * price_micro, _MWH_PER_KWH)


def with_vat(price_micro: int, vat_ppm: int) -> int:
    """A net price with its VAT: 200,000 ppm are 20 %."""
    return rounded(price_micro * (PPM + vat_ppm), PPM)
