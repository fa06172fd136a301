"""Firebase Cloud Messaging: notices go out, and what became of each comes back."""

import functools
import os
from typing import Any

import firebase_admin
from firebase_admin import credentials, exceptions, messaging

from . import log
from .domain.pushes import BUSY, DEAD, SENT, Notice
from .project import anonymous, app

STANDIN = "FCM_STANDIN_URL"  # where the local stack listens in FCM's place; unset in production
CHUNK = 50  # the SDK starts a thread per message
_DEAD = (messaging.UnregisteredError, messaging.SenderIdMismatchError)  # nothing else says that a token is gone


def deliver(notices: list[Notice]) -> list[str]:
    """Sends, and tells for each notice what became of it: SENT, DEAD or BUSY."""
    return [
        _fate(response.exception)
        for first in range(0, len(notices), CHUNK)
        for response in messaging.send_each(
            [_message(notice) for notice in notices[first : first + CHUNK]], app=_app()
        ).responses
    ]


def _fate(error: exceptions.FirebaseError | None) -> str:
    if error is None:
        return SENT
    log.warning("device not told", code=error.code)
    return DEAD if isinstance(error, _DEAD) else BUSY


def _message(notice: Notice) -> messaging.Message:
    """The notice's tag is also its collapse key: should a device be told twice after all, it shows it once."""
    return messaging.Message(
        token=notice.token,
        notification=messaging.Notification(notice.title, notice.body),
        data=notice.data,
        android=messaging.AndroidConfig(
            priority="high", collapse_key=notice.tag, notification=messaging.AndroidNotification(tag=notice.tag)
        ),
        apns=messaging.APNSConfig(headers={"apns-collapse-id": notice.tag[:64]}),
        webpush=messaging.WebpushConfig(notification=messaging.WebpushNotification(tag=notice.tag)),
    )


@functools.cache
def _app() -> firebase_admin.App:
    """The app that sends: the project's own, or one that speaks to the stand-in of the local stack."""
    standin = os.environ.get(STANDIN)
    if not standin:
        return app()
    messaging._MessagingService.FCM_URL = f"{standin}/v1/projects/{{0}}/messages:send"
    return firebase_admin.initialize_app(_NoCredential(), {"projectId": app().project_id}, name="push")


class _NoCredential(credentials.Base):  # type: ignore[misc]
    """The stand-in asks for none."""

    def get_credential(self) -> Any:
        return anonymous()
