"""What a night makes of a home's documents: model, forecast and score, ready to store. Pure, and heavy to import."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from . import panels
from .contract import ledger, packing, unpacking
from .contract.documents import MONTH_COLUMNS, unpack
from .contract.ledger import LocalDay
from .contract.model import Model
from .contract.refusal import Refusal
from .domain import calendar, whatif
from .domain.feedback import Feedback
from .domain.tariff import Tariff
from .learning import anomaly, bill, forecast, minutes
from .learning.anomaly import Trained
from .learning.forecast import Bands, Forecast, Score, TooLittleData
from .learning.series import HOUR_S, Floats, Hourly
from .learning.shadow import Served

Fields = dict[str, Any]
HOURS = 48  # that a forecast reaches ahead
_SCORE = ("days", "mae_wh", "naive_mae_wh", "inside80", "inside95")


@dataclass(frozen=True)
class Known:
    """What is stored of a home when a day of it is over."""

    day: LocalDay  # the last complete one
    zone: str
    days: list[Fields]  # documents with their minutes, up to that day
    months: list[Fields]  # documents with their hours, up to that day's
    forecast: Fields | None  # None: there was none yet
    score: Fields | None
    tariff: Tariff | None = None  # of the day that begins; None: there is none
    prices: dict[str, Fields | None] = field(default_factory=dict)  # market prices by month, where it needs them
    feedback: Feedback = field(default_factory=Feedback)
    served: tuple[bytes | None, bytes | None] = (None, None)  # the model that the meter holds, and the one before it


@dataclass(frozen=True)
class Lessons:
    """What the night learnt."""

    trained: Trained
    forecast: Fields
    score: Fields | None  # None: nothing to score yet
    ships: bytes | None = None  # the model to send; None: the last one stays


def learn(known: Known, version: int) -> Lessons:
    """Scores the forecast of the day that is over, makes the next, and trains the model; `version` is the model's."""
    house, pv = hourly(known.months, "house_wh"), hourly(known.months, "pv_wh")
    now_s = known.day.end_s
    score = _score(known, house)
    served = score.served if score else "model"
    has_pv = bool(np.nansum(pv.wh) > 0)
    trained = _trained(known, now_s, version)
    return Lessons(
        trained,
        {
            **_forecast(house, pv if has_pv else None, now_s, known.zone, served),
            "bill": _bill(known),
            "panels": _panels(known, pv) if has_pv else None,
        },
        _score_fields(score, known.day) if score else None,
        _shipped(trained, known.served[1], version),
    )


def hourly(months: Iterable[Fields], name: str) -> Hourly:
    """One column of month documents as a series; what lies between them is missing."""
    known = sorted(months, key=lambda month: int(month["start_s"]))
    if not known:
        return Hourly(0, np.empty(0))
    start_s = known[0]["start_s"]
    columns = [((month["start_s"] - start_s) // HOUR_S, _floats(name, month["columns"][name])) for month in known]
    wh = np.full(max(at + len(column) for at, column in columns), np.nan)
    for at, column in columns:
        wh[at : at + len(column)] = column
    return Hourly(start_s, wh)


def _floats(name: str, packed: bytes) -> Floats:
    return np.array([np.nan if wh is None else wh for wh in unpack(MONTH_COLUMNS[name], packed)], float)


def _trained(known: Known, now_s: int, version: int) -> Trained:
    if not known.days:
        return Trained("learning", "nothing_measured", 0.0)
    measured = minutes.of_days((day["start_s"], day["columns"]) for day in known.days)
    return anomaly.train(
        measured,
        zone=known.zone,
        now_s=now_s,
        version=version,
        target_per_month=known.feedback.target_per_month,
        real_s=known.feedback.real_s,
        served=Served(*(_readable(packed) for packed in known.served)),
    )


def _readable(packed: bytes | None) -> Model | None:
    """A model that was sent; None for none, and for one that is read no more."""
    try:
        return None if packed is None else unpacking.unpack(packed)
    except Refusal:
        return None


def _shipped(trained: Trained, before: bytes | None, version: int) -> bytes | None:
    """The new model, or the one before the last where this night goes back to it."""
    if trained.goes_back and before is not None:
        return packing.renumbered(before, version)
    return trained.payload


def _score(known: Known, house: Hourly) -> Score | None:
    """The running score with the day that is over in it, once; None while no forecast could be judged."""
    before = known.score
    total = Score(**{name: before[name] for name in _SCORE}) if before else None
    if before and before["day"] >= known.day.day:
        return total
    past = house.before(known.day.end_s)
    if total is None:
        backtest = forecast.backtest(past, known.day.end_s, known.zone)
        return backtest if backtest.days else None
    bands = _bands_of(known.forecast, known.day.start_s)
    of_day = forecast.score(bands, known.day.start_s, past, known.zone) if bands else None
    return total.then(of_day) if of_day else total


def _bands_of(stored: Fields | None, start_s: int) -> Bands | None:
    """The load that a stored forecast expected of the hours from start_s; None when it is not of that day."""
    if not stored or stored["start_s"] != start_s or not stored["load_wh"]:
        return None
    return Bands(**{name: np.array(stored["load_wh"][name], float) for name in Bands.__dataclass_fields__})


def _forecast(house: Hourly, pv: Hourly | None, start_s: int, zone: str, served: str) -> Fields:
    try:
        made = forecast.forecast(house, pv, start_s, zone, served)
    except TooLittleData as error:
        made = Forecast(start_s, None, None, None, "none", error.shortage)
    return {
        "start_s": start_s,
        "hours": HOURS,
        "load_wh": _whole(made.load),
        "pv_wh": _whole(made.pv),
        "month": {name: round(wh) for name, wh in asdict(made.month).items()} if made.month else None,
        "method": made.method,
        "reason": made.shortage._asdict() if made.shortage else None,
    }


def _bill(known: Known) -> dict[str, Any] | None:
    """What the running month will have cost, under the tariff of now; None without one, or with too few days.

    What is over is taken as it was paid; past days are priced anew, so that a new tariff is not judged by old prices.
    """
    if known.tariff is None:
        return None
    zone = ledger.zone_named(known.zone)
    running = ledger.local_day(known.day.end_s, zone)
    days_left = sum(day.day >= running.day for day in calendar.days_of(running.month, zone))
    try:
        rest = bill.rest(_daily_costs(known, known.tariff), days_left)
    except TooLittleData:
        return None
    so_far_micro = sum(_paid(known, running.month))
    fixed_micro = so_far_micro + days_left * known.tariff.gross_standing_micro
    ends = {name: fixed_micro + round(micro) for name, micro in asdict(rest).items()}
    return {"month": running.month, "tariff": known.tariff.valid_from, "so_far_micro": so_far_micro, **ends}


def _paid(known: Known, month: str) -> list[int]:
    """What the days of a month have cost, up to the one that is over."""
    entries = {
        f"{month}-{day}": entry
        for each in known.months
        if each["month"] == month
        for day, entry in each["days"].items()
    }
    return [
        entry["money"]["cost_micro"] for day, entry in entries.items() if day <= known.day.day and entry.get("money")
    ]


def _panels(known: Known, pv: Hourly) -> Fields:
    """Is something wrong with the panels, and what has it cost?"""
    terms = panels.Terms(known.tariff, known.prices, hourly(known.months, "import_wh"))
    return panels.told(pv, known.day, known.zone, terms, (known.forecast or {}).get("panels"))


def _daily_costs(known: Known, tariff: Tariff) -> Floats:
    """What each day up to the one that is over would cost now, without standing charges; NaN where not known."""
    costs: dict[str, float] = {}
    for month in known.months:
        for day in whatif.days_of(month, tariff, known.prices.get(month["month"])):
            unknown = day.amounts.unpriced_mwh > 0
            costs[day.day] = float("nan") if unknown else float(day.cost_micro - day.standing_micro)
    last = dt.date.fromisoformat(known.day.day)
    number = (last - dt.date.fromisoformat(min(costs, default=known.day.day))).days
    days = ((last - dt.timedelta(days=ago)).isoformat() for ago in range(number, -1, -1))
    return np.array([costs.get(day, float("nan")) for day in days], float)


def _whole(bands: Bands | None) -> dict[str, list[int]] | None:
    """Bands in whole watt-hours, as they are stored."""
    return {name: [round(wh) for wh in series] for name, series in vars(bands).items()} if bands else None


def _score_fields(score: Score, day: LocalDay) -> Fields:
    return {**asdict(score), "better_than_naive": score.better_than_naive, "served": score.served, "day": day.day}
