"""Enrolment (after RFC 8628): the hub shows a code, the owner types it into the app, the hub gets its account."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .cloud import Item, OutOfReach, post_json
from .config import Config, ConfigError, Credential, credential_of, read_credential, try_to_write, write_credential

MAX_TRIES_OUT_OF_REACH = 10
STRANGER = "What answers at {url} is not the cloud. Check functions_url, and whether this network wants a sign-in."


class EnrolmentFailed(Exception):
    """A sentence that says what to do."""


@dataclass(frozen=True)
class Session:
    """What the cloud opened for one enrolment."""

    device_code: str
    user_code: str
    expires_s: int
    interval_s: int  # between two questions


def enroll(
    config: Config,
    show: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    name: str = "",
) -> Credential:
    """Runs one enrolment to its end and keeps the credential. Raises EnrolmentFailed or ConfigError.

    A hub that is enrolled already says as what: for the same owner it stays the same hub, with its meters.
    """
    try_to_write(config)  # before anybody types a code whose answer could not be kept
    asked = {"hub_name": name or socket.gethostname(), **_before(config)}
    try:
        status, told = post_json(f"{config.functions_url}/enrolstart", asked)
    except OutOfReach as error:
        sentence = f"The cloud at {config.functions_url} does not answer ({error}). Check the internet."
        raise EnrolmentFailed(sentence) from error
    if status != 200:
        raise EnrolmentFailed(f"The cloud did not open an enrolment (HTTP {status}). Try again in a few minutes.")
    try:
        session = _session(told)
    except (ValueError, TypeError, KeyError) as error:
        raise EnrolmentFailed(STRANGER.format(url=config.functions_url)) from error
    show(banner(session.user_code, session.expires_s))
    credential = _await_approval(config, session, sleep)
    write_credential(config, credential)
    return credential


def _session(told: Any) -> Session:
    """Raises ValueError, TypeError or KeyError where an answer is none."""
    expires_s, interval_s = int(told["expires_s"]), int(told["interval_s"])
    if expires_s < 1 or interval_s < 1:
        raise ValueError("expires_s or interval_s")
    return Session(str(told["device_code"]), str(told["user_code"]), expires_s, interval_s)


def _before(config: Config) -> Item:
    try:
        return {"hub": read_credential(config).hub}
    except ConfigError:
        return {}


def banner(code: str, expires_s: int) -> str:
    """The code, large, and what to do with it."""
    spaced = "  ".join(f"{code[:4]}-{code[4:]}" if len(code) == 8 else code)
    rule = "═" * (len(spaced) + 8)
    return (
        f"\n  ╔{rule}╗\n  ║    {spaced}    ║\n  ╚{rule}╝\n\n"
        f"  In the app, at “Connect the hub” of its set-up, type this code within {expires_s // 60} minutes.\n"
    )


def _await_approval(config: Config, session: Session, sleep: Callable[[float], None]) -> Credential:
    out_of_reach = 0
    waited_s = 0
    while waited_s < session.expires_s:
        sleep(session.interval_s)
        waited_s += session.interval_s
        try:
            status, told = post_json(f"{config.functions_url}/enrolpoll", {"device_code": session.device_code})
        except OutOfReach as error:
            out_of_reach += 1
            if out_of_reach == MAX_TRIES_OUT_OF_REACH:
                raise EnrolmentFailed("The cloud does not answer any more. Run enroll again.") from error
            continue
        if status == 200 and told.get("state") == "approved":
            try:
                return credential_of(told)
            except ValueError as error:
                raise EnrolmentFailed(STRANGER.format(url=config.functions_url)) from error
        if status not in (202, 429) and status < 500:
            raise EnrolmentFailed("The code is not valid any more. Run enroll again for a new one.")
    raise EnrolmentFailed("Nobody typed the code in time. Run enroll again for a new one.")
