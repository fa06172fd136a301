"""Whose meters these are: the documents one request needs to place what it brings, each read once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from . import queries
from .clients import Cloud
from .contract import documents, ledger
from .contract.refusal import Refusal
from .domain import periods
from .domain.periods import Assignment
from .store import Fields


@dataclass
class Directory:
    """Meters, their assignments and homes, as one request sees them."""

    cloud: Cloud
    meters: dict[str, Fields | None]
    homes: dict[str, Fields | None] = field(default_factory=dict)
    histories: dict[str, list[Assignment]] = field(default_factory=dict)

    @staticmethod
    def of(cloud: Cloud, meters: Iterable[str]) -> "Directory":
        paths = {documents.meter(meter): meter for meter in meters}
        found = cloud.store.read_all(paths)
        homes = {
            meter["home"]: documents.home(meter["home"]) for meter in found.values() if meter and meter.get("home")
        }
        profiles = cloud.store.read_all(homes.values())
        return Directory(
            cloud,
            meters={meter: found[path] for path, meter in paths.items()},
            homes={home: profiles[path] for home, path in homes.items()},
        )

    def home_at(self, meter: str, hub: str, start_s: int) -> str:
        """The home that a quarter of this meter goes to, coming from this hub.

        Refusals: unknown_meter, unassigned, not_your_meter, deleted.
        """
        stored = self.meters.get(meter)
        if stored is None or not periods.lies_in_the_past(stored, start_s):
            return self._existing(periods.home_for(periods.current(stored), hub))
        past = periods.at(self._history(meter), start_s)
        return self._existing(periods.home_for(past, hub, periods.successor(past, stored)))

    def home_now(self, meter: str, hub: str) -> str:
        """The home of this meter today, for its hub. Refusals as `home_at`."""
        return self._existing(periods.home_for(periods.current(self.meters.get(meter)), hub))

    def zone(self, home: str) -> ZoneInfo:
        return ledger.zone_named(self._home(home)["zone"])

    def tariff_rev(self, home: str) -> int:
        """The revision of the home's tariffs as this request saw it; 0: it has none."""
        return int(self._home(home).get("tariff_rev", 0))

    @property
    def in_area(self) -> bool:
        """Is one of the homes that this request concerned in an area?"""
        return any(home is not None and home["area"] is not None for home in self.homes.values())

    def area(self, home: str) -> str | None:
        """The area whose operator may know of the home's signals; None: nobody may."""
        area: str | None = self._home(home)["area"]
        return area

    def _existing(self, home: str) -> str:
        self._home(home)
        return home

    def _home(self, home: str) -> Fields:
        if home not in self.homes:
            self.homes[home] = self.cloud.store.read(documents.home(home))
        found = self.homes[home]
        if found is None:
            buried = self.cloud.store.read(documents.tombstone(home)) is not None
            raise Refusal("deleted" if buried else "unassigned", "meter")
        return found

    def _history(self, meter: str) -> list[Assignment]:
        if meter not in self.histories:
            found = self.cloud.store.find(queries.assignments_of(self.cloud.store.db, meter))
            self.histories[meter] = [periods.assignment_of(each.fields) for each in found]
        return self.histories[meter]
