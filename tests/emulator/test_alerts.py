"""From an event to an alert to a device, once."""

import time

import pytest

from dev.actors import CallRefused, Denied, Person
from dev.stack import Stack
from tests.emulator.world import World, event, eventually

pytestmark = pytest.mark.stack


@pytest.fixture
def device(world: World) -> str:
    """A phone of the owner that asked for notifications."""
    return registered(world.owner, "phone")


def registered(person: Person, device: str, token: str | None = None) -> str:
    import datetime as dt

    token = token or f"{device}-of-{person.uid}"
    fields = {"token": token, "platform": "web", "updated": dt.datetime.now(dt.UTC)}
    person.set(f"users/{person.uid}/push/{device}", fields)
    return token


def alert_path(world: World) -> str:
    return f"homes/{world.home}/alerts/{world.meter}-7-40"


def settled(world: World) -> dict[str, object]:
    """The alert once its notification is sent."""

    def look() -> dict[str, object] | None:
        alert = world.owner.get(alert_path(world))
        return alert if alert and alert["push"] == "sent" else None

    return eventually(look)


def sent_tokens(stack: Stack) -> list[str]:
    return sorted(sent.token for sent in stack.fcm.outbox.sent)


def test_an_event_becomes_an_alert_and_reaches_every_device_once(world: World, device: str) -> None:
    laptop = registered(world.owner, "laptop")
    assert world.hub.ingest([event(world.meter)] * 3) == [{"ok": True}] * 3
    world.hub.ingest([event(world.meter)])
    alert = settled(world)
    time.sleep(2)  # whatever was delivered twice has had its time
    assert sent_tokens(world.stack) == sorted([device, laptop])
    assert set(alert["pushed"]) == {"phone", "laptop"}  # type: ignore[call-overload]
    assert (alert["kind"], alert["value"], alert["end_ms"]) == ("overuse", 3120, None)


def test_the_notification_says_what_it_is_and_where_to_look(world: World, device: str) -> None:
    world.hub.ingest([event(world.meter)])
    settled(world)
    (sent,) = world.stack.fcm.outbox.sent
    assert sent.message["notification"] == {
        "title": "More electricity than expected",
        "body": "Home: the house drew on average over an hour 3,120 W, usually 180 to 900 W.",
    }
    assert sent.message["data"] == {"home": world.home, "alert": f"{world.meter}-7-40", "kind": "overuse"}


def test_the_end_of_an_event_closes_its_alert_and_tells_nobody_again(world: World, device: str) -> None:
    start, end = event(world.meter), event(world.meter, "end")
    world.hub.ingest([start])
    settled(world)
    world.hub.ingest([end])
    assert settled(world)["end_ms"] == end["ts_ms"]
    assert sent_tokens(world.stack) == [device]
    assert len(world.owner.list(f"homes/{world.home}/alerts")) == 1


def test_an_end_that_comes_before_its_start_makes_one_alert(world: World) -> None:
    world.hub.ingest([event(world.meter, "end")])
    world.hub.ingest([event(world.meter)])
    (alert,) = world.owner.list(f"homes/{world.home}/alerts").values()
    assert alert["end_ms"] is not None
    assert alert["push"] == "none"


def test_a_dead_token_is_forgotten_and_the_others_are_told(world: World, device: str) -> None:
    registered(world.owner, "old", "gone-1")
    registered(world.owner, "foreign", "other-1")
    world.hub.ingest([event(world.meter)])
    settled(world)
    assert set(world.owner.list(f"users/{world.owner.uid}/push")) == {"phone"}
    assert device in sent_tokens(world.stack)


def test_a_busy_service_is_tried_again_without_telling_others_twice(world: World, device: str) -> None:
    registered(world.owner, "tablet", "busy-1")
    world.hub.ingest([event(world.meter)])
    eventually(lambda: sent_tokens(world.stack).count("busy-1") >= 1)
    assert set(world.owner.list(f"users/{world.owner.uid}/push")) == {"phone", "tablet"}
    registered(world.owner, "tablet", "tablet-token")  # FCM is well again
    settled(world)
    assert sent_tokens(world.stack).count(device) == 1
    assert sent_tokens(world.stack).count("tablet-token") == 1


def test_a_home_without_devices_has_its_alert_in_the_app(world: World) -> None:
    world.hub.ingest([event(world.meter)])
    assert settled(world)["pushed"] == {}


def test_a_notification_that_was_lost_is_found_again_by_the_reconciler(world: World, device: str) -> None:
    world.hub.ingest([event(world.meter)])
    settled(world)
    lost = {"push": "pending", "pushed": {}}
    world.db.document(alert_path(world)).update(lost)  # as if the task had never run
    world.stack.clock.fire("reconcile")
    settled(world)
    assert sent_tokens(world.stack) == [device, device]


def test_what_a_sender_that_died_had_claimed_is_sent_by_the_next(world: World, device: str) -> None:
    world.hub.ingest([event(world.meter)])
    settled(world)
    long_ago_ms = int(time.time() * 1000) - 200_000
    world.db.document(alert_path(world)).update({"push": "pending", "pushed": {}, "pushing": {"phone": long_ago_ms}})
    world.stack.clock.fire("reconcile")
    assert settled(world)["pushing"] == {}
    assert sent_tokens(world.stack) == [device, device]


def test_a_member_rates_an_alert_and_others_may_not(world: World) -> None:
    world.hub.ingest([event(world.meter)])
    alert = f"{world.meter}-7-40"
    world.owner.call("ratealert", home=world.home, alert=alert, rating="not_real")
    rated = world.owner.expect(alert_path(world))
    assert (rated["rating"], rated["rated_by"]) == ("not_real", world.owner.uid)
    with pytest.raises(CallRefused, match="no_such_home"):
        Person.somebody(world.place).call("ratealert", home=world.home, alert=alert, rating="real")
    with pytest.raises(CallRefused, match="no_such_alert"):
        world.owner.call("ratealert", home=world.home, alert="nothing", rating="real")
    with pytest.raises(CallRefused, match="out_of_range:rating"):
        world.owner.call("ratealert", home=world.home, alert=alert, rating="perhaps")
    with pytest.raises(Denied):
        world.owner.update(alert_path(world), {"rating": "real"})
