"""Firebase Cloud Messaging for Flet apps on Android and iOS."""

from .fcm import Fcm, FcmOpenEvent

__all__ = ["Fcm", "FcmOpenEvent"]
