"""Who is told of an alert, by which way, when, and how often: once."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sunmeter.contract.refusal import Refusal
from sunmeter.domain import alerts, kinds, mutes, people, pushes
from sunmeter.domain.alerts import Condition
from sunmeter.domain.people import Device, Person
from sunmeter.domain.pushes import CLAIM_MS, GIVE_UP_MS, MAIL_COOL_DOWN_MS, NOTHING, Outcome, Plan, key

ZONE = "Europe/Paris"
HOME: dict[str, Any] = {"zone": ZONE, "name": "Home"}
PHONE, LAPTOP, TABLET = (Device(f"d{n}", "ada", f"token-{n}") for n in range(3))
BOBS = Device("d0", "bob", "token-of-bob")
MINUTE, HOUR = 60_000, 3_600_000


def at(hour: int, minute: int = 0, day: int = 22) -> int:
    """A moment on the home's clock [ms]."""
    return round(dt.datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)


def alert(kind: str = "overuse", start_ms: int = at(12), seen_ms: int | None = None, **changes: Any) -> dict[str, Any]:
    condition = Condition("a", kind, start_ms, None, True, channel="house_60m", value=3000)
    return {**alerts.judged(None, condition, start_ms if seen_ms is None else seen_ms), **changes}


def ada(*devices: Device, **said: Any) -> Person:
    return people.person_of("ada", said, devices or (PHONE,))


BOB = people.person_of("bob", {"locale": "fr-CA"}, (BOBS,))
NIGHT = {"quiet": {"from_min": 22 * 60, "to_min": 7 * 60}}


def plan(
    of: dict[str, Any], *members: Person, now_ms: int = at(12), watch: dict[str, Any] | None = None, **home: Any
) -> Plan:
    return pushes.plan("a", of, members, {**HOME, **home}, watch or {}, now_ms)


def test_every_device_of_every_member_is_due_once() -> None:
    made = plan(alert(), ada(PHONE, LAPTOP), BOB)
    assert made.push == (PHONE, LAPTOP, BOBS)
    told = alert(pushed={key(PHONE): 5})
    assert plan(told, ada(PHONE, LAPTOP), BOB).push == (LAPTOP, BOBS), "the same id of another person is another device"


def test_a_token_registered_twice_is_told_once() -> None:
    assert len(plan(alert(), ada(PHONE), people.person_of("eve", None, [Device("x", "eve", PHONE.token)])).push) == 1


def test_what_another_sender_claimed_is_not_due_until_its_claim_is_old() -> None:
    claimed = alert(pushing=pushes.claimed(alert(), [PHONE], at(12)))
    assert plan(claimed, ada(PHONE, LAPTOP), now_ms=at(12) + 1).push == (LAPTOP,)
    assert plan(claimed, ada(PHONE), now_ms=at(12) + CLAIM_MS).push == (PHONE,)


def test_in_quiet_hours_one_waits_and_the_other_is_told() -> None:
    made = plan(alert(start_ms=at(23)), ada(**NIGHT), BOB, now_ms=at(23))
    assert (made.push, made.next_ms) == ((BOBS,), at(7, day=23))
    later = alert(start_ms=at(23), pushed={key(BOBS): 5})
    assert plan(later, ada(**NIGHT), BOB, now_ms=at(7, day=23)).push == (PHONE,)


def test_who_waited_is_not_told_of_what_has_ended() -> None:
    over = alert(start_ms=at(23), end_ms=at(23, 30))
    assert plan(over, ada(**NIGHT), now_ms=at(7, day=23)) == Plan()
    assert plan(over, ada(**NIGHT), now_ms=at(23, 45)) == Plan()
    assert plan(over, BOB, now_ms=at(23, 45)).push == (BOBS,), "who did not wait is told by a retry"


def test_who_could_not_be_reached_before_the_night_waits_for_the_morning() -> None:
    late = alert(start_ms=at(21, 59))
    assert plan(late, ada(**NIGHT), now_ms=at(22, 5)).next_ms == at(7, day=23)
    assert plan({**late, "end_ms": at(22, 4)}, ada(**NIGHT), now_ms=at(22, 5)) == Plan()


@pytest.mark.parametrize("kind", [name for name, kind in kinds.ALERTS.items() if kind.urgent])
def test_what_is_urgent_passes_quiet_hours_even_when_it_is_over(kind: str) -> None:
    start_ms = at(23) - kinds.of(kind).settle_ms
    assert plan(alert(kind, start_ms), ada(**NIGHT), now_ms=at(23)).push == (PHONE,)
    over = alert(kind, start_ms, end_ms=at(23, 1))
    assert plan(over, ada(**NIGHT), now_ms=at(23, 2)).push == (PHONE,)


@pytest.mark.parametrize("kind", [name for name, kind in kinds.ALERTS.items() if kind.by_day])
def test_what_a_night_found_wakes_nobody_even_without_quiet_hours(kind: str) -> None:
    assert plan(alert(kind, at(3)), BOB, now_ms=at(3)).next_ms == at(8)
    assert plan(alert(kind, at(3)), BOB, now_ms=at(8)).push == (BOBS,)


def test_a_kind_that_must_last_is_told_only_when_it_has() -> None:
    assert plan(alert("sag"), BOB).next_ms == at(12, 2)
    assert plan(alert("sag"), BOB, now_ms=at(12, 2)).push == (BOBS,)
    assert plan(alert("sag", end_ms=at(12, 1)), BOB, now_ms=at(12, 2)) == Plan()
    assert plan(alert("swell", end_ms=at(12, 1)), BOB, now_ms=at(12, 2)) == Plan(), "urgent or not"


def test_a_mute_is_ones_own_and_of_one_kind_until_its_time() -> None:
    muted = ada(mutes={"overuse": at(18)})
    assert plan(alert(), muted, BOB).push == (BOBS,)
    assert plan(alert(start_ms=at(18)), muted, now_ms=at(18)).push == (PHONE,)
    assert plan(alert("tamper"), muted).push == (PHONE,)
    assert plan(alert("tamper"), ada(mutes={"tamper": None})) == Plan(), "for good, urgent or not"
    assert plan(alert(), ada(channels={"push": False})) == Plan()


def test_a_muted_load_is_known_to_all_and_half_as_much_again_is_another() -> None:
    muted = mutes.with_load({}, alert(), at(18), "ada", at(12))
    assert plan(alert(), ada(), BOB, mutes=muted) == Plan()
    assert plan(alert(value=4500), BOB, mutes=muted) == Plan()
    assert plan(alert(value=4501), BOB, mutes=muted).push == (BOBS,)
    assert plan(alert("hidden_load"), BOB, mutes=muted).push == (BOBS,)
    assert plan(alert(start_ms=at(18)), BOB, now_ms=at(18), mutes=muted).push == (BOBS,)
    assert mutes.with_load(muted, alert(), 0, "bob", at(13)) == {}


@pytest.mark.parametrize(
    ("of", "until_ms", "told"),
    [
        (alert("sag"), at(18), "not_a_load"),
        (alert(), at(12), "out_of_range"),
        (alert(), at(12) + mutes.LONGEST_MS + 1, "out_of_range"),
    ],
)
def test_a_mute_that_makes_no_sense_is_refused(of: dict[str, Any], until_ms: int, told: str) -> None:
    with pytest.raises(Refusal, match=told):
        mutes.with_load({}, of, until_ms, "ada", at(12))


def test_a_home_mutes_a_bounded_number_of_loads() -> None:
    many = {f"overuse-{n}": {"until_ms": at(18), "value": 1, "by": "ada"} for n in range(mutes.MOST)}
    with pytest.raises(Refusal, match="too_many"):
        mutes.with_load(many, alert(), at(18), "ada", at(12))
    assert len(mutes.with_load(many, alert(), at(20), "ada", at(18))) == 1, "what is over is forgotten"


@pytest.mark.parametrize("said", [{"acknowledged_by": "ada"}, {"rating": "not_real"}])
def test_once_somebody_knows_nobody_else_is_disturbed(said: dict[str, Any]) -> None:
    assert plan(alert(**said), ada(), BOB) == Plan()
    assert plan(alert(rating="real"), BOB).push == (BOBS,)


def test_another_alert_of_a_kind_and_channel_is_kept_in_the_app_until_it_has_cooled_down() -> None:
    first = pushes.now_told({}, plan(alert(), BOB), alert(), "before", at(12))
    hours = kinds.of("overuse").cool_down_ms
    assert plan(alert(start_ms=at(13)), BOB, now_ms=at(13), watch=first) == Plan()
    assert plan(alert(start_ms=at(12) + hours), BOB, now_ms=at(12) + hours, watch=first).push == (BOBS,)
    assert plan(alert(start_ms=at(13), channel="house_1m"), BOB, now_ms=at(13), watch=first).push == (BOBS,)
    own = pushes.now_told({}, plan(alert(), BOB), alert(), "a", at(12))
    assert plan(alert(), BOB, now_ms=at(12, 5), watch=own).push == (BOBS,), "the same one is told to the end"
    assert pushes.now_told(own, plan(alert(), BOB), alert(), "a", at(12, 5)) is own
    assert pushes.now_told(own, Plan(), alert(), "b", at(12, 5)) is own


def test_a_home_remembers_a_bounded_number_of_cool_downs_the_newest() -> None:
    watch: dict[str, Any] = {}
    for number in range(pushes.MOST_TOLD + 5):
        of = alert(channel=f"c{number}")
        watch = pushes.now_told(watch, plan(of, BOB), of, "a", at(12) + number)
    assert len(watch["told"]) == pushes.MOST_TOLD
    assert "push-overuse-c4" not in watch["told"]
    assert "push-overuse-c5" in watch["told"]


def test_mail_is_for_those_who_asked_and_wakes_nobody() -> None:
    reader = ada(**NIGHT, channels={"mail": ["overuse"], "push": False})
    made = plan(alert(start_ms=at(23)), reader, BOB, now_ms=at(23))
    assert (made.mail, made.push) == ((reader,), (BOBS,))
    assert plan(alert(start_ms=at(23), mailed={"ada": 5}), reader, now_ms=at(23)) == Plan()
    assert plan(alert("sag"), ada(channels={"mail": ["sag"], "push": False})).next_ms == at(12, 2)
    assert plan(alert("health"), ada(channels={"mail": ["health"]})).mail, "a kind that no device is told of too"


def test_mails_cool_down_for_longer() -> None:
    reader = ada(channels={"mail": ["overuse"]})
    first = pushes.now_told({}, plan(alert(), reader), alert(), "before", at(12))
    later = plan(alert(start_ms=at(16)), reader, now_ms=at(16), watch=first)
    assert (later.push, later.mail) == ((PHONE,), ())
    assert plan(alert(start_ms=at(12) + MAIL_COOL_DOWN_MS), reader, now_ms=at(12) + MAIL_COOL_DOWN_MS, watch=first).mail


def test_after_six_hours_a_device_that_cannot_be_reached_is_left_to_the_app() -> None:
    assert plan(alert(), BOB, now_ms=at(12) + GIVE_UP_MS).push == (BOBS,)
    given_up = plan(alert(), BOB, now_ms=at(12) + GIVE_UP_MS + 1)
    assert (given_up.push, given_up.gave_up) == ((), True)
    assert pushes.settled(alert(), given_up, NOTHING, [], at(20))["push"] == "failed"


def settled(of: dict[str, Any], outcome: Outcome, made: Plan = Plan(), now_ms: int = at(12)) -> dict[str, Any]:  # noqa: B008
    return pushes.settled(of, made, outcome, [], now_ms)


def test_once_all_are_told_or_dead_the_alert_is_sent() -> None:
    claimed = alert(pushing={key(PHONE): at(12), key(LAPTOP): at(12)})
    after = settled(claimed, Outcome([PHONE], [LAPTOP], [], []))
    assert after == {"push": "sent", "pushed": {key(PHONE): at(12)}, "pushing": {}, "mailed": {}, "due_ms": None}


def test_a_busy_device_leaves_the_alert_pending_and_gives_its_claim_back() -> None:
    claimed = alert(pushing={key(PHONE): at(12), key(TABLET): at(12)})
    after = settled(claimed, Outcome([PHONE], [], [TABLET], []))
    assert (after["push"], after["pushing"], after["due_ms"]) == ("pending", {}, at(12))
    assert plan({**claimed, **after}, ada(PHONE, TABLET)).push == (TABLET,)


def test_an_alert_stays_pending_while_another_sender_is_at_work() -> None:
    after = settled(alert(pushing={key(PHONE): at(12)}), NOTHING)
    assert (after["push"], after["due_ms"]) == ("pending", at(12) + CLAIM_MS)


def test_the_claim_of_a_sender_that_died_with_its_device_gone_does_not_hold_the_alert_for_ever() -> None:
    assert settled(alert(pushing={"gone": at(12)}), NOTHING, now_ms=at(12) + CLAIM_MS)["push"] == "none"


def test_an_alert_that_nobody_is_to_be_told_is_done_with() -> None:
    assert settled(alert(), NOTHING)["push"] == "none"
    assert settled(alert(), NOTHING, Plan(next_ms=at(13)))["due_ms"] == at(13)
    assert settled(alert(), Outcome([], [], [], [PHONE]))["push"] == "failed"


def test_an_alert_stays_pending_until_its_mails_are_left() -> None:
    reader = ada(channels={"mail": ["overuse"]})
    made = plan(alert(), reader)
    first = pushes.settled(alert(), made, Outcome([PHONE], [], [], []), [], at(12))
    assert (first["push"], first["due_ms"]) == ("pending", at(12))
    assert plan({**alert(), **first}, reader).mail == (reader,)
    assert pushes.settled({**alert(), **first}, made, Outcome([PHONE], [], [], []), ["ada"], at(12))["push"] == "sent"


def test_a_tag_fits_every_push_service() -> None:
    tag = pushes.tag("h" * 20, "m-0123456789-4294967295-4294967295")
    assert len(tag) == 22  # RFC 8030 allows a Topic 32 characters of base64url, APNs a collapse id 64 bytes
    assert tag != pushes.tag("h" * 20, "m-0123456789-4294967295-4294967294")


MESS = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text("ab_-é", max_size=5),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.sampled_from(["from_min", "to_min", "overuse", "push", "mail"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(some.dictionaries(some.sampled_from(["locale", "quiet", "mutes", "channels"]), MESS))
def test_whatever_a_profile_holds_its_person_can_be_told(profile: dict[str, Any]) -> None:
    person = people.person_of("ada", profile, (PHONE,))
    assert person.language in ("en", "fr")
    plan(alert(), person)


STEPS = some.lists(
    some.sampled_from(["dies before sending", "dies after sending", "is busy", "works"]), min_size=1, max_size=8
)


def lived(steps: list[str], records_first: bool = False) -> tuple[dict[str, Any], int, int]:
    """An alert through senders that fare so: (the alert, how often the device was told, how often nobody knew)."""
    now_ms, of, sent, unrecorded = at(12), alert(), 0, 0
    for step in [*steps, "works"]:
        made = plan(of, ada(PHONE), now_ms=now_ms)
        if of["push"] != "pending":
            break
        of = {**of, "pushing": pushes.claimed(of, made.push, now_ms)}
        reached = step in ("works", "dies after sending")
        sent += reached * len(made.push)
        unrecorded += step == "dies after sending" and bool(made.push)
        if records_first or not step.startswith("dies"):
            fate = [[], [], list(made.push), []] if step == "is busy" else [list(made.push), [], [], []]
            of = {**of, **pushes.settled(of, made, Outcome(*fate), [], now_ms)}
        now_ms += CLAIM_MS
    return of, sent, unrecorded


@given(STEPS)
def test_however_senders_die_a_device_is_told_and_twice_only_after_one_died_unrecorded(steps: list[str]) -> None:
    of, sent, unrecorded = lived(steps)
    assert of["push"] == "sent"
    assert 1 <= sent <= 1 + unrecorded


def test_a_sender_that_records_before_it_sends_would_be_caught() -> None:
    of, sent, _ = lived(["dies before sending"], records_first=True)
    assert (of["push"], sent) == ("sent", 0)
