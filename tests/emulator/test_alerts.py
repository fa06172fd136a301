"""From an event to an alert to a device, once."""

import time

import pytest

from dev.actors import CallRefused, Denied, Person
from dev.stack import Stack
from sunmeter.domain import pushes
from sunmeter.domain.people import Device
from tests.emulator.world import World, event, eventually

pytestmark = pytest.mark.stack


@pytest.fixture
def device(world: World) -> str:
    """A phone of the owner that asked for notifications."""
    return registered(world.owner, "phone")


def registered(person: Person, device: str, token: str | None = None) -> str:
    token = token or f"{device}-of-{person.uid}"
    person.call("registerpush", device=device, token=token, platform="web")
    return token


def key_of(token: str) -> str:
    """What the alert remembers a device by."""
    return pushes.key(Device("", "", token))


def joined(world: World, role: str) -> Person:
    """One more person of the home."""
    person = Person.somebody(world.place)
    home = world.db.document(f"homes/{world.home}")
    roles = {**home.get().get("roles"), person.uid: role}
    home.update({"roles": roles, "member_uids": list(roles)})
    return person


def alert_path(world: World) -> str:
    return f"homes/{world.home}/alerts/{world.meter}-7-40"


def settled(world: World) -> dict[str, object]:
    """The alert once nobody waits for it any more."""

    def look() -> dict[str, object] | None:
        alert = world.owner.get(alert_path(world))
        return alert if alert and alert["push"] != "pending" else None

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
    assert set(alert["pushed"]) == {key_of(device), key_of(laptop)}  # type: ignore[call-overload]
    assert alert["push"] == "sent"
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


def test_a_second_notice_would_replace_the_first_on_every_platform(world: World, device: str) -> None:
    world.hub.ingest([event(world.meter)])
    settled(world)
    (sent,) = world.stack.fcm.outbox.sent
    tag = pushes.tag(world.home, f"{world.meter}-7-40")
    android, webpush = sent.message["android"], sent.message["webpush"]
    assert (android["collapse_key"], android["notification"]["tag"]) == (tag, tag)
    assert sent.message["apns"]["headers"]["apns-collapse-id"] == tag
    assert (webpush["headers"]["Topic"], webpush["notification"]["tag"]) == (tag, tag)


def test_two_members_are_told_each_in_their_own_language(world: World, device: str) -> None:
    guest = joined(world, "viewer")
    guest.set(f"users/{guest.uid}", {"locale": "fr-FR"})
    french = registered(guest, "phone")
    world.hub.ingest([event(world.meter)])
    alert = settled(world)
    titles = {sent.token: sent.message["notification"]["title"] for sent in world.stack.fcm.outbox.sent}
    assert titles == {device: "More electricity than expected", french: "Consommation plus forte que prévu"}
    assert set(alert["pushed"]) == {key_of(device), key_of(french)}  # type: ignore[call-overload]


def test_a_token_belongs_to_whoever_registered_it_last(world: World, device: str) -> None:
    guest = joined(world, "member")
    registered(guest, "tablet", device)
    assert world.owner.list(f"users/{world.owner.uid}/push") == {}
    assert set(guest.list(f"users/{guest.uid}/push")) == {"tablet"}
    registered(guest, "tablet", device)  # asked again, it stays
    world.hub.ingest([event(world.meter)])
    settled(world)
    assert sent_tokens(world.stack) == [device]


def test_a_person_keeps_the_ten_devices_that_registered_last(world: World) -> None:
    for number in range(12):
        registered(world.owner, f"d{number}")
    assert set(world.owner.list(f"users/{world.owner.uid}/push")) == {f"d{number}" for number in range(2, 12)}


@pytest.mark.parametrize(
    ("field", "wrong"), [("device", "my phone"), ("token", ""), ("token", "x" * 4097), ("platform", "toaster")]
)
def test_a_device_is_checked_field_by_field(world: World, field: str, wrong: str) -> None:
    asked = {"device": "phone", "token": "t", "platform": "web", field: wrong}
    with pytest.raises(CallRefused, match=f":{field} "):
        world.owner.call("registerpush", **asked)
    with pytest.raises(CallRefused, match="people_only"):
        world.hub.call("registerpush", device="phone", token="t", platform="web")


def test_a_test_notice_reaches_ones_own_devices_and_forgets_the_dead(world: World, device: str) -> None:
    registered(joined(world, "member"), "phone")
    registered(world.owner, "old", "gone-1")
    registered(world.owner, "slow", "busy-1")
    assert world.owner.call("testpush") == {"sent": 1, "dead": 1, "unreached": 1}
    assert set(sent_tokens(world.stack)) == {"busy-1", "gone-1", device}
    assert set(world.owner.list(f"users/{world.owner.uid}/push")) == {"phone", "slow"}
    for _ in range(4):
        world.owner.call("testpush")
    with pytest.raises(CallRefused, match="try_later"):
        world.owner.call("testpush")


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
    eventually(lambda: set(world.owner.list(f"users/{world.owner.uid}/push")) == {"phone"})
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
    alert = settled(world)
    assert (alert["push"], alert["pushed"]) == ("none", {})


def test_a_notification_that_was_lost_is_found_again_by_the_reconciler(world: World, device: str) -> None:
    world.hub.ingest([event(world.meter)])
    settled(world)
    lost = {"push": "pending", "pushed": {}, "due_ms": 1}
    world.db.document(alert_path(world)).update(lost)  # as if the task had never run
    world.stack.clock.fire("reconcile")
    settled(world)
    assert sent_tokens(world.stack) == [device, device]


def test_what_a_sender_that_died_had_claimed_is_sent_by_the_next(world: World, device: str) -> None:
    world.hub.ingest([event(world.meter)])
    settled(world)
    long_ago_ms = int(time.time() * 1000) - 200_000
    died = {"push": "pending", "pushed": {}, "pushing": {key_of(device): long_ago_ms}, "due_ms": 1}
    world.db.document(alert_path(world)).update(died)
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


def test_who_acknowledges_first_is_remembered_and_viewers_may_not(world: World) -> None:
    world.hub.ingest([event(world.meter)])
    asked = {"home": world.home, "alert": f"{world.meter}-7-40"}
    guest, viewer = joined(world, "member"), joined(world, "viewer")
    first = guest.call("ackalert", **asked)
    assert first["acknowledged_by"] == guest.uid
    assert world.owner.call("ackalert", **asked) == first
    assert world.owner.expect(alert_path(world))["acknowledged_by"] == guest.uid
    for function, more in (("ackalert", {}), ("muteload", {"until_ms": 0}), ("ratealert", {"rating": "real"})):
        with pytest.raises(CallRefused, match="members_only"):
            viewer.call(function, **asked, **more)
        with pytest.raises(CallRefused, match="no_such_home"):
            Person.somebody(world.place).call(function, **asked, **more)
        with pytest.raises(CallRefused, match="no_such_alert"):
            world.owner.call(function, **{**asked, "alert": "none"}, **more)


def test_a_member_mutes_a_load_for_the_home_until_a_time(world: World, device: str) -> None:
    world.hub.ingest([event(world.meter)])
    settled(world)
    until_ms = int(time.time() * 1000) + 3_600_000
    asked = {"home": world.home, "alert": f"{world.meter}-7-40"}
    muted = world.owner.call("muteload", **asked, until_ms=until_ms)["mutes"]
    assert muted == {"overuse-house_60m": {"until_ms": until_ms, "value": 3120, "by": world.owner.uid}}
    assert world.owner.expect(f"homes/{world.home}")["mutes"] == muted
    with pytest.raises(CallRefused, match="out_of_range:until_ms"):
        world.owner.call("muteload", **asked, until_ms=1)
    assert world.owner.call("muteload", **asked, until_ms=0) == {"mutes": {}}
