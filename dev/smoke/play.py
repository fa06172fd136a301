"""What the smoke run plays: a recorded day laid onto yesterday, and what goes wrong on it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from dev.neighbourhood import ZONE, midnight_s
from dev.paths import data_dir
from twin.faults import Fault
from twin.ledger import Energy
from twin.people import demo_households
from twin.profile import Source
from twin.recordings import BadRecording, Recording, day_date, read_recording
from twin.replay import Replay, recorded_energy

HISTORY_DAYS = 28
LEAD_S = 1800  # played before midnight: the day itself then begins and ends within what the meter measured
HOUR_MS = 3_600_000
HEATER_W = 2500.0

# One zone without summer time for each hour of the Earth: the run takes the one in which midnight has just passed,
# since all of today up to now must be played too before the app can show live figures.
ZONES = (
    "Pacific/Tarawa",
    "Pacific/Noumea",
    "Australia/Brisbane",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Asia/Bangkok",
    "Asia/Dhaka",
    "Asia/Karachi",
    "Asia/Dubai",
    "Europe/Istanbul",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Abidjan",
    "Atlantic/Cape_Verde",
    "America/Noronha",
    "America/Sao_Paulo",
    "America/Santo_Domingo",
    "America/Bogota",
    "America/Costa_Rica",
    "America/Phoenix",
    "Pacific/Pitcairn",
    "Pacific/Gambier",
    "Pacific/Honolulu",
    "Pacific/Pago_Pago",
)
TODAY_AT_LEAST_S = 1800


@dataclass(frozen=True)
class Play:
    """What is played: a source whose day of interest lies on `day` in `zone`, and what goes wrong on it."""

    what: str
    source: Source
    zone: str
    day: date

    @property
    def from_s(self) -> int:
        """Local midnight at which the day begins."""
        return midnight_s(datetime.combine(self.day, datetime.min.time(), ZoneInfo(self.zone)), self.zone)

    @property
    def to_s(self) -> int:
        return midnight_s(datetime.combine(self.day, datetime.min.time(), ZoneInfo(self.zone)), self.zone, 1)

    @property
    def start_s(self) -> int:
        """When the houses begin to be played."""
        return self.from_s - LEAD_S

    def at_ms(self, hour: float) -> int:
        return int(self.from_s * 1000 + hour * HOUR_MS)

    @property
    def heater(self) -> Fault:
        return Fault("heater", self.at_ms(2), self.at_ms(4.5), HEATER_W)

    @property
    def faults(self) -> tuple[Fault, ...]:
        return (
            self.heater,
            Fault("hub", self.at_ms(9), self.at_ms(9.25)),
            self.power_cut,
            Fault("internet", self.at_ms(14), self.at_ms(16)),
            self.wifi_loss,
        )

    @property
    def power_cut(self) -> Fault:
        """Ten minutes, whole ones, amid one quarter of an hour."""
        start_ms = self.at_ms(11.5) + 2 * 60_000
        return Fault("power", start_ms, start_ms + 10 * 60_000)

    @property
    def wifi_loss(self) -> Fault:
        return Fault("wifi", self.at_ms(18), self.at_ms(19))

    @property
    def expected(self) -> Energy:
        """What was recorded for the day, by the minute, while the house had power; without the heater."""
        return self.expected_between(self.from_s, self.to_s)

    def expected_between(self, from_s: int, to_s: int) -> Energy:
        """The same from one minute to another."""
        profile = self.source.minutes(from_s, to_s)
        dark_from_s = min(max(self.power_cut.start_ms // 1000, from_s), to_s)
        dark_to_s = min(max(self.power_cut.end_ms // 1000, from_s), to_s)
        return recorded_energy(profile, from_s, to_s) - recorded_energy(profile, dark_from_s, dark_to_s)

    def house_w(self, from_s: int, to_s: int) -> float:
        """Mean power of the house from one minute to another, the heater's included."""
        heater_s = min(to_s, self.heater.end_ms / 1000) - max(from_s, self.heater.start_ms / 1000)
        house_wh = self.expected_between(from_s, to_s).house_wh + HEATER_W * max(heater_s, 0.0) / 3600
        return house_wh * 3600 / (to_s - from_s)


def play_of_environment(now: datetime) -> Play:
    """The recording of RECORDING, else UCI's, else a simulated family. Raises BadRecording or OSError."""
    default = data_dir() / "uci_minute_60d.csv.gz"
    spec = os.environ.get("RECORDING") or (str(default) if default.is_file() else None)
    if spec is None:
        yesterday = now.astimezone(ZoneInfo(ZONE)).date() - timedelta(days=1)
        what = f"a simulated family, for there are no recordings in {data_dir()}"
        return Play(what, demo_households(ZONE)[0], ZONE, yesterday)
    recording = read_recording(spec)
    zone = zone_past_midnight(now)
    yesterday = now.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    position = typical_day_after(recording, HISTORY_DAYS)
    what = f"{Path(spec).name}, {day_date(recording, position)}"
    return Play(what, Replay(recording, position, yesterday, zone), zone, yesterday)


def zone_past_midnight(now: datetime) -> str:
    """The zone in which the least of today is over, but for half an hour."""

    def over_s(zone: str) -> float:
        return (now.timestamp() - TODAY_AT_LEAST_S - midnight_s(now, zone)) % 86_400

    return min(ZONES, key=over_s)


def typical_day_after(recording: Recording, days: int) -> int:
    """The position of the complete day nearest to the typical one that has so many days of the recording before it."""
    typical = recording.typical_day()
    eligible = [position for position in recording.complete_days() if position >= days]
    if not eligible:
        raise BadRecording(Path(recording.name), 0, "", f"there is no complete day after the first {days}")
    return min(eligible, key=lambda position: abs(position - typical))
