"""Whom a home's alerts are told, and how each wants it: read from what people wrote of themselves. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..contract import documents
from .quiet import MINUTES_A_DAY, Quiet


@dataclass(frozen=True)
class Device:
    """One installation of the app that asked for notifications."""

    id: str
    uid: str
    token: str


@dataclass(frozen=True)
class Person:
    """A member of a home."""

    uid: str
    language: str  # one of documents.LANGUAGES
    quiet: Quiet | None  # None: may be disturbed at any time
    mutes: dict[str, int | None]  # kind → until when it is muted [ms]; None: for good
    push: bool
    mail: frozenset[str]  # the kinds that are also told by mail
    devices: tuple[Device, ...] = ()

    def mutes_at(self, kind: str, moment_ms: int) -> bool:
        if kind not in self.mutes:
            return False
        until_ms = self.mutes[kind]
        return until_ms is None or moment_ms < until_ms


def person_of(uid: str, profile: dict[str, Any] | None, devices: Iterable[Device] = ()) -> Person:
    """Reads `users/{uid}`, which its person wrote: what is not as it should be counts as not said."""
    said = profile or {}
    channels, mutes = _map(said.get("channels")), _map(said.get("mutes"))
    mail = channels.get("mail")
    return Person(
        uid=uid,
        language=language_of(said.get("locale")),
        quiet=_quiet(said.get("quiet")),
        mutes={kind: until for kind, until in mutes.items() if until is None or isinstance(until, int)},
        push=channels.get("push") is not False,
        mail=frozenset(kind for kind in mail if isinstance(kind, str)) if isinstance(mail, list) else frozenset(),
        devices=tuple(devices),
    )


def language_of(locale: object) -> str:
    """The language of a locale such as `fr-FR`, if we write it; English otherwise."""
    language = locale.replace("_", "-").split("-")[0].lower() if isinstance(locale, str) else ""
    return language if language in documents.LANGUAGES else documents.LANGUAGES[0]


def _quiet(said: object) -> Quiet | None:
    if not isinstance(said, dict):
        return None
    minutes = [said.get(name) for name in ("from_min", "to_min")]
    known = [minute for minute in minutes if isinstance(minute, int) and 0 <= minute < MINUTES_A_DAY]
    return Quiet(*known) if len(known) == len(minutes) else None


def _map(said: object) -> dict[str, Any]:
    return said if isinstance(said, dict) else {}
