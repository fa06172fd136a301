"""How long an alert takes from `ingest`'s answer to FCM, through Cloud Tasks and every decision on the way.

One hub tells of one event after the other; the stand-in for FCM notes when a message arrives. The answer is counted on
the hub's side, once it has read it. The emulator of Cloud Tasks looks at an idle queue once a second, as Cloud Tasks
does not: the figure is taken while a task that waits for its back-off keeps it awake, and once more while it naps.

The peers, in the same run: the same message handed to the same stand-in by the Admin SDK and nothing else, which is the
least it can take; and `ingest`'s answer itself, for which a hub would wait longer by a push if no task sent it.
"""

from __future__ import annotations

import base64
import time

import firebase_admin
import requests
from firebase_admin import messaging

from dev.stack import PROJECT, REGION, Stack
from sunmeter import fcm
from tests.emulator.world import World, event, eventually

EVENTS = 60
ASLEEP = 20
WARM_UP = 5  # the emulator starts a worker for each function
PAUSE_S = 0.15  # the queue of one is empty again when the next comes
NOBODY = "http://127.0.0.1:9/"  # the discard port, on which nothing listens


def measure(stack: Stack) -> dict[str, float]:
    """`alert_to_push_ms_p50` and `_p95` over EVENTS alerts, with the emulator asleep, and those of the peers [ms]."""
    world = World.made(stack)
    world.owner.call("registerpush", device="phone", token="phone", platform="web")
    asleep = [alert(world, number) for number in range(WARM_UP + ASLEEP)][WARM_UP:]
    keep_awake(stack)
    awake = [alert(world, WARM_UP + ASLEEP + number) for number in range(EVENTS)]
    figures = {
        "alert_to_push_ms_p50": percentile([after_ms for after_ms, _ in awake], 0.5),
        "alert_to_push_ms_p95": percentile([after_ms for after_ms, _ in awake], 0.95),
        "alert_to_push_asleep_ms_p95": percentile([after_ms for after_ms, _ in asleep], 0.95),
        "bare_send_ms_p95": percentile(bare(stack), 0.95),
        "ingest_answer_ms_p95": percentile([answer_ms for _, answer_ms in awake], 0.95),
    }
    p50, p95, asleep_p95, bare_p95, answer_p95 = figures.values()
    print(
        f"ingest's answer → FCM: p50 {p50:.0f} ms, p95 {p95:.0f} ms (n={EVENTS}; {asleep_p95:.0f} ms with the", end=" "
    )
    print(f"emulator's nap); a bare send p95 {bare_p95:.0f} ms; ingest answers in p95 {answer_p95:.0f} ms")
    return figures


def keep_awake(stack: Stack) -> None:
    """A queue of our own with a task that fails at once and is to be tried again in an hour."""
    queue = f"http://{stack.tasks}/projects/{PROJECT}/locations/{REGION}/queues/awake"
    patience = {"maxAttempts": 3, "minBackoffSeconds": 3600, "maxBackoffSeconds": 3600}
    requests.post(queue, json={"retryConfig": patience, "defaultUri": NOBODY}, timeout=10).raise_for_status()
    task = {"httpRequest": {"url": NOBODY, "body": base64.b64encode(b"{}").decode()}}
    requests.post(f"{queue}/tasks", json={"task": task}, timeout=10).raise_for_status()


def alert(world: World, number: int) -> tuple[float, float]:
    """One event, of a channel of its own so that none cools down: (answer → FCM, request → answer) [ms]."""
    time.sleep(PAUSE_S)
    outbox = world.stack.fcm.outbox
    outbox.forget()
    told = event(world.meter, start_boot=number, boot_id=number, channel=f"bench_{number}")
    asked_ms = now_ms()
    world.hub.ingest([told])
    answered_ms = now_ms()
    (sent,) = eventually(lambda: list(outbox.sent), within_s=60.0)
    return sent.at_ms - answered_ms, answered_ms - asked_ms


def bare(stack: Stack) -> list[float]:
    """The same message by the Admin SDK, one after the other [ms]."""
    messaging._MessagingService.FCM_URL = f"{stack.fcm.url}/v1/projects/{{0}}/messages:send"
    app = firebase_admin.initialize_app(fcm._NoCredential(), {"projectId": PROJECT}, name="bench")
    message = messaging.Message(token="phone", notification=messaging.Notification("Alert", "Home"))

    took_ms = []
    for _ in range(WARM_UP + EVENTS):
        began_ms = now_ms()
        messaging.send_each([message], app=app)
        took_ms.append(now_ms() - began_ms)
    return took_ms[WARM_UP:]


def percentile(numbers: list[float], share: float) -> float:
    return sorted(numbers)[min(len(numbers) - 1, int(len(numbers) * share))]


def now_ms() -> float:
    return time.time_ns() / 1_000_000
