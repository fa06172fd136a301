"""Alerts and invitations as mails, in the form that Firebase's Trigger Email extension sends. Pure."""

import datetime as dt
import hashlib
import html
from typing import Any
from zoneinfo import ZoneInfo

from . import words
from .phrases import BY_LANGUAGE


def mail_id(home: str, alert_id: str, uid: str) -> str:
    """One mail for one alert and person."""
    return hashlib.sha256(f"{home}|{alert_id}|{uid}".encode()).hexdigest()[:32]


def letter(alert: dict[str, Any], home: dict[str, Any], language: str) -> dict[str, str]:
    """Subject, plain text and HTML. Whatever people named is escaped, and never begins a new header."""
    phrases = BY_LANGUAGE[language]
    head = " ".join(f"{words.title(alert['kind'], language)} – {home['name']}".split())
    sentence = words.sentence(alert, home["name"], language)
    when = _when(alert, ZoneInfo(home["zone"]), phrases.mail_until if alert["end_ms"] else phrases.mail_since)
    lines = [sentence, when, phrases.mail_stop]
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return {
        "subject": head,
        "text": "\n\n".join(lines) + "\n",
        "html": f'<!doctype html><html lang="{language}"><body><h1>{html.escape(head)}</h1>{paragraphs}</body></html>',
    }


def invitation(home_name: str, link: str, language: str) -> dict[str, str]:
    """Subject and plain text, in the inviter's language: of whom it goes to nothing is known but the address."""
    phrases, name = BY_LANGUAGE[language], " ".join(home_name.split())
    lines = (phrases.invite_who.format(home=name), f"{phrases.invite_how}\n{link}", phrases.invite_else)
    return {"subject": phrases.invite_subject.format(home=name), "text": "\n\n".join(lines) + "\n"}


def _when(alert: dict[str, Any], zone: ZoneInfo, template: str) -> str:
    return template.format(at=_moment(alert["start_ms"], zone), end=_moment(alert["end_ms"] or 0, zone)) + "."


def _moment(ms: int, zone: ZoneInfo) -> str:
    return f"{dt.datetime.fromtimestamp(ms / 1000, zone):%Y-%m-%d %H:%M}"
