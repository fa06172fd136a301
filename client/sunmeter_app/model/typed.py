"""What people type into fields, as the whole numbers that the cloud counts in. Pure."""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from ..problems import Problem

MICRO = 1_000_000
_DECIMAL = re.compile(r"[+-]?\d{1,9}([.,]\d{1,6})?")
_CLOCK = re.compile(r"(\d{1,2})[:h.](\d{2})")


@dataclass
class Draft:
    """What one field holds. Changing it draws nothing."""

    text: str = ""


def micro(typed: str, field: str) -> int:
    """Money: "0.2516" or "0,2516" is 251,600. Raises Problem("amount", field)."""
    return scaled(typed, MICRO, "amount", field)


def ppm(typed: str, field: str) -> int:
    """A percentage from 0 to 100 in millionths: "20" is 200,000. Raises Problem("percent", field)."""
    found = scaled(typed or "0", 10_000, "percent", field)
    if not 0 <= found <= MICRO:
        raise Problem("percent", field)
    return found


def wh(typed: str, field: str) -> int:
    """Energy typed in kWh: "12345.6" is 12,345,600. Raises Problem("energy", field)."""
    found = scaled(typed, 1000, "energy", field)
    if found < 0:
        raise Problem("energy", field)
    return found


def scaled(typed: str, scale: int, code: str, field: str) -> int:
    """A decimal number with either sign of it, times a scale, as a whole. Raises Problem(code, field)."""
    bare = re.sub(r"\s", "", typed).replace("\u2212", "-")
    if _DECIMAL.fullmatch(bare) is None:
        raise Problem(code, field)
    return round(Decimal(bare.replace(",", ".")) * scale)


def clock(typed: str, field: str) -> int:
    """A time of day in minutes: "12:07" is 727. Raises Problem("clock", field)."""
    found = _CLOCK.fullmatch(typed.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise Problem("clock", field)
    return int(found[1]) * 60 + int(found[2])


def minute(typed: str, field: str) -> int:
    """A time of day in quarters: "22:00" is 1320, "24:00" is 1440. Raises Problem("quarter_clock", field)."""
    found = _CLOCK.fullmatch(typed.strip())
    minutes = int(found[1]) * 60 + int(found[2]) if found else -1
    if not 0 <= minutes <= 1440 or minutes % 15 or (found and int(found[2]) > 59):
        raise Problem("quarter_clock", field)
    return minutes


def day(typed: str, field: str) -> str:
    """A date as YYYY-MM-DD. Raises Problem("date", field)."""
    try:
        return dt.date.fromisoformat(typed.strip()).isoformat()
    except ValueError as error:
        raise Problem("date", field) from error


def of_micro(amount_micro: int) -> str:
    """Money as one types it: 251,600 is "0.2516"."""
    return f"{Decimal(amount_micro) / MICRO:f}"


def of_ppm(share_ppm: int) -> str:
    return f"{Decimal(share_ppm) / 10_000:f}"


def of_minute(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
