"""What a night takes of a home, from what the night before kept and from what changed since.

A usual night reads the kept copies, the running month, and the days that are over since they were written: at most 30
documents with all else it looks at. Where a copy is missing, of another version, or many days changed, it reads more:
`days_read` and `rebuilt` say so. A usual night writes one copy at most; what is not written is read once more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from . import queries, rollup
from .clients import Cloud
from .contract import documents
from .domain import feedback, kept, months
from .store import Fields

MINUTES, MONTHS, PRICES, RATINGS = COPIES = "minutes", "months", "prices", "ratings"  # the dearest to read first


@dataclass
class Gathering:
    """What was taken of a home, and what is to be kept for the next night."""

    cloud: Cloud
    home: str
    day: str
    before: Mapping[str, Fields | None]  # what the last night kept, by name; None: nothing
    days_read: int = 0
    _worth: dict[str, Fields] = field(default_factory=dict)  # what is worth keeping, by name

    @property
    def rebuilt(self) -> list[str]:
        """The copies that are made anew."""
        return [name for name in COPIES if name in self._worth and self._kept(name) is None]

    @property
    def after(self) -> dict[str, Fields]:
        """What to keep for the next night, by path: what is made anew, and one copy of those that were there."""
        renewed = [name for name in COPIES if name in self._worth and self._kept(name) is not None]
        return {documents.kept(self.home, name): self._worth[name] for name in (*self.rebuilt, *renewed[:1])}

    def months_and_days(self) -> tuple[list[Fields], list[Fields]]:
        """The year's months; and the days that a model is trained on, the last one as it is stored. Oldest first.

        A month that was not told of the last day is told now: its trigger was lost.
        """
        by_month = self._monthly(MONTHS)
        days = self._days(by_month)
        if days and days[-1]["day"] == self.day:
            running = self.day[:7]
            if months.entry_rev(by_month.get(running), self.day) < days[-1]["rev"]:
                rollup.roll_up(self.cloud, self.home, self.day)
                month = self.cloud.store.read(documents.month(self.home, running))
                by_month |= {running: month} if month else {}
        return list(by_month.values()), days

    def prices(self) -> dict[str, Fields]:
        """The year's market prices, by month."""
        return self._monthly(PRICES)

    def _days(self, by_month: Mapping[str, Fields]) -> list[Fields]:
        stored = self._kept(MINUTES)
        found = self._days_found(stored, by_month)
        self.days_read = len(found)
        after = kept.with_days(stored, self.day, found)
        if kept.is_worth_writing(stored, after):
            self._worth[MINUTES] = after
        return [{"day": each, **minutes, **self._whole(each, found)} for each, minutes in after["days"].items()]

    def ratings(self) -> list[Fields]:
        """The rated alerts of the last months."""
        stored, now_ms = self._kept(RATINGS), self.cloud.now_ms()
        since_ms = kept.rated_from(stored, now_ms)
        newest = queries.alerts_rated_since(self.cloud.store.db, self.home, since_ms, feedback.MOST_RATED)
        waiting = {documents.alert(self.home, each): each for each in kept.still_open(stored)}
        found = {waiting[path]: alert for path, alert in self.cloud.store.read_all(waiting).items()}
        found |= {each.id: each.fields for each in self.cloud.store.find(newest)}
        after = kept.with_ratings(stored, now_ms, found)
        if after["alerts"] != (stored["alerts"] if stored else {}):
            self._worth[RATINGS] = after
        return list(after["alerts"].values())

    def _monthly(self, name: str) -> dict[str, Fields]:
        stored, db = self._kept(name), self.cloud.store.db
        if stored is None:
            wanted = queries.from_month(db, self.home, name, kept.first_month(self.day))
        else:
            wanted = queries.written_since(db, self.home, name, kept.seen_from(stored))
        found = {each.id: each.fields for each in self.cloud.store.find(wanted)}
        after = kept.with_months(stored, self.day, found, self.cloud.now_ms())
        if kept.has_old_news(stored, self.day, found):
            self._worth[name] = after
        return kept.up_to(after, self.day)

    def _days_found(self, stored: Fields | None, by_month: Mapping[str, Fields]) -> dict[str, Fields]:
        """The documents of the last day and of those that changed; of all days where none are kept."""
        if stored is None:
            first_day = kept.window(self.day)[0]
            days = self.cloud.store.find(queries.days_between(self.cloud.store.db, self.home, first_day, self.day))
            return {each.id: each.fields for each in days}
        wanted = {*kept.changed_days(stored, self.day, by_month), self.day}
        paths = {documents.day(self.home, each): each for each in wanted}
        found = self.cloud.store.read_all(paths)
        return {paths[path]: document for path, document in found.items() if document is not None}

    def _whole(self, day: str, found: Mapping[str, Fields]) -> Fields:
        """The document of the last day: more is asked of it than its minutes."""
        return found.get(day, {}) if day == self.day else {}

    def _kept(self, name: str) -> Fields | None:
        return kept.readable(self.before.get(name))
