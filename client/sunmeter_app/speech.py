"""How the app speaks to one person: sentences in their language, numbers and times as they are written there, by the
home's zone. Pure.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval
from babel.numbers import format_currency, format_decimal

from .contract.ledger import zone_named
from .problems import Problem
from .strings import NO_BREAK, SENTENCES

_NARROW = "\u202f"  # between the thousands of French; no font of ours has it
REFERENCE_DIGITS = 8
LOCALES = {"en": "en_GB", "fr": "fr_FR"}  # language → how its numbers and dates are written


@dataclass(frozen=True)
class Trouble:
    """What a person is told went wrong, and by which reference whoever operates the service finds it in the log."""

    sentence: str = ""
    reference: str = ""  # in words; "" where the cloud has nothing of it

    def __bool__(self) -> bool:
        return bool(self.sentence)

    def __str__(self) -> str:
        return f"{self.sentence} {self.reference}".strip()


@dataclass(frozen=True)
class Speech:
    """Sentences, numbers and times for one language and one zone, and for what one person wants to be shown."""

    language: str = "en"
    zone: str = "UTC"
    power_unit: str = "kW"  # of the moment's power: kW or W
    tells_co2: bool = True

    @cached_property
    def _locale(self) -> Locale:
        try:
            return Locale.parse(LOCALES.get(self.language, self.language))
        except (UnknownLocaleError, ValueError):
            return Locale.parse(LOCALES["en"])

    @cached_property
    def tz(self) -> ZoneInfo:
        return zone_named(self.zone)

    # --- sentences --------------------------------------------------------------------------------------------------

    def say(self, key: str, **values: object) -> str:
        """The sentence of that key with its values. KeyError when there is none: a test walks all of them."""
        return SENTENCES[self.language][key].format(**values)

    def knows(self, key: str) -> bool:
        return key in SENTENCES[self.language]

    def problem(self, problem: Problem) -> str:
        """What went wrong and what to do: our sentence for its code, else the server's, else the code."""
        key = f"problem.{problem.code}"
        if self.knows(key):
            return self.say(key)
        return problem.sentence or self.say("problem.unknown", code=problem.code)

    def trouble(self, problem: Problem) -> Trouble:
        """The same with its reference: so many digits are enough to find a request of the last days."""
        name = problem.request[:REFERENCE_DIGITS]
        return Trouble(self.problem(problem), self.say("reference", name=name) if name else "")

    # --- numbers ----------------------------------------------------------------------------------------------------

    def number(self, number: float, digits: int) -> str:
        """With exactly that many digits after the decimal sign, and a real minus sign."""
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        written = str(format_decimal(round(number, digits) + 0.0, format=pattern, locale=self._locale))
        return written.replace("-", "−").replace(_NARROW, NO_BREAK)

    def kw(self, power_w: float) -> str:
        """Power for the eye: "1.24"."""
        return self.number(power_w / 1000, 2)

    def power(self, power_w: float) -> tuple[str, str]:
        """The moment's power in the unit that the person chose: ("1.24", "kW"), ("1,240", "W")."""
        return (self.number(power_w, 0), "W") if self.power_unit == "W" else (self.kw(power_w), "kW")

    def exact_power(self, power_w: float) -> str:
        """The same for a screen reader, to the watt: "1.240 kW", "1240 W"."""
        return f"{power_w:.0f} W" if self.power_unit == "W" else f"{power_w / 1000:.3f} kW"

    def kwh(self, energy_wh: float, u_wh: float | None = None) -> str:
        """Energy for the eye: two digits below 10 kWh, one below 1,000, none above; u_wh as many: "22.2 ± 0.4"."""
        kwh = energy_wh / 1000
        digits = 2 if abs(kwh) < 9.995 else 1 if abs(kwh) < 999.95 else 0
        written = self.number(kwh, digits)
        return written if u_wh is None else f"{written} ± {self.number(u_wh / 1000, digits)}"

    def percent(self, share: float) -> str:
        return f"{self.number(share * 100, 0)}{NO_BREAK}%"

    def change(self, this: float, other: float) -> str:
        """How far one figure is from another: "+8 %"; "" where there is nothing to compare with."""
        if other <= 0 or this < 0:
            return ""
        change = round(100 * (this / other - 1))
        return f"{'+' if change > 0 else ''}{self.percent(change / 100)}"

    def points(self, this: float, other: float) -> str:
        """How far one share is from another, in hundredths of the whole: "+3 pt"."""
        points = round(100 * this) - round(100 * other)
        return f"{'+' if points > 0 else ''}{self.number(points, 0)}{NO_BREAK}pt"

    def money(self, amount_micro: int, currency: str) -> str:
        """An amount as it is written: "€12.40", "12,40 €"."""
        written = format_currency(amount_micro / 1_000_000 + 0.0, currency, locale=self._locale)
        return str(written).replace("-", "−").replace(_NARROW, NO_BREAK)

    def price(self, price_micro: int, currency: str) -> str:
        """A price, exact to the hundredth of a cent: "€0.2516"."""
        pattern = self._locale.currency_formats["standard"].pattern.replace("0.00", "0.00##")
        amount = price_micro / 1_000_000
        written = format_currency(amount, currency, format=pattern, locale=self._locale, currency_digits=False)
        return str(written).replace("-", "−").replace(_NARROW, NO_BREAK)

    def quantity(self, number: float, unit: str) -> str:
        """A quantity of an alert in the unit people know: watts to kW, Wh to kWh, millivolts to V, per mille to %."""
        if unit in ("W", "Wh", "var", "VA") and abs(number) >= 1000:
            return self._with_unit(number / 1000, 2, f"k{unit}")
        if unit in ("mV", "mA", "mHz"):
            return self._with_unit(number / 1000, 2 if unit == "mHz" else 1, unit[1:])
        if unit == "permille":
            return self._with_unit(number / 10, 0, "%")
        return self._with_unit(number, 0, unit)

    def _with_unit(self, number: float, digits: int, unit: str) -> str:
        return f"{self.number(number, digits)}{NO_BREAK}{unit}".rstrip(NO_BREAK)

    # --- times ------------------------------------------------------------------------------------------------------

    def local(self, ts_s: float) -> dt.datetime:
        return dt.datetime.fromtimestamp(ts_s, self.tz)

    def clock(self, ts_s: float) -> str:
        """Time of day in the home's zone: "13:45"."""
        return f"{self.local(ts_s):%H:%M}"

    def weekday(self, ts_s: float) -> str:
        """ "Thu", of a moment."""
        return self.weekday_of(self.local(ts_s).date())

    def weekday_of(self, date: dt.date) -> str:
        """ "Thu"."""
        return str(format_date(date, "EEE", locale=self._locale))

    def date_long(self, date: dt.date) -> str:
        """ "Monday 23 November"."""
        return str(format_date(date, "EEEE d MMMM", locale=self._locale))

    def date_full(self, date: dt.date) -> str:
        """ "Mon 23 November 2026"."""
        return str(format_date(date, "EEE d MMMM y", locale=self._locale))

    def date_year(self, date: dt.date) -> str:
        """ "23 Nov 2026"."""
        return str(format_date(date, "d MMM y", locale=self._locale))

    def date_short(self, date: dt.date) -> str:
        """ "23 Nov"."""
        return str(format_date(date, "d MMM", locale=self._locale))

    def dates(self, first: dt.date, last: dt.date) -> str:
        """ "15–21 Jun 2026"; one date alone where they are the same."""
        written = str(format_interval(first, last, "yMMMd", locale=self._locale))
        return written.replace("\u2009", "").replace(_NARROW, NO_BREAK)

    def month_short(self, date: dt.date, is_narrow: bool = False) -> str:
        """ "Jun", or "J"."""
        return str(format_date(date, "LLLLL" if is_narrow else "LLL", locale=self._locale))

    def month(self, date: dt.date) -> str:
        """ "November 2026"."""
        return str(format_date(date, "LLLL y", locale=self._locale))

    def when(self, ts_s: float, now_s: float, within: bool = False) -> str:
        """A moment as one says it: the time today, "Yesterday" and the time, else date and time (and year).

        within: it stands inside a sentence.
        """
        days_ago = (self.local(now_s).date() - self.local(ts_s).date()).days
        if days_ago == 0:
            return self.clock(ts_s)
        if days_ago == 1:
            return self.say("time.yesterday_within" if within else "time.yesterday", time=self.clock(ts_s))
        date, is_this_year = self.local(ts_s).date(), self.local(ts_s).year == self.local(now_s).year
        return f"{self.date_short(date) if is_this_year else self.date_year(date)}, {self.clock(ts_s)}"

    def span(self, from_s: float, to_s: float) -> str:
        """Two moments of one day: "03:15–04:30"; midnight at the end reads 24:00."""
        ends_at_midnight = self.local(to_s).date() > self.local(from_s).date()
        return f"{self.clock(from_s)}–{'24:00' if ends_at_midnight else self.clock(to_s)}"

    def stretch(self, from_s: float, to_s: float) -> str:
        """Two moments of one day, or of a night: "22:00–06:00"; midnight at the end reads 24:00."""
        is_of_one_day = self.local(to_s - 1).date() == self.local(from_s).date()
        return self.span(from_s, to_s) if is_of_one_day else f"{self.clock(from_s)}–{self.clock(to_s)}"

    def coming(self, ts_s: float, now_s: float, time: str) -> str:
        """A time of today as it is, one of tomorrow with the word."""
        is_today = self.local(ts_s).date() == self.local(now_s).date()
        return time if is_today else self.say("time.tomorrow", time=time)

    def age(self, age_ms: int) -> str:
        """An age in one unit: "3 s", "5 min", "2 h", "4 d"."""
        seconds = age_ms // 1000
        for limit_s, unit_s, key in _AGES:
            if seconds < limit_s:
                return self.say(key, n=seconds // unit_s)
        raise AssertionError("the last limit is infinite")


_AGES = ((120, 1, "age.s"), (7200, 60, "age.min"), (172_800, 3600, "age.h"), (float("inf"), 86_400, "age.d"))
