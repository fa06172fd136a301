"""A hub that sends spoilt requests over HTTP, and keeps book of what the functions accepted of them."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests

import contract.ledger
from contract.documents import DAY_COLUMNS
from dev.actors import Json
from sunmeter.contract import ledger
from sunmeter.contract.ledger import Interval
from sunmeter.domain import days
from sunmeter.domain.days import Day
from tests.emulator.world import ZONE, World, days_ago, event
from tests.unit.functions.fuzzing import EVIDENCE, flipped
from tests.unit.functions.test_money_junk import spoilt

DAYS = 3
MOST_ITEMS = 6
TIMEOUT_S = 60


@dataclass
class Spoiling:
    """Requests from a seed; the days that must come of what was accepted."""

    world: World
    seed: int
    statuses: Counter[int] = field(default_factory=Counter)
    accepted: int = 0
    refused: int = 0
    unnamed: int = 0  # answers and results without a code
    wanted: dict[str, Day] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._session = requests.Session()
        self._good = [
            self._with_evidence(each) for ago in range(2, 2 + DAYS) for each in self.world.quarters(days_ago(ago))
        ]

    def once(self) -> None:
        """One request, and what the functions make of it."""
        items = [self._item() for _ in range(self._chance.randrange(1, MOST_ITEMS))]
        body = json.dumps({"v": 1, "sent_ms": 1, "items": items}, default=repr).encode()
        whole = self._chance.random() < 0.75
        answer = self._post(gzip.compress(body, 1) if whole else self._spoilt_bytes(body))
        self.statuses[answer.status_code] += 1
        told = answer.json()
        if answer.status_code != 200:
            self.unnamed += not told.get("code")
            return
        # Turned bits may leave a request that can be read: only what we know to have been sent is kept book of.
        sent = items if whole else []
        self._keep_book(sent, told["results"])

    def days_amiss(self) -> list[str]:
        """Days that are not, column by column, what was accepted."""
        return [day for day, wanted in self.wanted.items() if not self._is_stored(day, wanted)]

    def _is_stored(self, day: str, wanted: Day) -> bool:
        stored = self.world.db.document(f"homes/{self.world.home}/days/{day}").get().to_dict()
        return stored is not None and all(stored["columns"][name] == wanted.columns[name] for name in DAY_COLUMNS)

    def _item(self) -> Any:
        good: Json = self._chance.choice(self._good)
        match self._chance.randrange(10):
            case 0 | 1 | 2 | 3:
                return {**good, "rev": self._chance.randrange(1 << 40)}
            case 4 | 5 | 6:
                return spoilt(good, self._chance)
            case 7:
                return spoilt(event(self.world.meter), self._chance)
            case 8:
                return spoilt(
                    {"type": "status", "meter": self.world.meter, "state": "back", "since_ms": 5}, self._chance
                )
        return spoilt({"type": "heartbeat", "version": "1", "queue": 0, "meters": {}, "damaged_ms": 0}, self._chance)

    def _spoilt_bytes(self, body: bytes) -> bytes:
        """Not readable as a whole: a body that is would store what nobody keeps book of."""
        packed = flipped(gzip.compress(body, 1), self._chance)
        try:
            json.loads(gzip.decompress(packed))
        except Exception:
            return packed
        return packed[: len(packed) // 2]

    def _keep_book(self, items: list[Any], results: list[Json]) -> None:
        assert len(items) == len(results)
        for item, result in zip(items, results, strict=True):
            if not result["ok"]:
                self.refused += 1
                self.unnamed += not result.get("code")
                continue
            self.accepted += 1
            if item["type"] == "interval":
                self._merge(ledger.parse_interval(json.loads(json.dumps(item, default=repr))))

    def _merge(self, interval: Interval) -> None:
        local = ledger.local_day(interval.start_s, ledger.zone_named(ZONE))
        day = self.wanted.get(local.day) or days.empty(local, ZONE)
        self.wanted[local.day] = days.merge(day, [interval])

    def _with_evidence(self, interval: contract.ledger.Interval) -> Json:
        return {**interval.to_json(), "evidence": {"edges": "measured", **EVIDENCE}}

    def _post(self, body: bytes) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.world.hub.id_token()}", "Content-Type": "application/json"}
        return self._session.post(
            self.world.stack.function_url("ingest"), data=body, headers=headers, timeout=TIMEOUT_S
        )
