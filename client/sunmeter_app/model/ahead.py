"""What happens next in a home: the next peak of the sun and of the house. Pure."""

from zoneinfo import ZoneInfo

from ..contract import ledger
from ..contract.ledger import LocalDay
from .forecast import HOUR_S, Forecast, Hour

WORTH_TELLING_W = 100


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
    take = forecast.load_hours if of == "load" else forecast.pv_hours
    hours = [hour for hour in take(local.start_s, local.end_s) if hour.p50_w >= WORTH_TELLING_W]
    return max(hours, key=lambda hour: hour.p50_w, default=None)
