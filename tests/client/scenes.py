"""Scenes for pictures and tests: a home with a believable June day, its month, its forecast and its alerts."""

import calendar
import datetime as dt
import math
import random
from collections.abc import Callable
from zoneinfo import ZoneInfo

from sunmeter_app.contract import documents, ledger
from sunmeter_app.data.source import Fields

from .fake_backend import FakePerson, FakeWorld
from .fake_functions import make_home

ZONE = ZoneInfo("Europe/Paris")
NOW = dt.datetime(2026, 6, 18, 13, 24, tzinfo=ZONE)
NOW_S = NOW.timestamp()
DUSK_S = NOW.replace(hour=21, minute=52).timestamp()
EMAIL, PASSWORD = "lea@example.com", "a short sentence"
HOME = "home-1"


def house_w(hour: float, noise: random.Random) -> float:
    """A household's power over the day: morning, noon and evening above a base."""
    meals = (
        1500 * math.exp(-(((hour - 7.4) / 0.9) ** 2))
        + 900 * math.exp(-(((hour - 12.6) / 0.8) ** 2))
        + 2300 * math.exp(-(((hour - 19.3) / 1.5) ** 2))
    )
    return 260 + meals + noise.uniform(-60, 160)


def hidden_w(hour: float) -> float:
    """What a dehumidifier in the cellar draws, switched on in the morning and forgotten."""
    return 240.0 if hour >= 9.75 else 0.0


def pv_w(hour: float, noise: random.Random, sky: float = 1.0) -> float:
    """A roof of 4 kW under a sky of that clearness."""
    if not 6 < hour < 21.5:
        return 0.0
    clear = 3600 * math.sin((hour - 6) / 15.5 * math.pi) ** 1.4
    return float(clear * sky * noise.uniform(0.86, 1.0))


def day_document(
    date: dt.date,
    until_s: float,
    sky: float = 1.0,
    faults: dict[int, tuple[int, int]] | None = None,
    more_w: Callable[[float], float] = lambda hour: 0.0,
) -> Fields:
    """A day document up to a moment. faults: quarter index → (quality, cause index). more_w: beside the usual."""
    span = ledger.day_of(date, ZONE)
    noise = random.Random(date.toordinal())
    appetite = noise.uniform(0.7, 1.35)  # some days are washing days
    columns: dict[str, list[int | None]] = {
        name: documents.blank(documents.DAY_COLUMNS[name], span.quarters)
        for name in (*ENERGY, "quality", "cause", "u_w", "v_min_dv", "v_max_dv", "v_dv")
    }
    mains = random.Random(-date.toordinal())
    for index in range(span.quarters):
        start_s = span.start_s + index * ledger.QUARTER_S
        load = house_w(index / 4, noise) * appetite + more_w(index / 4)
        sun = pv_w(index / 4, noise, sky)
        if start_s + ledger.QUARTER_S > until_s:
            continue
        quality, cause = (faults or {}).get(index, (ledger.MEASURED, 0))
        columns["quality"][index], columns["cause"][index] = quality, cause
        if quality == ledger.MISSING:
            continue
        grid_mwh = round((load - sun) * 250)
        columns["import_mwh"][index], columns["export_mwh"][index] = max(grid_mwh, 0), max(-grid_mwh, 0)
        columns["pv_mwh"][index], columns["standby_mwh"][index] = round(sun * 250), 0
        if quality == ledger.MEASURED:
            _mains(columns, index, grid_mwh, mains)
    packed = {name: documents.pack(documents.DAY_COLUMNS[name], values) for name, values in columns.items()}
    known = [quality for quality in columns["quality"] if quality]
    known_w = [u_w for u_w in columns["u_w"] if u_w is not None]
    exact = sum(quality == ledger.MEASURED for quality in known)
    return {
        "v": 1,
        "day": date.isoformat(),
        "zone": ZONE.key,
        "start_s": span.start_s,
        "quarters": span.quarters,
        "columns": packed,
        "totals": _totals(columns),
        "measured_permille": round(1000 * exact / max(1, len(known))),
        "u_wh": round(sum(known_w) / len(known_w) * len(known) / 4) if known_w else None,
        "money": _money(columns),
        "rev": 1,
    }


def _mains(columns: dict[str, list[int | None]], index: int, grid_mwh: int, noise: random.Random) -> None:
    """A voltage that exports lift and loads lower, and how sure the meter is of its power."""
    minutes = [round(2334 - grid_mwh / 20_000 + noise.gauss(0, 8)) for _ in range(15)]
    columns["v_dv"][15 * index : 15 * index + 15] = minutes
    columns["v_min_dv"][index], columns["v_max_dv"][index] = min(minutes) - 9, max(minutes) + 9
    columns["u_w"][index] = 9 + abs(grid_mwh) // 30_000


ENERGY = ("import_mwh", "export_mwh", "pv_mwh", "standby_mwh")


def _money(columns: dict[str, list[int | None]]) -> dict[str, int]:
    """At 0.27 a kWh and 0.08 for exports, 0.40 a day, 56 g of CO2 a kWh."""
    bought, sold, sun = (sum(each or 0 for each in columns[name]) for name in ENERGY[:3])
    return {
        "import_micro": round(bought * 0.27),
        "export_micro": round(sold * 0.08),
        "standing_micro": 400_000,
        "cost_micro": 400_000 + round(bought * 0.27) - round(sold * 0.08),
        "self_use_micro": round((sun - sold) * 0.27),
        "saved_micro": round((sun - sold) * 0.27) + round(sold * 0.08),
        "unpriced_mwh": 0,
        "co2_g": bought * 56 // 1_000_000,
        "co2_saved_g": sun * 56 // 1_000_000,
    }


def _totals(columns: dict[str, list[int | None]]) -> dict[str, float]:
    sums = {
        name: sum(value or 0 for value in columns[f"{name}_mwh"]) / 1000
        for name in ("import", "export", "pv", "standby")
    }
    totals = {f"{name}_wh": wh for name, wh in sums.items()}
    totals["house_wh"] = sums["import"] - sums["export"] + sums["pv"]
    totals["self_used_wh"] = sums["pv"] - sums["export"]
    return totals


def month_document(month: str, until: dt.date, known: dict[dt.date, Fields], missing: tuple[int, ...] = ()) -> Fields:
    """A month, with the days that are known as they are and the others under a sky of their own."""
    year, number = int(month[:4]), int(month[5:])
    days = {}
    for day in range(1, 32):
        try:
            date = dt.date(year, number, day)
        except ValueError:
            break
        if date <= until and day not in missing:
            sky = (0.35 + 0.65 * random.Random(date.toordinal() * 7).random()) * _season(date)
            document = known.get(date) or day_document(date, float("inf"), sky)
            said = {name: document[name] for name in ("measured_permille", "u_wh", "money")}
            days[f"{day:02d}"] = {**document["totals"], **said, "rev": 1}
    return {"v": 1, "month": month, "zone": ZONE.key, "days": days}


def _season(date: dt.date) -> float:
    """The sun's height, as a part of June's."""
    return 0.6 - 0.4 * math.cos((date.timetuple().tm_yday + 10) / 365 * 2 * math.pi)


def hub_document(owner: str, now_s: float) -> Fields:
    """A hub that was heard a minute ago and runs one meter."""
    heard_ms = int(now_s * 1000) - 60_000
    return {
        "owner": owner,
        "name": "sunhub",
        "revoked": False,
        "last_ms": heard_ms,
        "version": "1.4.0",
        "queue": 0,
        "meters": {"m-0123456789": {"last_ms": heard_ms + 50_000, "firmware": 12, "model": int(now_s) - 40_000}},
        "damaged_ms": 0,
        "silent_ms": None,
    }


def meter_document() -> Fields:
    return {"home": HOME, "hub": "hub-1", "from_s": 1_760_000_000, "assignment": 1, "state": "on"}


BILL = {
    "month": "2026-06",
    "tariff": "2026-02-01",
    "so_far_micro": 21_370_000,
    "lo_micro": 33_900_000,
    "p50_micro": 37_250_000,
    "hi_micro": 41_800_000,
}


SCORE = {
    "days": 41,
    "day": "2026-06-17",
    "mae_wh": 214.0,
    "naive_mae_wh": 261.3,
    "inside80": 0.813,
    "inside95": 0.944,
    "better_than_naive": True,
    "served": "model",
}
MODEL = {
    "status": "ready",
    "reason": "",
    "days": 44.6,
    "day": "2026-06-17",
    "version": 3,
    "detectable": {"night_w": 640, "day_w": 1870, "base_w": 135},
    "changed": ["house_min_24h high", "reactive_60m high"],
    "went_back": False,
    "rated": {"real": 7, "not_real": 2, "days": 90},
    "precision_permille": 778,
    "target_per_month": 1.0,
}


def tariff_documents() -> dict[str, Fields]:
    """Day and night since February, one price before."""
    hours = {"from_min": 1320, "to_min": 360, "weekdays": [1, 2, 3, 4, 5], "months": [6, 11, 12]}
    night = {"price_micro": 180_000, **hours}
    common = {"currency": "EUR", "energy_tax_micro": 22_500, "vat_ppm": 200_000, "co2_g_per_kwh": 56, "rev": 1}
    export = {"kind": "flat", "price_micro": 80_000, "zones": []}
    bought = {"kind": "zones", "price_micro": 270_000, "zones": [night]}
    return {
        "2026-02-01": {
            **common,
            "valid_from": "2026-02-01",
            "name": "Day and night",
            "import": bought,
            "export": export,
            "standing_micro": 400_000,
        },
        "2025-07-01": {
            **common,
            "valid_from": "2025-07-01",
            "name": "Basic",
            "import": {"kind": "flat", "price_micro": 251_600, "zones": []},
            "export": None,
            "standing_micro": 0,
        },
    }


def forecast_document() -> Fields:
    """Issued in the night before NOW, for 48 hours."""
    start = NOW.replace(hour=0, minute=0)
    calm = random.Random(1)
    hours = [(index + 0.5) % 24 for index in range(48)]
    load = [house_w(hour, calm) for hour in hours]
    sun = [pv_w(hour, calm, 0.95) for hour in hours]
    return {
        "issued_ms": int(start.timestamp() * 1000),
        "start_s": int(start.timestamp()),
        "hours": 48,
        "method": "model",
        "reason": None,
        "month": {"lo_wh": 438_200, "p50_wh": 461_900, "hi_wh": 489_300},
        "load_wh": _band(load, 0.28, 90),
        "pv_wh": _band(sun, 0.25, 0),
        "bill": BILL,
    }


def _band(middle: list[float], part: float, least: float) -> dict[str, list[float]]:
    return {
        "p50": middle,
        "mean": middle,
        "lo80": [max(0.0, wh * (1 - part) - least) for wh in middle],
        "hi80": [wh * (1 + part * 1.3) + least for wh in middle],
        "lo95": [max(0.0, wh * (1 - 2 * part) - least) for wh in middle],
        "hi95": [wh * (1 + 2 * part) + least for wh in middle],
    }


def live_document(ts_s: float = NOW_S, **other: object) -> Fields:
    return {
        "meter": "m-0123456789",
        "ts_ms": int(ts_s * 1000),
        "grid_w": -1880,
        "pv_w": 3120,
        "house_w": 1240,
        "v_v": 231.4,
        "f_hz": 50.012,
        "grid_a": 8.31,
        "pv_a": 13.5,
        "grid_pf": -0.98,
        "pv_pf": 0.99,
        "u_w": 14,
        **other,
    }


def alert_document(
    kind: str,
    channel: str,
    unit: str,
    value: int,
    lo: int | None,
    hi: int | None,
    start: dt.datetime,
    minutes: int | None,
    rating: str = "none",
) -> Fields:
    start_ms = int(start.timestamp() * 1000)
    return {
        "kind": kind,
        "channel": channel,
        "title_key": f"alert.{kind}",
        "value": value,
        "usual_lo": lo,
        "usual_hi": hi,
        "unit": unit,
        "score": 6.2,
        "start_ms": start_ms,
        "end_ms": None if minutes is None else start_ms + minutes * 60_000,
        "rating": rating,
        "rated_by": "",
        "push": "sent",
        "pushed": {},
    }


def lowest_w(day: Fields, since: dt.datetime, until: dt.datetime) -> int:
    """The house's lowest power over some quarters of a day document."""
    columns = {
        name: documents.unpack(documents.DAY_COLUMNS[f"{name}_mwh"], day["columns"][f"{name}_mwh"])
        for name in ("import", "export", "pv")
    }
    first, last = (int(moment.timestamp() - day["start_s"]) // ledger.QUARTER_S for moment in (since, until))
    taken = [[mwh or 0 for mwh in columns[name][first:last]] for name in ("import", "export", "pv")]
    lowest_mwh = min(bought - sold + sun for bought, sold, sun in zip(*taken, strict=True))
    return int(lowest_mwh / 250)


def alerts(today: Fields) -> dict[str, Fields]:
    """What the meter told lately; the one that goes on is what today's curve shows."""
    since, start = NOW - dt.timedelta(hours=3, minutes=36), NOW - dt.timedelta(minutes=36)
    return {
        "m-0123456789-77-4021": alert_document(
            "hidden_load", "house_min_3h", "W", lowest_w(today, since, start), 180, 390, start, None
        ),
        "m-0123456789-77-2210": alert_document(
            "swell", "voltage_10m", "mV", 254_300, 207_000, 253_000, NOW - dt.timedelta(hours=22), 14, "real"
        ),
        "m-0123456789-76-911": alert_document(
            "overuse", "house_60m", "W", 4210, 310, 2450, NOW - dt.timedelta(days=4, hours=2), 70, "not_real"
        ),
    }


# A power cut before dawn yesterday, Wi-Fi trouble at noon whose registers were recovered.
YESTERDAY_FAULTS = {
    **{index: (ledger.MISSING, documents.CAUSES.index("power_cut")) for index in range(13, 19)},
    **{index: (ledger.RECOVERED, documents.CAUSES.index("wifi")) for index in range(46, 51)},
    **{index: (ledger.ESTIMATED, documents.CAUSES.index("internet")) for index in range(70, 76)},
}


def furnished(world: FakeWorld) -> FakePerson:
    """Fills a world with a person and a home in full use, as of the world's time; returns the person."""
    person = world.identity.add(EMAIL, PASSWORD)
    world.database.put(f"homes/{HOME}", make_home(person.uid) | {"shares": {"mqtt": True, "page": False}})
    put, now_s = world.database.put, world.now_s()
    put(documents.live(HOME), live_document(now_s))
    today, yesterday = NOW.date(), NOW.date() - dt.timedelta(days=1)
    known = {
        today: day_document(today, now_s - 240, more_w=hidden_w),
        yesterday: day_document(yesterday, float("inf"), 0.8, YESTERDAY_FAULTS),
    }
    for date, document in known.items():
        put(documents.day(HOME, date.isoformat()), document)
    put(documents.month(HOME, "2026-06"), month_document("2026-06", today, known, missing=(9,)))
    put(documents.insight(HOME, "forecast"), forecast_document())
    put(documents.insight(HOME, "score"), SCORE)
    put(documents.insight(HOME, "model"), MODEL)
    put("hubs/hub-1", hub_document(person.uid, now_s))
    put(documents.meter("m-0123456789"), meter_document())
    with_tariffs(world, tariff_documents())
    for alert_id, alert in alerts(known[today]).items():
        put(documents.alert(HOME, alert_id), alert)
    return person


def with_tariffs(world: FakeWorld, tariffs: dict[str, Fields], rev: int = 1) -> None:
    """Sets the home's tariffs, at a revision of them."""
    for tariff_id, tariff in tariffs.items():
        world.database.put(documents.tariff(HOME, tariff_id), tariff)
    world.database.change(f"homes/{HOME}", tariffs=sorted(tariffs), tariff_rev=rev)


def market_document(until: dt.date) -> Fields:
    """June's market prices by the hour, known until the end of that day: low at noon, high in the evening."""
    span = ledger.day_of(NOW.date().replace(day=1), ZONE)
    quarters = 30 * 96
    hours = [index / 4 % 24 for index in range(96 * until.day)]
    known = [
        round(95_000 - 70_000 * math.exp(-(((hour // 1 - 13.5) / 2.5) ** 2)) + 60_000 * (19 <= hour < 21))
        for hour in hours
    ]
    prices = [*known, *[None] * (quarters - len(known))]
    columns = {name: documents.pack(documents.SPOT_COLUMNS[name], prices) for name in documents.SPOT_COLUMNS}
    return {
        "v": 1,
        "month": "2026-06",
        "zone": ZONE.key,
        "start_s": span.start_s,
        "quarters": quarters,
        "columns": columns,
    }


def with_market(world: FakeWorld) -> None:
    """Lets the supplier pass market prices on; those of tomorrow are out."""
    tariff = tariff_documents()["2026-02-01"]
    tariff["import"] = {"kind": "dynamic", "price_micro": 60_000, "zones": [], "series": "import"}
    with_tariffs(world, {"2026-02-01": {**tariff, "name": "Market"}})
    world.database.put(documents.prices(HOME, "2026-06"), market_document(NOW.date() + dt.timedelta(days=1)))


def on_the_market(world: FakeWorld) -> FakePerson:
    """The same home with market prices."""
    person = furnished(world)
    with_market(world)
    return person


def with_years(world: FakeWorld) -> FakePerson:
    """The same home, which has been there since March of the year before, and was away for two weeks of May."""
    person = furnished(world)
    away = tuple(range(11, 25))
    for year, number in [(2025, number) for number in range(3, 13)] + [(2026, number) for number in range(1, 6)]:
        last = dt.date(year, number, calendar.monthrange(year, number)[1])
        missing = away if (year, number) == (2026, 5) else ()
        month = month_document(f"{year}-{number:02d}", last, {}, missing)
        world.database.put(documents.month(HOME, month["month"]), month)
    return person


def operated(world: FakeWorld) -> FakePerson:
    """A furnished home whose owner operates two areas; in the north an outage goes on."""
    person = furnished(world)
    person.areas = ("north", "south")
    world.database.operated[person.uid] = {"north", "south"}
    put, now_ms = world.database.put, int(world.now_s() * 1000)
    homes = {
        f"h{number}": {"meter": f"m-000000000{number}", "hub": "hub-1", "consents": number == 1} for number in (1, 2, 3)
    }
    put("areas/north", {"homes": homes, "hubs": ["hub-1", "hub-2"]})
    put("areas/south", {"homes": {}, "hubs": []})
    for number, hours, end in ((1, 1.5, None), (2, 30, 29.2)):
        start_ms = now_ms - int(hours * 3_600_000)
        end_ms = None if end is None else now_ms - int(end * 3_600_000)
        extent = {"homes": 2, "of": 3, "dark": 2 if end is None else 0, "hubs": ["hub-1"]}
        says = "confirmed" if end else "likely"
        put(f"areas/north/outages/o{number}", {"start_ms": start_ms, "end_ms": end_ms, "says": says, "extent": extent})
    silent = {"subject": "meter", "kind": "silent", "ts_ms": now_ms - 5_400_000, "says": "outage"}
    put("areas/north/signals/m-0000000002", silent)
    put("areas/north/signals/m-0000000003", {**silent, "kind": "back"})
    put("hubs/hub-1", {**hub_document(person.uid, world.now_s()), "areas": ["north"]})
    put("hubs/hub-2", {**hub_document("uid-50", world.now_s()), "name": "corner", "areas": ["north"], "silent_ms": 5})
    return person


def new_world(now_s: float = NOW_S) -> FakeWorld:
    """A world whose clock stands."""
    return FakeWorld(lambda: now_s)
