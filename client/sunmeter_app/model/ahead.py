"""What a forecast says of the present: the next peak of the sun and of the house; how far today is from it. Pure."""

from zoneinfo import ZoneInfo

from ..contract import ledger
from ..contract.ledger import LocalDay
from .day import Day
from .forecast import HOUR_S, Forecast, Hour

WORTH_TELLING_W = 100
WORTH_COMPARING_WH = 300  # of less, a few watts are many hundredths
_QUARTERS = HOUR_S // ledger.QUARTER_S


def next_peak(forecast: Forecast | None, of: str, now_s: int, zone: ZoneInfo) -> Hour | None:
    """The highest hour of today, or of tomorrow once today's is over; None where none is foreseen.

    of: "load" or "pv". A day of which the forecast does not reach the end may have its peak beyond.
    """
    if forecast is None:
        return None
    today = ledger.local_day(now_s, zone)
    for local in (today, ledger.local_day(today.end_s, zone)):
        peak = _peak_of(forecast, of, local)
        if peak is not None and peak.start_s + HOUR_S > now_s:
            return peak
    return None


def _peak_of(forecast: Forecast, of: str, local: LocalDay) -> Hour | None:
    if forecast.end_s < local.end_s - HOUR_S:  # after a day of 25 hours, 48 of them leave tomorrow's last one out
        return None
    hours = [hour for hour in forecast.hours_of(of, local.start_s, local.end_s) if hour.p50_w >= WORTH_TELLING_W]
    return max(hours, key=lambda hour: hour.p50_w, default=None)


def against_forecast(day: Day, forecast: Forecast | None, of: str) -> tuple[float, float] | None:
    """What was measured and what was expected [Wh] over the quarters of which both are known; None where too little.

    of: "load" or "pv".
    """
    if forecast is None:
        return None
    field = "house_w" if of == "load" else "pv_w"
    expected_w = {hour.start_s: hour.mean_w for hour in forecast.hours_of(of, day.span.start_s, day.span.end_s)}
    both = [
        (getattr(quarter, field) / _QUARTERS, expected_w[hour_s] / _QUARTERS)
        for quarter in day.quarters
        if quarter.is_known and (hour_s := _hour_of(quarter.start_s, forecast)) in expected_w
    ]
    measured_wh, expected_wh = (sum(each) for each in zip(*both, strict=True)) if both else (0.0, 0.0)
    return (measured_wh, expected_wh) if expected_wh >= WORTH_COMPARING_WH else None


def _hour_of(quarter_s: int, forecast: Forecast) -> int:
    """The start of the forecast's hour that a quarter lies in."""
    return quarter_s - (quarter_s - forecast.start_s) % HOUR_S
