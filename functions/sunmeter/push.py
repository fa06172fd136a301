"""An alert is told to the members of its home: on their devices, and by mail to those who asked for it."""

from dataclasses import dataclass
from typing import Any

from . import devices, log, mails, parts
from .alerts import PUSH_QUEUE
from .clients import Cloud
from .contract import documents
from .domain import fields, people, pushes, words
from .domain.people import Device, Person
from .domain.pushes import Notice, Outcome, Plan
from .store import Fields, Transaction


class NotAllReached(Exception):
    """Some devices could not be told now; Cloud Tasks tries again."""


@dataclass(frozen=True)
class Telling:
    """An alert of a home, and the people it is to be told."""

    home: str
    alert: str
    profile: Fields
    people: tuple[Person, ...]

    @property
    def path(self) -> str:
        return documents.alert(self.home, self.alert)


def send(data: Any, cloud: Cloud) -> None:
    """Task `sendpush`. Key: (alert, device) and (alert, person): each is told once, however often the task runs."""
    asked = fields.mapping(data)
    home, alert_id = fields.document_id(asked, "home"), fields.document_id(asked, "alert")
    alert = cloud.store.read(documents.alert(home, alert_id))
    if alert is None or alert["push"] != "pending":
        return
    profile = cloud.store.read(documents.home(home))
    if profile is None or (profile["area"] and parts.is_folded(cloud, home, alert_id, alert)):
        return
    telling = Telling(home, alert_id, profile, _people(cloud, profile["member_uids"]))
    alert, plan = cloud.store.transact(lambda transaction: _claim(transaction, telling, cloud.now_ms()))
    if alert is not None:
        _carry_out(cloud, telling, alert, plan)


def _people(cloud: Cloud, uids: list[str]) -> tuple[Person, ...]:
    profiles = cloud.store.read_all(map(documents.user, uids))
    return tuple(
        people.person_of(uid, profiles[documents.user(uid)], devices.of_person(cloud, uid)) for uid in sorted(uids)
    )


def _claim(transaction: Transaction, telling: Telling, now_ms: int) -> tuple[Fields | None, Plan]:
    """The alert, and what is now ours to do about it; (None, _) when nothing is left to do."""
    watch_path = documents.insight(telling.home, "watch")
    alert, watch = transaction.read(telling.path), transaction.read(watch_path) or {}
    if alert is None or alert["push"] != "pending":
        return None, Plan()
    plan = pushes.plan(telling.alert, alert, telling.people, telling.profile, watch, now_ms)
    if plan.push:
        transaction.update(telling.path, {"pushing": pushes.claimed(alert, plan.push, now_ms)})
    told = pushes.now_told(watch, plan, alert, telling.alert, now_ms)
    if told is not watch:
        transaction.set(watch_path, told)
    return alert, plan


def _carry_out(cloud: Cloud, telling: Telling, alert: Fields, plan: Plan) -> None:
    """Tells, writes at once what came of it, then mails; and sees to it that those who wait are told in time."""
    notices = [_notice(telling, alert, device) for device in plan.push]
    outcome = Outcome.of(list(plan.push), cloud.deliver(notices) if notices else [])

    def settle(mailed: list[str]) -> Fields:
        now_ms = cloud.now_ms()
        return cloud.store.transact(lambda each: _settle(each, telling.path, plan, outcome, mailed, now_ms))

    settled, mailed = settle([]), [person.uid for person in plan.mail]
    devices.forget(cloud, outcome.dead)
    for person in plan.mail:
        mails.write(cloud, telling.home, telling.profile, telling.alert, alert, person)
    if mailed:
        settled = settle(mailed)
    counts = {"sent": len(outcome.sent), "dead": len(outcome.dead), "busy": len(outcome.busy), "mailed": len(mailed)}
    log.info("told", home=telling.home, alert=telling.alert, push=settled["push"], **counts)
    if outcome.busy or settled["pushing"]:
        raise NotAllReached(f"{telling.home} {telling.alert}")
    if settled["due_ms"] is not None:
        key = f"{telling.home}-{telling.alert}-{settled['due_ms']}"
        cloud.enqueue(PUSH_QUEUE, key, {"home": telling.home, "alert": telling.alert}, settled["due_ms"])


def _settle(
    transaction: Transaction, path: str, plan: Plan, outcome: Outcome, mailed: list[str], now_ms: int
) -> Fields:
    """Writes what came of it, and returns what it wrote."""
    alert = transaction.read(path)
    if alert is None:
        return {"push": "none", "pushing": {}, "due_ms": None}
    settled = pushes.settled(alert, plan, outcome, mailed, now_ms)
    if any(alert[name] != now for name, now in settled.items()):
        transaction.update(path, settled)
    return settled


def _notice(telling: Telling, alert: Fields, device: Device) -> Notice:
    language = next(person.language for person in telling.people if person.uid == device.uid)
    return Notice(
        token=device.token,
        title=words.title(alert["kind"], language),
        body=words.sentence(alert, telling.profile["name"], language),
        data={"home": telling.home, "alert": telling.alert, "kind": alert["kind"]},
        tag=pushes.tag(telling.home, telling.alert),
    )
