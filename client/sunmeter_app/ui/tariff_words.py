"""A tariff in words."""

from ..model.tariff import Tariff
from ..speech import Speech


def lines(tariff: Tariff, currency: str, speech: Speech) -> list[str]:
    """What a kWh costs and earns; what is paid besides."""

    def price(price_micro: int) -> str:
        return speech.price(price_micro, currency)

    bought = speech.say(f"money.{tariff.kind}_words", price=price(tariff.price_micro), n=len(tariff.zones))
    sold = [] if tariff.export_micro is None else [speech.say("money.export_words", price=price(tariff.export_micro))]
    besides = []
    if tariff.standing_micro:
        besides.append(speech.say("money.standing_words", price=price(tariff.standing_micro)))
    if tariff.vat_ppm:
        besides.append(speech.say("money.vat_words", vat=speech.percent(tariff.vat_ppm / 1_000_000)))
    return [bought, " · ".join([*sold, *besides])]
