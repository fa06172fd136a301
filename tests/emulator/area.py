"""An area of simulated houses in the functions, on the emulator: its clock is set, its tasks run when they are due."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.cloud import firestore

from contract import documents, ledger, wire
from dev.actors import Json
from dev.stack import Stack
from sunmeter import absence, areas, containment, reconcile
from sunmeter.domain import downlinks, presence
from tests.emulator.inprocess import Functions
from tests.emulator.world import EACH, database, master_key, quarter
from tests.unit.functions.street import Fault, House, HubPlan, Post, Street

MINUTE_MS = 60_000
TASKS = {
    areas.QUEUE: absence.watch_area,
    containment.SHED_QUEUE: containment.shed_homes,
    containment.SWITCH_QUEUE: containment.switch,
}


@dataclass
class Area:
    """One area, written straight into the database; what happens in it goes through the functions."""

    functions: Functions
    houses: list[House]
    name: str
    doubled: bool = False  # every task runs twice
    registers: dict[str, ledger.Registers] = field(default_factory=dict)
    looked_ms: int = 0

    @staticmethod
    def built(stack: Stack, name: str, houses: Sequence[House], hubs: Sequence[HubPlan], start_ms: int) -> Area:
        db, master = database(stack), master_key(stack)
        for start in range(0, len(houses), 100):
            batch = db.batch()
            for house in houses[start : start + 100]:
                for path, fields in settled(house, name, master, start_ms).items():
                    batch.set(db.document(path), fields)
            batch.commit()
        for plan in hubs:
            of = {house.meter: health(start_ms) for house in houses if house.hub == plan.hub}
            fields = {"owner": owner(plan.home), "version": "0.1.0", "meters": of, "last_ms": start_ms, "queue": 0}
            due_ms = presence.due_ms(start_ms, len(of), in_area=True)
            db.document(documents.hub(plan.hub)).set({**fields, "revoked": False, "name": plan.hub, "due_ms": due_ms})
        functions = Functions(db, hubs[0].hub, master, start_ms)
        areas.refresh(functions.cloud, name)
        return Area(functions, list(houses), name, looked_ms=start_ms)

    def plays(self, street: Street, until_s: int, start_ms: int) -> None:
        for post in street.play(until_s):
            self.passes(post.at_ms)
            self.hears(post)
        self.passes(start_ms + until_s * 1000)

    def hears(self, post: Post) -> list[Json]:
        self.functions.hub, self.functions.now_ms = post.hub, post.at_ms
        items = [self._item(word, post.at_ms) for word in post.words]
        results: list[Json] = self.functions.send(items).get_json()["results"]
        assert all(result["ok"] for result in results), results
        return results

    def passes(self, until_ms: int) -> None:
        """Time goes on: tasks run when they are due, hubs are looked for each minute."""
        functions = self.functions
        while True:
            due = {key: task for key, task in functions.tasks.items() if task.queue in TASKS}
            moments = {key: task.at_ms or functions.now_ms for key, task in due.items()}
            next_ms = min([self.looked_ms + MINUTE_MS, *moments.values()])
            if next_ms > until_ms:
                functions.now_ms = max(functions.now_ms, until_ms)
                return
            functions.now_ms = max(functions.now_ms, next_ms)
            if next_ms >= self.looked_ms + MINUTE_MS:
                self.looked_ms = next_ms
                absence.watch(functions.cloud)
                continue
            key = min(moments, key=lambda each: (moments[each], each))
            task = functions.tasks.pop(key)
            for _ in range(1 + self.doubled):
                TASKS[task.queue](task.data, functions.cloud)
            functions.spent.add(key)

    def outages(self) -> list[Json]:
        found = self.functions.db.collection(f"areas/{self.name}/outages").stream()
        return sorted((each.to_dict() or {} for each in found), key=lambda outage: outage["start_ms"])

    def signal(self, name: str) -> Json:
        return self.functions.db.document(documents.signal(self.name, name)).get().to_dict() or {}

    def alerts(self, home: str, kind: str = "outage") -> list[Json]:
        found = self.functions.db.collection(f"homes/{home}/alerts").stream()
        return [alert for each in found if (alert := each.to_dict() or {})["kind"] == kind]

    def commands(self, meter: str) -> list[Json]:
        """What waits for a meter, unsealed."""
        downlink = self.functions.db.document(documents.downlink(meter)).get().to_dict() or {}
        signer = wire.Signer(wire.meter_key(self.functions.master_key, meter, 1))
        return [json.loads(wire.unseal(signer, meter, wire.COMMAND, each["blob"])) for each in downlink["commands"]]

    def config(self, meter: str) -> Json:
        downlink = self.functions.db.document(documents.downlink(meter)).get().to_dict() or {}
        signer = wire.Signer(wire.meter_key(self.functions.master_key, meter, 1))
        config: Json = json.loads(wire.unseal(signer, meter, wire.CONFIG, downlink["config"]))
        return config

    def reconciles(self) -> None:
        reconcile.run(self.functions.cloud)

    def _item(self, word: tuple[Any, ...], at_ms: int) -> Json:
        match word:
            case ("status", meter, state, since_ms):
                return {"type": "status", "meter": meter, "state": state, "since_ms": since_ms}
            case ("restart", meter, quarter_ms):
                return self._quarter(meter, quarter_ms, {"resets": ["power_on"]})
            case ("off", quarter_ms, seconds):
                hub = self.functions.hub
                meter = next(house.meter for house in self.houses if house.hub == hub)
                return self._quarter(meter, quarter_ms, {"offline_s": seconds}, rev=1)
            case ("beat", meters):
                told = {meter: health(at_ms) for meter in meters}
                return {"type": "heartbeat", "version": "0.1.0", "queue": 0, "meters": told}
        raise ValueError(word)

    def _quarter(self, meter: str, quarter_ms: int, evidence: Json, rev: int = 0) -> Json:
        """A quarter that was hardly measured, with that evidence."""
        regs0 = self.registers.get(meter, ledger.ZERO)
        regs1 = self.registers[meter] = regs0.plus(EACH)
        made = quarter(meter, quarter_ms // 1000, regs0, regs1, 100, rev=quarter_ms + rev).to_json()
        return {**made, "evidence": {**made["evidence"], **evidence}}


def health(at_ms: int) -> Json:
    return {"last_ms": at_ms, "firmware": 3, "model": 0}


def owner(home: str) -> str:
    return f"owner-of-{home}"


def settled(house: House, area: str, master: bytes, start_ms: int) -> dict[str, Json]:
    """A home with its meter as claiming leaves them."""
    uid, k_meter = owner(house.home), wire.meter_key(master, house.meter, 1)
    config = downlinks.sealed_json(k_meter, house.meter, wire.CONFIG, downlinks.default_config(1))
    period = {"home": house.home, "hub": house.hub, "from_s": 0}
    return {
        documents.home(house.home): {
            **{"name": house.home, "zone": "Europe/Paris", "currency": "EUR", "area": area, "budget": None},
            **{"member_uids": [uid], "roles": {uid: "owner"}, "hub": house.hub, "meter": house.meter},
            "created": dt.datetime.fromtimestamp(start_ms / 1000, dt.UTC),
        },
        documents.meter(house.meter): {**period, "assignment": 1, "key_version": 1, "state": "on", "label_used": True},
        documents.assignment(house.meter, "1"): {**period, "to_s": None},
        documents.downlink(house.meter): {
            **{"hub": house.hub, "home": house.home, "assignment": b"", "assignment_version": 1},
            **{"config": config, "config_version": 1, "model": None, "model_version": 0, "commands": []},
            **{"lease_until": dt.datetime(1970, 1, 1, tzinfo=dt.UTC), "lease_day": 0, "lease_used_ms": 0},
        },
    }


def power(homes: Iterable[str], from_s: int, to_s: int = 1 << 30) -> Fault:
    return Fault("power", frozenset(homes), from_s, to_s)


def last_quarter_ms(hours_ago: int) -> int:
    """A quarter's boundary that many hours before now: what happens in a test is never in the future."""
    now_s = int(dt.datetime.now(dt.UTC).timestamp())
    return (now_s // 900 * 900 - hours_ago * 3600) * 1000


def documents_of(db: firestore.Client, collection: str) -> dict[str, Json]:
    return {each.id: each.to_dict() or {} for each in db.collection(collection).stream()}
