"""Firebase Cloud Messaging: notices go out, and what became of each comes back."""

import functools
import os
import threading
from typing import Any

import firebase_admin
from firebase_admin import credentials, exceptions, messaging

from . import log
from .domain.pushes import BUSY, DEAD, FAILED, SENT, Notice
from .project import anonymous, app

STANDIN = "FCM_STANDIN_URL"  # where the local stack listens in FCM's place; unset in production
CHUNK = 50  # the SDK starts a thread per message …
LANES = threading.BoundedSemaphore(2)  # … so of all requests that an instance serves at once, two chunks are under way
TIMEOUT_S = 10  # FCM answers within a second, or is not well; the SDK itself waits two minutes
KEPT_S = 6 * 3600  # a phone that was off for longer finds the alert in the app
_DEAD = (messaging.UnregisteredError, messaging.SenderIdMismatchError)  # nothing else says that a token is gone
# What is no better a minute later: a message or a key that FCM does not take. All else is tried again.
_FINAL = (exceptions.InvalidArgumentError, messaging.ThirdPartyAuthError)
_MAKING = threading.Lock()  # of the app: two requests at once may be the first


def deliver(notices: list[Notice]) -> list[str]:
    """Sends, and tells for each notice what became of it: SENT, DEAD, BUSY or FAILED."""
    return [fate for first in range(0, len(notices), CHUNK) for fate in _deliver(notices[first : first + CHUNK])]


def _deliver(chunk: list[Notice]) -> list[str]:
    """One chunk; should it break as a whole, those before it keep what became of them."""
    try:
        with _MAKING:
            sender = _app()
        with LANES:
            sent = messaging.send_each([_message(notice) for notice in chunk], app=sender)
    except exceptions.FirebaseError as error:
        log.failure("chunk not sent", error, notices=len(chunk))
        return [BUSY] * len(chunk)
    return [_fate(response.exception) for response in sent.responses]


def _fate(error: exceptions.FirebaseError | None) -> str:
    if error is None:
        return SENT
    log.warning("device not told", code=error.code)
    if isinstance(error, _DEAD):
        return DEAD
    return FAILED if isinstance(error, _FINAL) else BUSY


def _message(notice: Notice) -> messaging.Message:
    """The notice's tag says by every service's own means that a second one replaces the first."""
    return messaging.Message(
        token=notice.token,
        notification=messaging.Notification(notice.title, notice.body),
        data=notice.data,
        android=messaging.AndroidConfig(
            priority="high",
            collapse_key=notice.tag,
            ttl=KEPT_S,
            notification=messaging.AndroidNotification(tag=notice.tag),
        ),
        apns=messaging.APNSConfig(
            headers={"apns-collapse-id": notice.tag, "apns-priority": "10"},
            payload=messaging.APNSPayload(messaging.Aps(sound="default", thread_id=notice.data.get("home"))),
        ),
        webpush=messaging.WebpushConfig(
            headers={"Topic": notice.tag, "Urgency": "high", "TTL": str(KEPT_S)},
            notification=messaging.WebpushNotification(tag=notice.tag),
        ),
    )


@functools.cache
def _app() -> firebase_admin.App:
    """The app that sends, with a timeout of its own: to FCM, or to the stand-in of the local stack."""
    standin = os.environ.get(STANDIN)
    options = {"projectId": app().project_id, "httpTimeout": TIMEOUT_S}
    if not standin:
        return firebase_admin.initialize_app(options=options, name="push")
    messaging._MessagingService.FCM_URL = f"{standin}/v1/projects/{{0}}/messages:send"
    return firebase_admin.initialize_app(_NoCredential(), options, name="push")


class _NoCredential(credentials.Base):  # type: ignore[misc]
    """The stand-in asks for none."""

    def get_credential(self) -> Any:
        return anonymous()
