"""What people said of a home's alerts, as training takes it. Pure.

Only alerts of the model count: rules tell facts. A load that is muted is known, and says nothing for or against.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import pushes

RATED_DAYS = 90
MOST_RATED = 100  # alerts of that time, the newest: a night has to end
PER_YEAR = (3, 12, 48)  # false alerts that a home may choose: once a season, a month, a week
USUAL_PER_YEAR = 12
_STRICTEST = 8  # times fewer alerts than chosen, when nothing that was told was real
_FEWEST = 3  # ratings: fewer are a mood


@dataclass(frozen=True)
class Feedback:
    """Ratings of the last RATED_DAYS."""

    chosen_per_year: int = USUAL_PER_YEAR
    real: int = 0
    not_real: int = 0
    real_s: tuple[tuple[int, int], ...] = ()  # from when to when what was real lasted

    @property
    def precision_permille(self) -> int | None:
        """How many of a thousand rated alerts were real; None while too few are rated."""
        rated = self.real + self.not_real
        return round(1000 * self.real / rated) if rated >= _FEWEST else None

    @property
    def target_per_month(self) -> float:
        """False alerts a month that training aims at: what was chosen, or fewer while most of what is told is not real.

        People who are told more false alarms than true ones stop looking (Bliss 1993; Manzey et al. 2014).
        """
        chosen = self.chosen_per_year / 12
        if self.real + self.not_real < _FEWEST:
            return chosen
        return chosen * min(1.0, max(1 / _STRICTEST, (self.real + 1) / (self.not_real + 1)))

    def told(self) -> dict[str, Any]:
        """As `insight/model` keeps it."""
        rated = {"real": self.real, "not_real": self.not_real, "days": RATED_DAYS}
        return {
            "rated": rated,
            "precision_permille": self.precision_permille,
            "target_per_month": round(self.target_per_month, 3),
        }


def rated(alert: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a rated alert."""
    return {name: alert[name] for name in ("rating", "model_version", "kind", "channel", "start_ms", "end_ms")}


def of_alerts(alerts: Iterable[dict[str, Any]], profile: dict[str, Any], now_ms: int) -> Feedback:
    """From a home's newest alerts, or what is kept of them."""
    muted = {load for load, each in profile.get("mutes", {}).items() if each["until_ms"] > now_ms}
    rated = [
        alert
        for alert in alerts
        if alert["model_version"] > 0 and alert["rating"] != "none" and pushes.load_of(alert) not in muted
    ]
    real = [alert for alert in rated if alert["rating"] == "real"]
    ends = ((alert, now_ms if alert["end_ms"] is None else alert["end_ms"]) for alert in real)
    return Feedback(
        chosen_per_year=profile.get("false_alerts_per_year", USUAL_PER_YEAR),
        real=len(real),
        not_real=len(rated) - len(real),
        real_s=tuple(sorted((alert["start_ms"] // 1000, end_ms // 1000) for alert, end_ms in ends)),
    )
