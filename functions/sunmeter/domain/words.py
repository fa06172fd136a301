"""An alert in a person's language: a title, and a short sentence with home, figure and what is usual. Pure."""

from typing import Any

from .phrases import BY_LANGUAGE, Phrases

UNITS = {"mV": ("V", 1000), "permille": ("%", 10), "Wh": ("kWh", 1000)}  # as kept → as told, and by what to divide
LONGEST_NAME = 40  # of a home, in a notification
NO_TITLE = "Sunmeter"  # of a kind that a newer meter knows and we do not


def title(kind: str, language: str) -> str:
    return BY_LANGUAGE[language].titles.get(kind, NO_TITLE)


def sentence(alert: dict[str, Any], home_name: str, language: str) -> str:
    """Where, what it is, and what is usual."""
    phrases, colon = BY_LANGUAGE[language], " :" if language == "fr" else ":"
    home = home_name if len(home_name) <= LONGEST_NAME else f"{home_name[: LONGEST_NAME - 1]}…"
    if fact := phrases.facts.get(alert["channel"]):
        return f"{home}{colon} {fact}."
    if alert["value"] is None:
        why = phrases.whys.get(alert["kind"])
        return f"{home}{colon} {why}" if why else f"{home}."
    quantity = phrases.quantities.get(alert["channel"], "")
    figure = _figure(alert["value"], alert["unit"], phrases)
    told = f"{home}{colon} {quantity} {figure}" if quantity else f"{home}{colon} {figure}"
    if (lost := alert.get("lost_micro")) is not None:
        told += f" ({_money(lost, alert['currency'], phrases)})"
    usual = _usual(alert, phrases)
    return f"{told}, {usual}." if usual else f"{told}."


def test(language: str) -> str:
    """What a test notification says."""
    return BY_LANGUAGE[language].test


def _usual(alert: dict[str, Any], phrases: Phrases) -> str:
    lo, hi = alert["usual_lo"], alert["usual_hi"]
    template = phrases.ranges.get(alert["channel"], phrases.usually)
    if hi is None or (lo is None and "{lo}" in template) or lo == hi:
        return ""
    told_lo = "" if lo is None else _figure(lo, alert["unit"], phrases, with_unit=False)
    return template.format(lo=told_lo, hi=_figure(hi, alert["unit"], phrases))


def _figure(number: int, unit: str, phrases: Phrases, with_unit: bool = True) -> str:
    told, divisor = UNITS.get(unit, (unit, 1))
    figure = f"{number:,}" if divisor == 1 else f"{number / divisor:,.1f}"
    figure = figure.translate({ord(","): phrases.thousands, ord("."): phrases.decimal})
    return f"{figure} {told}" if told and with_unit else figure


def _money(micro: int, currency: str, phrases: Phrases) -> str:
    """An amount to the hundredth."""
    figure = f"{micro / 1_000_000:,.2f}"
    return f"{figure.translate({ord(','): phrases.thousands, ord('.'): phrases.decimal})} {currency}"
