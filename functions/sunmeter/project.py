"""The Firebase project that this instance serves: where it runs, its secret, its app."""

import os

import firebase_admin
from firebase_functions.params import SecretParam
from google.auth.credentials import AnonymousCredentials

REGION = "us-central1"
METER_MASTER_KEY = SecretParam("METER_MASTER_KEY")


def app() -> firebase_admin.App:
    """The default Firebase app: it knows the project's name and connects to nothing by itself."""
    return firebase_admin.get_app() if firebase_admin._apps else firebase_admin.initialize_app()


def app_url() -> str:
    """Where the app is served: APP_URL of `functions/.env.PROJECT`, else Firebase Hosting's domain of the project."""
    return os.environ.get("APP_URL", "").rstrip("/") or f"https://{app().project_id}.web.app"


def anonymous() -> AnonymousCredentials:
    """For services of the local stack, which ask for no credential."""
    return AnonymousCredentials()  # type: ignore[no-untyped-call]
