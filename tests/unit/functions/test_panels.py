"""What a night says of the panels: the cause, since when, and its money under the home's tariff."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from bench._pv_losses import shading, trip
from sunmeter import panels
from sunmeter.contract import ledger
from sunmeter.domain import expectations, tariff, words
from sunmeter.learning.series import Hourly
from tests.unit.learning.test_health import START_S, roof

ZONE = "UTC"
HOME, DAY_S = roof(0.6), 86_400
LAST = ledger.day_of(dt.datetime.fromtimestamp(HOME.midnight_s - 1, dt.UTC).date(), ledger.zone_named(ZONE))
ZONES = {
    "kind": "zones",
    "price_micro": 200_000,
    "zones": [{"price_micro": 400_000, "from_min": 720, "to_min": 1440}],
}


def terms(bought_wh: float, **changes: Any) -> panels.Terms:
    told = {"valid_from": "2026-01-01", "import": ZONES, "export": {"kind": "flat", "price_micro": 100_000}, **changes}
    return panels.Terms(tariff.parse(told, "EUR"), {}, Hourly(START_S, HOME.load.wh * 0 + bought_wh))


def told(start_days: int, put: Any = trip, before: dict[str, Any] | None = None, bought_wh: float = 0.0) -> Any:
    pv = Hourly(START_S, put(HOME, HOME.midnight_s - start_days * DAY_S))
    return panels.told(pv, LAST, ZONE, terms(bought_wh), before)


def test_panels_that_are_well_say_so() -> None:
    assert panels.told(HOME.pv, LAST, ZONE, terms(0), None) == {"cause": "none", "status": "ready", "day": LAST.day}
    young = panels.told(HOME.pv.before(START_S + 10 * DAY_S), LAST, ZONE, terms(0), None)
    assert young["status"] == "learning"


def test_a_trip_is_told_with_its_day_its_hours_and_its_energy() -> None:
    found = told(2)
    first = dt.date.fromisoformat(LAST.day) - dt.timedelta(days=1)
    assert (found["cause"], found["since"], found["days"]) == ("trip", first.isoformat(), 2)
    assert set(range(11, 15)) <= set(found["hours"]) <= set(range(8, 18))
    assert 0 < found["lo_wh"] < found["lost_wh"] < found["hi_wh"]
    assert 0 < found["day_wh"] < found["lost_wh"]


def test_what_would_have_been_sold_is_worth_the_feed_in_and_what_was_bought_its_own_hour() -> None:
    sold, bought = told(2), told(2, bought_wh=100_000.0)
    assert sold["lost_micro"] == pytest.approx(sold["lost_wh"] * 100, rel=1e-3)
    assert 200 * bought["lost_wh"] < bought["lost_micro"] < 400 * bought["lost_wh"]
    part = told(2, bought_wh=200.0)
    assert sold["lost_micro"] < part["lost_micro"] < bought["lost_micro"]


def test_without_a_tariff_or_a_market_price_there_is_energy_and_no_money() -> None:
    pv = Hourly(START_S, trip(HOME, HOME.midnight_s - 2 * DAY_S))
    nobody = panels.Terms(None, {}, Hourly(START_S, HOME.load.wh))
    dynamic = terms(0, **{"import": {"kind": "dynamic", "price_micro": 0}})
    for asked in (nobody, dynamic):
        found = panels.told(pv, LAST, ZONE, asked, None)
        assert found["lost_wh"] > 0
        assert "lost_micro" not in found


def test_a_cause_that_stood_has_begun_when_it_began() -> None:
    before = {"cause": "shading", "since": "2026-06-20"}
    assert told(21, shading, before)["since"] == "2026-06-20"
    assert told(21, shading, {"cause": "soiling", "since": "2026-05-01"})["since"] > "2026-06-20"


def test_a_loss_stands_while_clouds_hide_whether_it_was_mended() -> None:
    before = told(21, shading)
    hidden = shading(HOME, HOME.midnight_s - 21 * DAY_S)
    hidden[-14 * 24 :] *= np.tile(np.linspace(0.1, 0.4, 24), 14)
    found = panels.told(Hourly(START_S, hidden), LAST, ZONE, terms(0), before)
    assert (found["cause"], found["lost_wh"], found["day_wh"]) == ("shading", before["lost_wh"], 0)
    assert panels.told(HOME.pv, LAST, ZONE, terms(0), before)["cause"] == "none"


def test_a_loss_is_an_alert_of_one_id_until_it_is_mended() -> None:
    first = told(21, shading)
    found = expectations.pv_loss(first, {"currency": "EUR"}, ledger.zone_named(ZONE))
    assert found is not None
    assert (found.id, found.kind, found.channel) == (f"pv_low-shading-{first['since']}", "pv_low", "pv_shading")
    assert (found.value, found.lost_micro, found.currency) == (first["lost_wh"], first["lost_micro"], "EUR")
    assert expectations.pv_loss({"cause": "none", "status": "ready"}, {}, ledger.zone_named(ZONE)) is None
    assert expectations.pv_loss({**first, "lost_wh": 500}, {}, ledger.zone_named(ZONE)) is None
    assert expectations.pv_loss(None, {}, ledger.zone_named(ZONE)) is None


@pytest.mark.parametrize("cause", ["trip", "shading", "soiling"])
def test_the_alert_tells_energy_and_money_in_both_languages(cause: str) -> None:
    alert = {
        "kind": "pv_low",
        "channel": f"pv_{cause}",
        "value": 12_340,
        "usual_lo": 9_000,
        "usual_hi": 16_000,
        "unit": "Wh",
    }
    english = words.sentence({**alert, "lost_micro": 3_100_000, "currency": "EUR"}, "Lake", "en")
    assert english.endswith("12.3 kWh (3.10 EUR), probably 9.0 to 16.0 kWh.")
    french = words.sentence({**alert, "lost_micro": 3_100_000, "currency": "EUR"}, "Lac", "fr")
    assert french.endswith("12,3 kWh (3,10 EUR), sans doute de 9,0 à 16,0 kWh.")
    assert "EUR" not in words.sentence(alert, "Lake", "en")
