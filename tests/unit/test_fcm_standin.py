"""The stand-in for FCM answers as the real one does, seen through the Admin SDK."""

import json
import time
import urllib.request
from collections.abc import Iterator

import pytest

from dev.fcm_standin import FcmStandIn
from dev.ports import free_port


@pytest.fixture
def standin() -> Iterator[FcmStandIn]:
    with FcmStandIn(free_port()) as running:
        yield running


def send(standin: FcmStandIn, body: object) -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(
        f"{standin.url}/v1/projects/demo/messages:send",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_an_accepted_message_is_recorded_as_it_came(standin: FcmStandIn) -> None:
    message = {"token": "phone", "notification": {"title": "Alert"}, "data": {"alert": "a1"}}
    assert send(standin, {"message": message}) == (200, {"name": "projects/demo/messages/1"})
    with urllib.request.urlopen(f"{standin.url}/sent") as response:
        (sent,) = json.load(response)["sent"]
    assert abs(sent.pop("at_ms") / 1000 - time.time()) < 60
    assert sent == {"project": "demo", "token": "phone", "message": message, "http_status": 200}


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        ("gone-1", 404, "UNREGISTERED"),
        ("other-1", 403, "SENDER_ID_MISMATCH"),
        ("busy-1", 503, "UNAVAILABLE"),
        (None, 400, "INVALID_ARGUMENT"),
    ],
)
def test_a_refused_message_gets_the_code_of_fcm(standin: FcmStandIn, token: str | None, status: int, code: str) -> None:
    answered, body = send(standin, {"message": {"token": token}})
    assert answered == status
    assert body["error"]["details"][0]["errorCode"] == code  # type: ignore[index]


def test_forgetting_empties_the_record(standin: FcmStandIn) -> None:
    send(standin, {"message": {"token": "phone"}})
    urllib.request.urlopen(urllib.request.Request(f"{standin.url}/sent", method="DELETE")).close()
    assert standin.outbox.listing() == []
