"""Enrolment (after RFC 8628): the hub shows a code, the owner types it into the app, the hub gets its account."""

import socket
import time
from collections.abc import Callable

from .cloud import Item, OutOfReach, post_json
from .config import Config, ConfigError, Credential, make_data_dir, read_credential, write_credential

MAX_TRIES_OUT_OF_REACH = 10


class EnrolmentFailed(Exception):
    """A sentence that says what to do."""


def enroll(
    config: Config,
    show: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    name: str = "",
) -> Credential:
    """Runs one enrolment to its end and keeps the credential. Raises EnrolmentFailed.

    A hub that is enrolled already says as what: for the same owner it stays the same hub, with its meters.
    """
    make_data_dir(config)  # before anybody types a code whose answer could not be kept
    asked = {"hub_name": name or socket.gethostname(), **_before(config)}
    try:
        status, session = post_json(f"{config.functions_url}/enrolstart", asked)
    except OutOfReach as error:
        sentence = f"The cloud at {config.functions_url} does not answer ({error}). Check the internet."
        raise EnrolmentFailed(sentence) from error
    if status != 200:
        raise EnrolmentFailed(f"The cloud did not open an enrolment (HTTP {status}). Try again in a few minutes.")
    show(banner(session["user_code"], session["expires_s"]))
    credential = _await_approval(config, session, sleep)
    write_credential(config, credential)
    return credential


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
        f"  In the app: Meter and hub → Add a hub, and type this code within {expires_s // 60} minutes.\n"
    )


def _await_approval(config: Config, session: Item, sleep: Callable[[float], None]) -> Credential:
    out_of_reach = 0
    waited_s = 0
    while waited_s < session["expires_s"]:
        sleep(session["interval_s"])
        waited_s += session["interval_s"]
        try:
            status, told = post_json(f"{config.functions_url}/enrolpoll", {"device_code": session["device_code"]})
        except OutOfReach as error:
            out_of_reach += 1
            if out_of_reach == MAX_TRIES_OUT_OF_REACH:
                raise EnrolmentFailed("The cloud does not answer any more. Run enroll again.") from error
            continue
        if status == 200 and told.get("state") == "approved":
            return Credential(told["hub"], told["email"], told["password"])
        if status not in (202, 429) and status < 500:
            raise EnrolmentFailed("The code is not valid any more. Run enroll again for a new one.")
    raise EnrolmentFailed("Nobody typed the code in time. Run enroll again for a new one.")
