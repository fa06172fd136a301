"""Golden vectors of amounts and prices, and of the columns that hold them."""

import json
from pathlib import Path
from typing import Any

import pytest

from contract import documents, money

VECTORS = json.loads((Path(money.__file__).parent / "vectors" / "money.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["amounts"], ids=str)
def test_an_amount_is_energy_times_price_rounded_once(vector: dict[str, Any]) -> None:
    assert money.amount_micro(vector["energy_mwh"], vector["price_micro"]) == vector["micro"]


@pytest.mark.parametrize("vector", VECTORS["prices"], ids=str)
def test_a_gross_price_is_the_net_one_with_its_vat(vector: dict[str, Any]) -> None:
    assert money.with_vat(vector["net_micro"], vector["vat_ppm"]) == vector["gross_micro"]


def test_price_columns_hold_prices_of_any_currency_and_sign_and_none() -> None:
    prices = [0, -30_000, 2 * 10**12, None, -(2 * 10**12), 251_600]
    for column in (*documents.PRICE_COLUMNS.values(), *documents.SPOT_COLUMNS.values()):
        assert documents.unpack(column, documents.pack(column, prices)) == prices
