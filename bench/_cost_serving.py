"""What it costs that people look at the app: as a static site on Firebase Hosting, and in web-server mode on Cloud Run.

Arithmetic over measured figures (`make bench NAME=app`) and list prices, without any free tier; no project was billed.
The documents themselves cost the same either way, but for how often they are read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench._prices import DAYS, EGRESS_USD_PER_GIB, GIB, GIB_USD_PER_S, MONTHS, READ_USD, VCPU_USD_PER_S

# Hosting: as others quote its list prices in 2026; Google's own page (firebase.google.com/pricing) was not read.
HOSTED_USD_PER_GB, HOSTED_STORED_USD_PER_GB_MONTH, GB = 0.15, 0.026, 1e9
MB = 1e6
SIZES = (1, 100, 10_000, 1_000_000)


@dataclass(frozen=True)
class Looking:
    """Assumed: how people of one home use the app."""

    minutes_a_day: float = 10.0  # a tab that is looked at
    hours_of_day: float = 6.0  # in which all of it falls, evenly: the fewer, the more look at once
    full_loads_a_year: float = 12.0  # a new browser, an emptied cache, a new version

    @property
    def hours_a_year(self) -> float:
        return self.minutes_a_day / 60 * DAYS

    def at_once(self, homes: float) -> float:
        """Tabs that are looked at at the same time, in those hours, on average."""
        return homes * self.minutes_a_day / 60 / self.hours_of_day


@dataclass(frozen=True)
class Served:
    """Measured: what a tab takes. Reads by client/README.md's arithmetic."""

    site_mb: float = 13.8  # a full load of the static site, over the line
    site_on_disk_mb: float = 60.0
    site_reads_per_hour: float = 6_000.0  # it looks again and again
    server_mb: float = 5.6  # a full load in web-server mode
    server_reads_per_hour: float = 1_800.0  # a live reading every 2 s; all else changes seldom
    server_bytes_per_s: float = 230.0  # of a live tab's socket
    cpu_per_session: float = 0.095 / 50  # of a core
    mb_per_session: float = 0.84


@dataclass(frozen=True)
class Instance:
    """Assumed: what Cloud Run runs, billed as long as any tab is open at it; at rest there is none."""

    cpu: float = 1.0
    memory_gib: float = 1.0  # a process of some 150 MB and its sessions
    most_visits: int = 400  # SUNMETER_MOST_VISITS

    @property
    def usd_per_hour(self) -> float:
        return 3600 * (self.cpu * VCPU_USD_PER_S + self.memory_gib * GIB_USD_PER_S)


def hosting_usd(homes: float, looking: Looking, served: Served) -> float:
    """One home's year on Hosting, the site's storage shared by all."""
    moved = looking.full_loads_a_year * served.site_mb * MB / GB * HOSTED_USD_PER_GB
    read = looking.hours_a_year * served.site_reads_per_hour * READ_USD
    stored = served.site_on_disk_mb * MB / GB * HOSTED_STORED_USD_PER_GB_MONTH * MONTHS / homes
    return moved + read + stored


def server_usd(homes: float, looking: Looking, served: Served, instance: Instance) -> float:
    """One home's year in web-server mode."""
    live = looking.hours_a_year * 3600 * served.server_bytes_per_s
    moved = (looking.full_loads_a_year * served.server_mb * MB + live) / GIB * EGRESS_USD_PER_GIB
    read = looking.hours_a_year * served.server_reads_per_hour * READ_USD
    hours = looking.hours_of_day * DAYS * instances_open(looking.at_once(homes), instance.most_visits)
    return moved + read + hours * instance.usd_per_hour / homes


def instances_open(tabs: float, each: int) -> float:
    """Instances that are billed on average, where so many tabs are open on average, each at a time of its own.

    Tabs come by Poisson: below a few hundred mostly none or one instance is open; above, as many as hold the mean and
    three standard deviations, for Cloud Run does not move a tab from one to another.
    """
    if tabs + 3 * math.sqrt(tabs) <= each:
        return 1 - math.exp(-tabs)
    return (tabs + 3 * math.sqrt(tabs)) / each


def tell(looking: Looking | None = None, served: Served | None = None, instance: Instance | None = None) -> None:
    """Prints both beside each other, and what was assumed."""
    looking, served, instance = looking or Looking(), served or Served(), instance or Instance()
    print(
        f"the app, looked at for {looking.minutes_a_day:.0f} min a day and home, within {looking.hours_of_day:.0f} h:"
    )
    for homes in SIZES:
        site, server = hosting_usd(homes, looking, served), server_usd(homes, looking, served, instance)
        instances = instances_open(looking.at_once(homes), instance.most_visits)
        print(
            f"{homes:10,} homes: Hosting ${site:.2f}, server ${server:.2f} a home and year; {instances:.2f} instances"
        )


if __name__ == "__main__":
    tell()
