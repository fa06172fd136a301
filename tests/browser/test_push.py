"""A notification from the cloud to the screen: everything but the push services of Google and the browsers' makers.

The browser's subscription is made up, since `pushManager.subscribe` asks its maker's service. What follows is real: the
token, the device in Firestore, the alert, the message as the functions send it to FCM's stand-in. It is then handed to
the service worker in real Chromium by the DevTools protocol, as the push service would.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from dev.fcm_standin import web_push
from dev.neighbourhood import app_environment
from dev.stack import Stack
from sunmeter_app.config import config_from
from sunmeter_app.serve import serve
from tests.emulator.world import World, event, eventually

from .driver import App
from .serving import served
from .test_journey import sign_in

pytestmark = [pytest.mark.stack, pytest.mark.browser]
SUBSCRIBED = """
PushManager.prototype.subscribe = async () => ({
  toJSON: () => ({ endpoint: 'https://push.example/browser', keys: { auth: 'a', p256dh: 'p' } }) });
"""
PRESS = """async () => {
  const [shown] = await self.registration.getNotifications();
  self.dispatchEvent(new NotificationEvent('notificationclick', { notification: shown }));
}"""
SHOWN = """async () => {
  const worker = await navigator.serviceWorker.getRegistration('/push-worker/');
  return (await worker.getNotifications()).map(({ title, body, tag, data }) => ({ title, body, tag, data }));
}"""


@pytest.fixture
def address(stack: Stack) -> Iterator[str]:
    with served(serve(config_from(app_environment(stack)))) as running:
        yield running


def deliver(app: App, address: str, message: dict[str, Any]) -> None:
    """Hands a message to the service worker, as the browser's push service does."""
    devtools = app.page.context.new_cdp_session(app.page)
    known: list[dict[str, Any]] = []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda told: known.extend(told["registrations"]))
    devtools.send("ServiceWorker.enable")
    while not (found := [each for each in known if each["scopeURL"] == f"{address}/push-worker/"]):
        app.page.wait_for_timeout(50)
    payload = json.dumps(web_push(message))
    devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": address, "registrationId": found[0]["registrationId"], "data": payload},
    )


def test_an_alert_is_shown_by_a_closed_app_and_leads_to_itself(stack: Stack, browser: Browser, address: str) -> None:
    world = World.made(stack)
    app = App(browser)
    app.page.context.grant_permissions(["notifications"], origin=address)
    app.page.add_init_script(SUBSCRIBED)
    app.open(f"{address}/alerts/settings")
    app.click("Sign in")
    sign_in(app, world.owner)
    app.click("Notify me here")
    app.sees("This browser is told of alerts.")
    (device,) = world.owner.list(f"users/{world.owner.uid}/push").values()
    assert device["platform"] == "web"

    world.hub.ingest([event(world.meter)])
    (sent,) = eventually(lambda: stack.fcm.outbox.sent)
    assert sent.token == device["token"]
    deliver(app, address, sent.message)
    (shown,) = eventually(lambda: app.page.evaluate(SHOWN))
    alert = f"{world.meter}-7-40"
    assert (shown["title"], shown["data"]["alert"]) == (sent.message["notification"]["title"], alert)
    assert shown["tag"]  # a second one of the same alert takes its place

    app.tab("Home")
    app.words("live-age")
    (worker,) = app.page.context.service_workers
    worker.evaluate(PRESS)
    app.page.wait_for_url(f"{address}/alerts/{world.home}/{alert}")
    app.words(f"alert-{alert}")
    assert app.page.evaluate(SHOWN) == []

    app.tab("Account")
    app.click("Sign out")
    app.sees("Create an account")
    assert not world.owner.list(f"users/{world.owner.uid}/push")
    assert app.errors == []
    app.close()
