"""Tariffs from outside: what is taken, and what is refused under which name."""

from typing import Any

import pytest

from sunmeter.contract.refusal import Refusal
from sunmeter.domain import spot, tariff

NIGHT = {"price_micro": 180_000, "from_min": 1320, "to_min": 360}
GOOD: dict[str, Any] = {
    "valid_from": "2026-02-01",
    "name": "Day and night",
    "currency": "EUR",
    "import": {"kind": "zones", "price_micro": 270_000, "zones": [NIGHT, {"price_micro": 1, "months": [12, 1]}]},
    "export": {"kind": "dynamic", "price_micro": -5_000},
    "standing_micro": 400_000,
    "energy_tax_micro": 22_500,
    "vat_ppm": 200_000,
    "co2_g_per_kwh": 56,
}


def with_import(**rate: Any) -> dict[str, Any]:
    return {**GOOD, "import": {**GOOD["import"], **rate}}


def with_zone(**zone: Any) -> dict[str, Any]:
    return with_import(zones=[NIGHT, {**NIGHT, **zone}])


def test_a_tariff_is_read_back_from_its_document_as_it_was() -> None:
    found = tariff.parse(GOOD, "EUR")
    assert tariff.read(tariff.write(found)) == found
    assert found.series == {"export"}


def test_what_is_not_said_costs_nothing_and_holds_always() -> None:
    found = tariff.parse({"valid_from": "2026-02-01", "import": {"kind": "flat", "price_micro": 1}}, "EUR")
    assert (found.standing_micro, found.vat_ppm, found.energy_tax_micro, found.sells) == (0, 0, 0, None)
    assert found.currency == "EUR"


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (None, "malformed", ""),
        ([], "malformed", ""),
        ({**GOOD, "valid_from": None}, "malformed", "valid_from"),
        ({**GOOD, "valid_from": "1.2.2026"}, "malformed", "valid_from"),
        ({**GOOD, "valid_from": "2026-02-30"}, "out_of_range", "valid_from"),
        ({**GOOD, "currency": "CHF"}, "out_of_range", "currency"),
        ({**GOOD, "name": "x" * 61}, "out_of_range", "name"),
        ({**GOOD, "name": 5}, "malformed", "name"),
        ({**GOOD, "standing_micro": 0.4}, "malformed", "standing_micro"),
        ({**GOOD, "standing_micro": -1}, "out_of_range", "standing_micro"),
        ({**GOOD, "vat_ppm": 20.0}, "malformed", "vat_ppm"),
        ({**GOOD, "vat_ppm": 1_000_001}, "out_of_range", "vat_ppm"),
        ({**GOOD, "energy_tax_micro": True}, "malformed", "energy_tax_micro"),
        ({**GOOD, "co2_g_per_kwh": -1}, "out_of_range", "co2_g_per_kwh"),
        ({**GOOD, "import": None}, "malformed", "import"),
        ({**GOOD, "import": 0.25}, "malformed", "import"),
        ({**GOOD, "export": "none"}, "malformed", "export"),
        (with_import(kind="cheap"), "out_of_range", "import.kind"),
        (with_import(price_micro="0.27"), "malformed", "import.price_micro"),
        (with_import(price_micro=10**13), "out_of_range", "import.price_micro"),
        (with_import(kind="flat"), "out_of_range", "import.zones"),
        (with_import(zones=[]), "out_of_range", "import.zones"),
        (with_import(zones={}), "malformed", "import.zones"),
        (with_import(zones=[NIGHT] * 25), "too_many", "import.zones"),
        (with_import(zones=[NIGHT, 3]), "malformed", "import.zones.1"),
        (with_import(kind="dynamic", series="spot"), "out_of_range", "import.series"),
        (with_zone(price_micro=None), "malformed", "import.zones.1.price_micro"),
        (with_zone(from_min=1315.0), "malformed", "import.zones.1.from_min"),
        (with_zone(from_min=10), "out_of_range", "import.zones.1.from_min"),
        (with_zone(from_min=1440), "out_of_range", "import.zones.1.from_min"),
        (with_zone(to_min=1500), "out_of_range", "import.zones.1.to_min"),
        (with_zone(to_min=1320), "out_of_range", "import.zones.1.to_min"),
        (with_zone(months=[]), "out_of_range", "import.zones.1.months"),
        (with_zone(months=[13]), "out_of_range", "import.zones.1.months"),
        (with_zone(weekdays=[0]), "out_of_range", "import.zones.1.weekdays"),
        (with_zone(weekdays="Mo"), "malformed", "import.zones.1.weekdays"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name(raw: Any, code: str, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        tariff.parse(raw, "EUR")
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_tariff_holds_until_the_next_begins() -> None:
    ids = ["2026-01-01", "2026-07-01"]
    assert [tariff.valid_on(day, ids) for day in ("2025-12-31", "2026-01-01", "2026-06-30", "2026-07-01")] == [
        None,
        "2026-01-01",
        "2026-01-01",
        "2026-07-01",
    ]
    assert tariff.last_day_of("2026-01-01", ids) == "2026-06-30"
    assert tariff.last_day_of("2026-07-01", ids) is None


@pytest.mark.parametrize(
    ("told", "code", "field"),
    [
        ({}, "malformed", "start_s"),
        ({"start_s": 1_795_305_601, "prices_micro": [1]}, "out_of_range", "start_s"),
        ({"start_s": 1, "prices_micro": [1]}, "out_of_range", "start_s"),
        ({"start_s": 1_795_305_600, "step_s": 1200, "prices_micro": [1]}, "out_of_range", "step_s"),
        ({"start_s": 1_795_305_600, "step_s": 60, "prices_micro": [1]}, "out_of_range", "step_s"),
        ({"start_s": 1_795_305_600, "series": "x", "prices_micro": [1]}, "out_of_range", "series"),
        ({"start_s": 1_795_305_600}, "malformed", "prices_micro"),
        ({"start_s": 1_795_305_600, "prices_micro": []}, "out_of_range", "prices_micro"),
        ({"start_s": 1_795_305_600, "prices_micro": [1] * 9001}, "too_many", "prices_micro"),
        ({"start_s": 1_795_305_600, "prices_micro": [1, 0.5]}, "malformed", "prices_micro.1"),
        ({"start_s": 1_795_305_600, "prices_micro": [1, None, 10**13]}, "out_of_range", "prices_micro.2"),
    ],
)
def test_prices_that_are_wrong_are_refused_by_their_place(told: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        spot.parse(told)
    assert (refused.value.code, refused.value.field) == (code, field)
