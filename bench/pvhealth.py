"""Is something wrong with the panels? Losses put into real PV homes: `make bench NAME=pvhealth`.

Trips, shading and soiling are simulated in the hours of eight homes, each from several days of the year on, and told
from the hours alone. A cause counts as told when it is named on the day it is looked at; the error is that of the kWh
lost since it began. Clean recordings tell how often something is named for nothing. The peer knows no causes: it calls
a loss when the best day of a week gave less than 85 % of the best of the four weeks before, and takes the difference.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench._pv_losses import DAY_S, LOSSES, Loss, PvHome, pv_homes
from sunmeter.learning import health
from sunmeter.learning.series import HOUR_S, Floats

FIRST_DAY, EVERY_DAYS, CLEAN_EVERY_DAYS = 120, 23, 3
PEER_DAYS, PEER_BEFORE, PEER_PART = 7, 28, 0.85


@dataclass(frozen=True)
class Told:
    """What was said of one loss, beside the truth."""

    named: str  # "": nothing; "unknown": it could not be told
    lost_kwh: float
    true_kwh: float
    is_inside: bool  # the 80 % interval holds the truth
    peer_kwh: float | None  # None: the peer saw nothing


def told(home: PvHome, loss: Loss, start_s: int) -> Told:
    end_s = start_s + loss.days * DAY_S
    left = home.with_pv(loss.put(home, start_s))
    true_kwh = float(np.nansum((home.pv.wh - left.pv.wh)[: (end_s - home.pv.start_s) // HOUR_S])) / 1000
    peer_kwh = peer(left, end_s)
    found = health.findings(left.pv, end_s)
    if found is None:
        return Told("unknown", 0.0, true_kwh, False, peer_kwh)
    if not found:
        return Told("", 0.0, true_kwh, False, peer_kwh)
    inside = found[0].lo <= 1000 * true_kwh <= found[0].hi
    return Told(found[0].cause, found[0].lost_wh / 1000, true_kwh, inside, peer_kwh)


def peer(home: PvHome, end_s: int) -> float | None:
    """A fixed fraction of the best day: what it takes for lost in the last week [kWh]."""
    wh = home.pv.between(end_s - (PEER_DAYS + PEER_BEFORE) * DAY_S, end_s)
    daily: Floats = np.nansum(wh.reshape(-1, DAY_S // HOUR_S), axis=1)
    best, now = daily[:PEER_BEFORE].max(), daily[PEER_BEFORE:].max()
    return PEER_DAYS * float(best - now) / 1000 if now < PEER_PART * best else None


def midnights(home: PvHome, every: int, first: int = FIRST_DAY, spare: int = 0) -> Iterator[int]:
    for day in range(first, home.days - spare, every):
        yield home.midnight_s - (home.days - day) * DAY_S


def clean(known: list[PvHome]) -> dict[str, float]:
    """How often the recordings themselves are told to lose, by nights and by episodes in a home's year."""
    named: Counter[str] = Counter()
    nights = episodes = peers = 0
    for home in known:
        before = ""
        for end_s in midnights(home, CLEAN_EVERY_DAYS, 60):
            found = health.findings(home.pv, end_s)
            cause = found[0].cause if found else ""
            named[cause] += 1
            episodes += bool(cause) and cause != before
            peers += peer(home, end_s) is not None
            nights, before = nights + 1, cause
    years = nights * CLEAN_EVERY_DAYS / 365
    print(f"clean: {dict(named)} of {nights} nights, {episodes} episodes in {years:.1f} home-years; peer {peers}")
    return {
        "clean_nights_named": 1 - named[""] / nights,
        "clean_episodes_per_home_year": episodes / years,
        "clean_nights_peer": peers / nights,
    }


def summed(losses: list[Told], cause: str) -> dict[str, float]:
    """How much of a cause was told, and how well."""
    hits = [each for each in losses if each.named == cause]
    others = [each for each in losses if each.named not in ("", "unknown", cause)]
    seen = [abs(each.peer_kwh / each.true_kwh - 1) for each in losses if each.peer_kwh is not None]
    return {
        "told": len(hits) / len(losses),
        "other": len(others) / len(losses),
        "true_kwh": float(np.mean([each.true_kwh for each in losses])),
        "kwh_error": float(np.median([abs(each.lost_kwh / each.true_kwh - 1) for each in hits])),
        "in80": float(np.mean([each.is_inside for each in hits])),
        "peer_told": len(seen) / len(losses),
        "peer_kwh_error": float(np.median(seen)),
    }


def main() -> None:
    known = list(pv_homes())
    figures = clean(known)
    for loss in LOSSES:
        losses = [told(home, loss, at_s) for home in known for at_s in midnights(home, EVERY_DAYS, spare=loss.days)]
        row = summed(losses, loss.cause)
        print(f"{loss.cause:<9} {len(losses):>4} losses: " + ", ".join(f"{name} {of:.2f}" for name, of in row.items()))
        figures |= {f"{loss.cause}_{name}": of for name, of in row.items()}
    print(json.dumps({"name": "pvhealth", "figures": {name: round(of, 4) for name, of in figures.items()}}))


if __name__ == "__main__":
    main()
