"""Tariffs as their documents hold them, and as they are typed. Prices are micro per kWh, net of the tariff's VAT."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..contract.rates import Zone
from . import fields as read
from . import typed
from .typed import Draft

FLAT, ZONES, DYNAMIC = "flat", "zones", "dynamic"
KINDS = (FLAT, ZONES, DYNAMIC)
MOST_ZONES = 24
ALL_WEEK, WORKDAYS, WEEKEND = "all", "workdays", "weekend"
WEEKDAYS = {ALL_WEEK: (1, 2, 3, 4, 5, 6, 7), WORKDAYS: (1, 2, 3, 4, 5), WEEKEND: (6, 7)}
EVERY_MONTH = tuple(range(1, 13))
DAY_MIN = 1440
OTHER_DAYS = "other"  # a choice of days that was not made here; it stays as it is


@dataclass(frozen=True)
class Tariff:
    """What a supplier asks and pays, from a day on."""

    id: str  # the first day, YYYY-MM-DD
    name: str
    kind: str
    price_micro: int
    zones: tuple[Zone, ...]
    export_micro: int | None  # None: nothing is paid for what is exported
    standing_micro: int
    vat_ppm: int
    document: Mapping[str, Any] = field(repr=False, compare=False)  # whole: what is not shown must not be lost


def tariff_from(path: str, found: read.Fields) -> Tariff | None:
    """Reads `tariffs/{id}`; None where it has no price."""
    bought, sold = read.mapping(found, "import"), read.mapping(found, "export")
    price_micro = read.whole(bought, "price_micro")
    if price_micro is None:
        return None
    return Tariff(
        id=path.rpartition("/")[2],
        name=read.text(found, "name") or "",
        kind=read.text(bought, "kind") or FLAT,
        price_micro=price_micro,
        zones=tuple(_zone(each) for each in bought.get("zones") or () if isinstance(each, Mapping)),
        export_micro=read.whole(sold, "price_micro"),
        standing_micro=read.whole(found, "standing_micro") or 0,
        vat_ppm=read.whole(found, "vat_ppm") or 0,
        document=found,
    )


def _zone(found: read.Fields) -> Zone:
    to_min = read.whole(found, "to_min")
    return Zone(
        price_micro=read.whole(found, "price_micro") or 0,
        months=tuple(found.get("months") or EVERY_MONTH),
        weekdays=tuple(found.get("weekdays") or WEEKDAYS[ALL_WEEK]),
        from_min=read.whole(found, "from_min") or 0,
        to_min=DAY_MIN if to_min is None else to_min,
    )


def newest_first(found: Mapping[str, read.Fields]) -> tuple[Tariff, ...]:
    every = (tariff_from(path, document) for path, document in found.items())
    return tuple(sorted((each for each in every if each is not None), key=lambda each: each.id, reverse=True))


def in_force(tariffs: Sequence[Tariff], day: str) -> Tariff | None:
    """The tariff of a day, of tariffs with the newest first."""
    return next((each for each in tariffs if each.id <= day), None)


# --- as it is typed --------------------------------------------------------------------------------------------------


@dataclass
class ZoneDraft:
    price: Draft = field(default_factory=Draft)
    begins: Draft = field(default_factory=lambda: Draft("22:00"))
    ends: Draft = field(default_factory=lambda: Draft("06:00"))
    days: str = ALL_WEEK
    document: Mapping[str, Any] = field(default_factory=dict)

    def told(self, place: int) -> dict[str, Any]:
        """As `settariff` takes it. Raises Problem."""
        days = {} if self.days == OTHER_DAYS else {"weekdays": list(WEEKDAYS[self.days])}
        where = f"zones.{place}"
        return {
            **self.document,
            "price_micro": typed.micro(self.price.text, f"{where}.price"),
            "from_min": typed.minute(self.begins.text, f"{where}.from") % DAY_MIN,
            "to_min": typed.minute(self.ends.text, f"{where}.to"),
            **days,
        }


@dataclass
class TariffDraft:
    """A tariff that is being typed; `document` holds what the form does not show."""

    valid_from: Draft
    name: Draft = field(default_factory=Draft)
    kind: str = FLAT
    price: Draft = field(default_factory=Draft)
    zones: list[ZoneDraft] = field(default_factory=list)
    export: Draft = field(default_factory=Draft)  # "": nothing is paid
    standing: Draft = field(default_factory=Draft)
    tax: Draft = field(default_factory=Draft)
    vat: Draft = field(default_factory=Draft)
    document: Mapping[str, Any] = field(default_factory=dict)

    def choose(self, kind: str) -> None:
        self.kind = kind
        if kind == ZONES and not self.zones:
            self.zones.append(ZoneDraft())

    def told(self) -> dict[str, Any]:
        """The tariff as `settariff` takes it. Raises Problem naming the field."""
        document = {name: self.document[name] for name in ("currency", "co2_g_per_kwh") if name in self.document}
        return {
            **document,
            "valid_from": typed.day(self.valid_from.text, "valid_from"),
            "name": self.name.text.strip(),
            "import": self._bought(),
            "export": self._sold(),
            "standing_micro": typed.micro(self.standing.text or "0", "standing"),
            "energy_tax_micro": typed.micro(self.tax.text or "0", "tax"),
            "vat_ppm": typed.ppm(self.vat.text, "vat"),
        }

    def _bought(self) -> dict[str, Any]:
        base = read.mapping(self.document, "import") if self.kind == DYNAMIC else {}
        rate = {**base, "kind": self.kind, "price_micro": typed.micro(self.price.text, "price")}
        zones = [each.told(place) for place, each in enumerate(self.zones)] if self.kind == ZONES else None
        return {**rate, "zones": zones} if zones is not None else rate

    def _sold(self) -> dict[str, Any] | None:
        if not self.export.text.strip():
            return None
        base = read.mapping(self.document, "export") or {"kind": FLAT}
        return {**base, "price_micro": typed.micro(self.export.text, "export")}


def draft_of(tariff: Tariff | None, valid_from: str) -> TariffDraft:
    """A form filled with a tariff, or an empty one."""
    if tariff is None:
        return TariffDraft(Draft(valid_from))
    tax_micro = read.whole(tariff.document, "energy_tax_micro") or 0
    zones = tariff.document.get("import", {}).get("zones") or ()
    return TariffDraft(
        valid_from=Draft(valid_from),
        name=Draft(tariff.name),
        kind=tariff.kind,
        price=Draft(typed.of_micro(tariff.price_micro)),
        zones=[_zone_draft(zone, found) for zone, found in zip(tariff.zones, zones, strict=False)],
        export=Draft("" if tariff.export_micro is None else typed.of_micro(tariff.export_micro)),
        standing=Draft(typed.of_micro(tariff.standing_micro) if tariff.standing_micro else ""),
        tax=Draft(typed.of_micro(tax_micro) if tax_micro else ""),
        vat=Draft(typed.of_ppm(tariff.vat_ppm) if tariff.vat_ppm else ""),
        document=tariff.document,
    )


def _zone_draft(zone: Zone, found: read.Fields) -> ZoneDraft:
    begins, ends = typed.of_minute(zone.from_min), typed.of_minute(zone.to_min)
    days = next((name for name, days in WEEKDAYS.items() if days == zone.weekdays), OTHER_DAYS)
    return ZoneDraft(Draft(typed.of_micro(zone.price_micro)), Draft(begins), Draft(ends), days, found)
