"""Whom an alert still has to reach, by which way, and when. Pure.

A sender first claims its devices in the alert, then sends, then settles. Two tasks at once never tell a device twice;
what a sender that died had claimed is free again after CLAIM_MS, and sent again. So where an instance dies between
FCM's answer and our record a notice comes twice, and never not at all; the second replaces the first by their one tag.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

from . import alerts, kinds, quiet
from .kinds import HOUR_MS, Kind
from .people import Device, Person

CLAIM_MS = 120_000  # longer than a sending task may run
GIVE_UP_MS = 6 * HOUR_MS  # a device that could not be told for so long is left to the app
EARLY_MS = 2_000  # a task's clock may run ahead of ours
MOST_TOLD = 64  # cool-downs that a home remembers: a meter that invents channels fills no document
MAIL_COOL_DOWN_MS = 12 * HOUR_MS  # at least, between two mails on the same quantity
SENT, DEAD, BUSY, FAILED = "sent", "dead", "busy", "failed"


@dataclass(frozen=True)
class Notice:
    """A notification for one device."""

    token: str
    title: str
    body: str
    data: dict[str, str]
    tag: str  # a device shows one notice of a tag


@dataclass(frozen=True)
class Outcome:
    """What came of sending to some devices."""

    sent: list[Device]  # FCM took it
    dead: list[Device]  # the token will never work again
    busy: list[Device]  # FCM may take it later
    failed: list[Device]  # FCM will not take it, and the token is not to blame

    @staticmethod
    def of(devices: list[Device], fates: list[str]) -> "Outcome":
        """From the fate of each device in turn: SENT, DEAD, BUSY or FAILED."""
        groups: dict[str, list[Device]] = {SENT: [], DEAD: [], BUSY: [], FAILED: []}
        for device, fate in zip(devices, fates, strict=True):
            groups[fate].append(device)
        return Outcome(groups[SENT], groups[DEAD], groups[BUSY], groups[FAILED])

    @property
    def keys(self) -> set[str]:
        return {key(device) for device in (*self.sent, *self.dead, *self.busy, *self.failed)}


NOTHING = Outcome([], [], [], [])


@dataclass(frozen=True)
class Plan:
    """What to do about an alert now, and when to look again."""

    push: tuple[Device, ...] = ()  # to claim, and to send to
    mail: tuple[Person, ...] = ()
    next_ms: int | None = None  # when the first of those who wait may be told; None: nobody waits
    gave_up: bool = False  # somebody could not be reached for too long


def key(device: Device) -> str:
    """What an alert remembers a device by: an installation has one token, whoever is signed in there."""
    return hashlib.sha256(device.token.encode()).hexdigest()[:16]


def tag(home: str, alert_id: str) -> str:
    """What a repeated notice replaces the first by: 22 characters, as every push service takes them."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"{home}|{alert_id}".encode()).digest()[:16]).rstrip(b"=").decode()


def plan(
    alert_id: str,
    alert: dict[str, Any],
    people: Sequence[Person],
    home: dict[str, Any],
    watch: dict[str, Any],
    now_ms: int,
) -> Plan:
    """Whom to tell of an alert now. `home` has its zone and muted loads, `watch` what was told lately."""
    kind = kinds.of(alert["kind"])
    if is_settled_by_people(alert) or is_muted_load(alert, home, now_ms) or alerts.was_too_short(alert):
        return Plan()
    told = watch.get("told", {})
    may_push = kind.pushed and not cools(told, "push", alert, alert_id, kind.cool_down_ms, now_ms)
    may_mail = not cools(told, "mail", alert, alert_id, max(kind.cool_down_ms, MAIL_COOL_DOWN_MS), now_ms)
    zone = ZoneInfo(home["zone"])
    due: dict[str, Device] = {}
    waiting: list[int] = []
    gave_up = False
    for person in people:
        release = _release(alert, kind, person, zone, now_ms) if may_push and person.push else None
        if release is None:
            continue
        devices = [device for device in person.devices if key(device) not in alert["pushed"]]
        if devices and release.at_ms > now_ms + EARLY_MS:
            waiting.append(release.at_ms)
        elif devices and now_ms > release.since_ms + GIVE_UP_MS:
            gave_up = True
        else:
            due |= {key(device): device for device in devices if not _is_claimed(alert, device, now_ms)}
    mail, mail_at_ms = _mail(alert, kind, people, now_ms) if may_mail else ((), None)
    waiting += [mail_at_ms] if mail_at_ms is not None else []
    return Plan(tuple(due.values()), mail, min(waiting, default=None), gave_up)


def is_settled_by_people(alert: dict[str, Any]) -> bool:
    """Has somebody said that they know, or that it is nothing?"""
    return bool(alert.get("acknowledged_by")) or alert["rating"] == "not_real"


def is_muted_load(alert: dict[str, Any], home: dict[str, Any], now_ms: int) -> bool:
    """Did a member say of this load that they know? One half as large again is another one."""
    muted = home.get("mutes", {}).get(load_of(alert))
    if muted is None or now_ms >= muted["until_ms"]:
        return False
    return alert["value"] is None or muted["value"] is None or alert["value"] <= 1.5 * muted["value"]


def load_of(alert: dict[str, Any]) -> str:
    return f"{alert['kind']}-{alert['channel']}"


def cools(told: dict[str, Any], way: str, alert: dict[str, Any], alert_id: str, for_ms: int, now_ms: int) -> bool:
    """Was another alert of this kind and channel told that way less than its cool-down ago?"""
    last = told.get(f"{way}-{load_of(alert)}")
    return last is not None and last["alert"] != alert_id and now_ms < last["ms"] + for_ms


def now_told(watch: dict[str, Any], made: Plan, alert: dict[str, Any], alert_id: str, now_ms: int) -> dict[str, Any]:
    """`watch` once this plan is carried out; the very same object when it tells nobody anew."""
    ways = [way for way, some in (("push", made.push), ("mail", made.mail)) if some]
    told = watch.get("told", {})
    fresh = [way for way in ways if told.get(f"{way}-{load_of(alert)}", {}).get("alert") != alert_id]
    if not fresh:
        return watch
    entries = {f"{way}-{load_of(alert)}": {"alert": alert_id, "ms": now_ms} for way in fresh}
    newest = sorted({**told, **entries}.items(), key=lambda entry: entry[1]["ms"])[-MOST_TOLD:]
    return {**watch, "told": dict(newest)}


def claimed(alert: dict[str, Any], devices: Iterable[Device], now_ms: int) -> dict[str, Any]:
    """The alert's `pushing` once these devices are claimed."""
    return {**alert["pushing"], **{key(device): now_ms for device in devices}}


def settled(alert: dict[str, Any], made: Plan, outcome: Outcome, mailed: Iterable[str], now_ms: int) -> dict[str, Any]:
    """The fields of the alert after sending: what was claimed is told, or given back; and when to look again."""
    living = {each: since_ms for each, since_ms in alert["pushing"].items() if since_ms > now_ms - CLAIM_MS}
    pushing = {each: since_ms for each, since_ms in living.items() if each not in outcome.keys}
    mailed_to = {**alert["mailed"], **dict.fromkeys(mailed, now_ms)}
    waits = [since_ms + CLAIM_MS for since_ms in pushing.values()]
    waits += [now_ms] if outcome.busy else []
    waits += [made.next_ms] if made.next_ms is not None else []
    waits += [now_ms] if any(person.uid not in mailed_to for person in made.mail) else []
    due_ms = min(waits, default=None)
    pushed = {**alert["pushed"], **{key(device): now_ms for device in outcome.sent}}
    return {
        "pushed": pushed,
        "pushing": pushing,
        "mailed": mailed_to,
        "due_ms": due_ms,
        "push": _state(due_ms, made.gave_up or bool(outcome.failed), bool(pushed or mailed_to)),
    }


def _state(due_ms: int | None, unreached: bool, told: bool) -> str:
    """pending: somebody is still to be told; failed: somebody was not reached; none: there was nobody to tell."""
    if due_ms is not None:
        return "pending"
    return "failed" if unreached else "sent" if told else "none"


@dataclass(frozen=True)
class _Release:
    """From when on a person may be told."""

    at_ms: int
    since_ms: int  # the first such moment, however late we are


def _release(alert: dict[str, Any], kind: Kind, person: Person, zone: ZoneInfo, now_ms: int) -> _Release | None:
    """When a person may be told by push; None when they are not to be told at all."""
    hours = [quiet.NIGHT] * kind.by_day + ([person.quiet] if person.quiet and not kind.urgent else [])

    def free_ms(moment_ms: int) -> int:
        return reduce(lambda ms, each: quiet.over_ms(ms, zone, each), hours, moment_ms)

    since_ms = free_ms(_first_ms(alert))
    at_ms = since_ms if now_ms < since_ms else free_ms(now_ms)
    end_ms = alert["end_ms"]
    has_passed = end_ms is not None and (end_ms <= since_ms or end_ms <= now_ms < at_ms)
    if person.mutes_at(alert["kind"], max(at_ms, now_ms)) or (has_passed and not kind.urgent):
        return None
    return _Release(at_ms, since_ms)


def _first_ms(alert: dict[str, Any]) -> int:
    return alerts.first_ms(alert["kind"], alert["start_ms"], alert["seen_ms"], alert.get("hold_ms", 0))


def _mail(
    alert: dict[str, Any], kind: Kind, people: Sequence[Person], now_ms: int
) -> tuple[tuple[Person, ...], int | None]:
    """Who is mailed now, or when there is somebody to mail. A mail wakes nobody: quiet hours do not hold it."""
    first_ms = _first_ms(alert)
    has_passed = alert["end_ms"] is not None and alert["end_ms"] <= first_ms and not kind.urgent
    wanted = tuple(
        person
        for person in people
        if alert["kind"] in person.mail
        and person.uid not in alert["mailed"]
        and not person.mutes_at(alert["kind"], now_ms)
        and not has_passed
        and now_ms <= first_ms + GIVE_UP_MS
    )
    if not wanted:
        return (), None
    return (wanted, None) if now_ms + EARLY_MS >= first_ms else ((), first_ms)


def _is_claimed(alert: dict[str, Any], device: Device, now_ms: int) -> bool:
    return bool(alert["pushing"].get(key(device), -CLAIM_MS) > now_ms - CLAIM_MS)
