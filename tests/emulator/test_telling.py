"""Whom the cloud tells, when, and what it judges by itself: the functions in this process, their clock in our hands."""

import contextlib
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from google.cloud.firestore_v1.base_query import FieldFilter

from contract import documents, ledger
from contract.ledger import QUARTER_S, Registers
from dev.actors import Json, Person
from dev.triggers import triggers_lost
from sunmeter import absence, devices, judge, push, reconcile
from sunmeter.contract import ledger as cloud_ledger
from sunmeter.domain import presence, pushes
from sunmeter.domain.pushes import BUSY, DEAD, FAILED
from sunmeter.night import Known
from tests.emulator.inprocess import Functions, Killed
from tests.emulator.world import ZONE, World, event, quarters, sent, yesterday

pytestmark = pytest.mark.stack

MINUTE, HOUR = 60_000, 3_600_000


def at(hour: int, minute: int = 0, day: int = 0) -> int:
    """A moment on the home's clock [ms], of yesterday unless told otherwise."""
    zone = ZoneInfo(ZONE)
    date = dt.datetime.now(zone).date() + dt.timedelta(days=day - 1)
    return round(dt.datetime.combine(date, dt.time(hour, minute), zone).timestamp() * 1000)


@pytest.fixture
def functions(world: World) -> Functions:
    """The home's functions at noon; its owner has a phone."""
    made = Functions.of(world.stack, world.hub.uid, at(12))
    world.db.document(documents.hub(world.hub.uid)).update({"last_ms": at(12), "due_ms": None})
    made.call(devices.register, world.owner.uid, device="phone", token="ada", platform="web")
    return made


def member(world: World, functions: Functions, token: str, role: str = "member", **profile: Any) -> Person:
    """One more person of the home, with a phone."""
    person = Person.somebody(world.place)
    home = world.db.document(documents.home(world.home))
    roles = {**home.get().get("roles"), person.uid: role}
    home.update({"roles": roles, "member_uids": list(roles)})
    person.set(documents.user(person.uid), profile)
    functions.call(devices.register, person.uid, device="phone", token=token, platform="android")
    return person


def told_of(world: World, functions: Functions, phase: str = "start", boot: int = 7, **changes: Any) -> str:
    """The hub tells of an event now; returns its alert's id."""
    made = event(world.meter, phase, ts_ms=functions.now_ms, start_boot=boot, boot_id=boot, **changes)
    assert functions.send([made]).get_json()["results"] == [{"ok": True}]
    return f"{world.meter}-{boot}-40"


def alert_of(world: World, alert_id: str) -> Json:
    return world.stored(documents.alert(world.home, alert_id))


def alerts_of_kind(world: World, kind: str) -> dict[str, Json]:
    found = world.owner.list(f"homes/{world.home}/alerts")
    return {name: alert for name, alert in found.items() if alert["kind"] == kind}


QUIET: Json = {"quiet": {"from_min": 22 * 60, "to_min": 7 * 60}}


def test_an_alert_that_tells_one_device_costs_twelve_reads_and_five_writes(world: World, functions: Functions) -> None:
    reads, writes = functions.wire.reads, functions.wire.writes
    told_of(world, functions)
    functions.run_pushes()
    assert functions.tokens_told() == ["ada"]
    assert (functions.wire.reads - reads, functions.wire.writes - writes) == (12, 5)


def test_who_is_quiet_is_told_in_the_morning_and_the_other_at_once(world: World, functions: Functions) -> None:
    member(world, functions, "bob", **QUIET)
    functions.now_ms = at(23)
    alert_id = told_of(world, functions)
    functions.run_pushes()
    assert functions.tokens_told() == ["ada"]
    assert (alert_of(world, alert_id)["push"], alert_of(world, alert_id)["due_ms"]) == ("pending", at(7, day=1))
    functions.now_ms = at(6, 59, day=1)
    functions.run_pushes()
    assert reconcile.retry_pushes(functions.cloud) == 0, "nobody is overdue: the reconciler reads nothing"
    assert functions.tokens_told() == ["ada"]
    functions.now_ms = at(7, day=1)
    functions.run_pushes()
    assert functions.tokens_told() == ["ada", "bob"]
    assert alert_of(world, alert_id)["push"] == "sent"


def test_what_has_ended_in_the_night_wakes_nobody_in_the_morning(world: World, functions: Functions) -> None:
    member(world, functions, "bob", **QUIET)
    functions.now_ms = at(23)
    alert_id = told_of(world, functions)
    functions.run_pushes()
    functions.now_ms = at(23, 50)
    told_of(world, functions, "end", duration_ms=50 * MINUTE)
    functions.now_ms = at(7, day=1)
    functions.run_pushes()
    assert functions.tokens_told() == ["ada"]
    assert alert_of(world, alert_id)["push"] == "sent"


def test_who_waited_is_told_by_the_reconciler_where_the_task_was_lost(world: World, functions: Functions) -> None:
    member(world, functions, "bob", **QUIET)
    functions.now_ms = at(23)
    told_of(world, functions)
    functions.run_pushes()
    functions.tasks.clear()
    functions.now_ms = at(7, 40, day=1)
    assert reconcile.retry_pushes(functions.cloud) == 1
    functions.run_pushes()
    assert functions.tokens_told() == ["ada", "bob"]


def test_a_sag_is_told_when_it_lasts_and_a_short_one_costs_no_task(world: World, functions: Functions) -> None:
    told_of(world, functions, kind="sag", channel="voltage_burst", value=190_000, unit="mV")
    functions.run_pushes()
    assert functions.told == []
    functions.now_ms += 2 * MINUTE
    functions.run_pushes()
    assert functions.tokens_told() == ["ada"]
    sag = event(world.meter, ts_ms=functions.now_ms, kind="sag", start_boot=8, boot_id=8)
    over = {**sag, "phase": "end", "seq": 41, "duration_ms": 900, "ts_ms": functions.now_ms + 900}
    functions.tasks.clear()
    functions.send([sag, over])
    assert functions.tasks == {}


def test_another_alert_of_the_same_channel_cools_down_and_one_of_another_is_told(
    world: World, functions: Functions
) -> None:
    told_of(world, functions)
    functions.run_pushes()
    functions.now_ms += HOUR
    again = told_of(world, functions, boot=8)
    other = told_of(world, functions, boot=9, channel="house_1m")
    functions.run_pushes()
    assert len(functions.told) == 2
    assert (alert_of(world, again)["push"], alert_of(world, other)["push"]) == ("none", "sent")


def test_a_task_that_runs_twice_at_once_or_again_tells_nobody_twice(world: World, functions: Functions) -> None:
    member(world, functions, "bob", "viewer")
    alert_id = told_of(world, functions)
    data = {"home": world.home, "alert": alert_id}
    delivering = functions.cloud.deliver

    def while_another_runs(notices: list[Any]) -> list[str]:
        with contextlib.suppress(push.NotAllReached):
            push.send(data, functions.cloud)
        return delivering(notices)

    object.__setattr__(functions.cloud, "deliver", while_another_runs)
    push.send(data, functions.cloud)
    push.send(data, functions.cloud)
    assert sorted(functions.tokens_told()) == ["ada", "bob"]


def test_a_busy_service_is_asked_again_for_those_it_did_not_take(world: World, functions: Functions) -> None:
    member(world, functions, "bob")
    functions.fates["bob"] = BUSY
    alert_id = told_of(world, functions)
    with pytest.raises(push.NotAllReached):
        functions.run_pushes()
    functions.fates.clear()
    functions.run_pushes()
    assert sorted(functions.tokens_told()) == ["ada", "bob", "bob"]
    assert alert_of(world, alert_id)["push"] == "sent"


def test_after_six_hours_the_app_has_it_and_nobody_tries_for_ever(world: World, functions: Functions) -> None:
    functions.fates["ada"] = BUSY
    alert_id = told_of(world, functions)
    with pytest.raises(push.NotAllReached):
        functions.run_pushes()
    functions.now_ms += 6 * HOUR + MINUTE
    assert reconcile.retry_pushes(functions.cloud) == 1
    functions.run_pushes()
    assert (alert_of(world, alert_id)["push"], len(functions.told)) == ("failed", 1)
    assert reconcile.retry_pushes(functions.cloud) == 0


def test_only_a_dead_token_is_forgotten(world: World, functions: Functions) -> None:
    bob, eve = member(world, functions, "bob"), member(world, functions, "eve")
    functions.fates |= {"bob": DEAD, "eve": FAILED}
    alert_id = told_of(world, functions)
    functions.run_pushes()
    assert bob.list(documents.push_devices(bob.uid)) == {}
    assert set(eve.list(documents.push_devices(eve.uid))) == {"phone"}
    assert alert_of(world, alert_id)["push"] == "failed"


def test_a_device_that_registered_anew_meanwhile_is_not_forgotten_with_its_old_token(
    world: World, functions: Functions
) -> None:
    bob = member(world, functions, "bob")
    old = devices.of_person(functions.cloud, bob.uid)
    functions.call(devices.register, bob.uid, device="phone", token="newer", platform="android")
    devices.forget(functions.cloud, old)
    assert devices.of_person(functions.cloud, bob.uid)[0].token == "newer"


def test_wherever_a_sender_dies_everybody_is_told_and_twice_only_where_nobody_could_know(
    world: World, functions: Functions
) -> None:
    world.owner.set(documents.user(world.owner.uid), {"channels": {"mail": ["overuse"]}})
    twice, number, cut = [], 0, True
    while cut:
        number += 1
        cut = False
        for after in (False, True):
            functions.told.clear()
            functions.now_ms += 24 * HOUR
            alert_id = told_of(world, functions, boot=10 + 2 * number + after)
            functions.wire.calls, functions.wire.cut_at, functions.wire.cut_after = 0, number, after
            try:
                functions.run_pushes()
            except Killed:
                cut = True
            functions.wire.cut_at = None
            functions.now_ms += pushes.CLAIM_MS
            functions.run_pushes()  # Cloud Tasks tries again
            alert = alert_of(world, alert_id)
            assert (alert["push"], len(alert["pushed"]), len(alert["mailed"])) == ("sent", 1, 1), f"call {number}"
            assert 1 <= len(functions.told) <= 2
            twice += [(number, after)] if len(functions.told) == 2 else []
            assert len(mails_about(world, alert_id)) == 1
    assert number > 8
    assert twice, "a build that never told twice here would lose notices elsewhere"
    first, last = min(twice), max(twice)
    assert first[1], "FCM has answered when it is told twice"
    assert last[0] - first[0] <= 2  # FCM's answer, reading the alert, writing to it: no other call comes between


def mails_about(world: World, alert_id: str) -> list[Json]:
    found = world.db.collection("mail").where(filter=FieldFilter("alert", "==", alert_id)).stream()
    return [each.to_dict() or {} for each in found]


def test_mail_goes_to_who_asked_in_the_form_the_extension_sends(world: World, functions: Functions) -> None:
    world.db.document(documents.home(world.home)).update({"name": "Chez <b>nous"})
    bob = member(world, functions, "bob", locale="fr", channels={"mail": ["overuse"], "push": False}, **QUIET)
    functions.now_ms = at(23)
    alert_id = told_of(world, functions)
    functions.run_pushes()
    (mail,) = mails_about(world, alert_id)
    assert (mail["to"], mail["uid"]) == ([f"{bob.uid}@example.org"], bob.uid)
    assert mail["message"]["subject"] == "Consommation plus forte que prévu – Chez <b>nous"
    assert "Chez &lt;b&gt;nous" in mail["message"]["html"]
    assert "<b>" not in mail["message"]["html"]
    assert "3\u202f120 W" in mail["message"]["text"]
    assert mail["expires"].timestamp() * 1000 > functions.now_ms
    assert functions.tokens_told() == ["ada"]


def test_a_mailbox_is_not_filled(world: World, functions: Functions) -> None:
    world.owner.set(documents.user(world.owner.uid), {"channels": {"mail": ["overuse"]}})
    for number in range(12):
        told_of(world, functions, boot=number, channel=f"channel_{number}")
    functions.run_pushes()
    assert len(list(world.db.collection("mail").where(filter=FieldFilter("uid", "==", world.owner.uid)).stream())) == 10
    functions.now_ms += 24 * HOUR
    told_of(world, functions, boot=20)
    functions.run_pushes()
    assert len(list(world.db.collection("mail").where(filter=FieldFilter("uid", "==", world.owner.uid)).stream())) == 11


# --- silence ---------------------------------------------------------------------------------------------------------


def status(world: World, state: str, since_ms: int) -> Json:
    return {"type": "status", "v": 1, "meter": world.meter, "state": state, "since_ms": since_ms}


def test_a_meter_s_silence_is_one_alert_with_its_end_in_whatever_order_it_is_told(
    world: World, functions: Functions
) -> None:
    since = functions.now_ms
    words = [status(world, "back", since + 9 * MINUTE), status(world, "silent", since)]
    functions.now_ms += 10 * MINUTE
    for told in ([words[0]], [words[1]], words, words[::-1]):
        functions.send(told)
    ((name, alert),) = alerts_of_kind(world, "silent").items()
    assert name == f"silent-{world.meter}-{since}"
    assert (alert["start_ms"], alert["end_ms"], alert["push"]) == (since, since + 9 * MINUTE, "none")
    assert world.stored(documents.meter(world.meter))["state"] == "on"


def test_a_meter_that_stays_silent_is_told_after_a_quarter_of_an_hour(world: World, functions: Functions) -> None:
    since = functions.now_ms
    functions.now_ms += 30_000
    functions.send([status(world, "silent", since)])
    functions.run_pushes()
    assert functions.told == []
    functions.now_ms = since + 15 * MINUTE
    functions.run_pushes()
    (notice,) = functions.told
    assert (notice.title, notice.body) == (
        "The meter fell silent",
        "Home: the meter cannot be heard. Check its power and Wi-Fi.",
    )
    functions.send([status(world, "back", functions.now_ms)])
    assert next(iter(alerts_of_kind(world, "silent").values()))["end_ms"] == functions.now_ms


def beat(world: World, functions: Functions) -> None:
    health = {"last_ms": functions.now_ms, "firmware": 1, "model": 0}
    told = {"type": "heartbeat", "version": "0.1.0", "queue": 0, "meters": {world.meter: health}}
    functions.send([told])


def silenced(world: World, functions: Functions) -> int:
    """The hub tells of itself once more, and no more until it is overdue; returns when it was heard last."""
    functions.now_ms += 24 * HOUR
    beat(world, functions)
    heard_ms = functions.now_ms
    functions.now_ms = presence.due_ms(heard_ms, 1) + 1
    return heard_ms


def test_a_hub_that_does_not_tell_of_itself_is_missed_and_found_again(world: World, functions: Functions) -> None:
    heard_ms = silenced(world, functions)
    reads = functions.wire.reads
    functions.now_ms -= 2
    assert absence.watch_hubs(functions.cloud) == 0
    assert functions.wire.reads == reads + 1, "a look costs one read while all are there"
    functions.now_ms += 2
    assert absence.watch_hubs(functions.cloud) == 1
    assert absence.watch_hubs(functions.cloud) == 0
    functions.run_pushes()
    assert [notice.title for notice in functions.told] == ["The hub fell silent"]
    ((name, alert),) = alerts_of_kind(world, "hub_silent").items()
    assert (name, alert["start_ms"], alert["end_ms"]) == (f"hub_silent-{world.hub.uid}-{heard_ms}", heard_ms, None)
    functions.now_ms += MINUTE
    beat(world, functions)
    assert alerts_of_kind(world, "hub_silent")[name]["end_ms"] == functions.now_ms
    assert world.stored(documents.hub(world.hub.uid))["silent_ms"] is None
    assert absence.watch_hubs(functions.cloud) == 0


@pytest.mark.parametrize("answers", [True, False])
def test_a_lone_hub_that_brings_nothing_more_is_asked_and_missed_within_the_hour(
    world: World, functions: Functions, answers: bool
) -> None:
    beat(world, functions)
    heard_ms = functions.now_ms
    quiet_for(world, functions, presence.QUIET_MS - MINUTE)
    reconcile.run(functions.cloud)
    assert "asked_ms" not in world.stored(documents.hub(world.hub.uid))
    quiet_for(world, functions, presence.QUIET_MS + MINUTE)
    reconcile.run(functions.cloud)
    asked_ms = functions.now_ms
    assert world.stored(documents.hub(world.hub.uid))["asked_ms"] == asked_ms
    functions.now_ms += 900_000
    if answers:
        beat(world, functions)
    functions.now_ms = asked_ms + presence.LATE_MS + 1
    assert absence.watch_hubs(functions.cloud) == (0 if answers else 1)
    assert functions.now_ms < heard_ms + presence.pause_ms(1), "no heartbeat was to be written before"


def quiet_for(world: World, functions: Functions, ms: int) -> None:
    """The last quarter of the home was stored so long ago, and its hub's last heartbeat before that."""
    functions.now_ms = world.stored(documents.hub(world.hub.uid))["last_ms"] + ms + 1
    written = dt.datetime.fromtimestamp((functions.now_ms - ms) / 1000, dt.UTC)
    local = yesterday()
    world.hub.ingest(sent(world.quarters(local, 1)))
    world.db.document(documents.day(world.home, local.day)).update({"updated": written})


def test_wherever_the_watch_dies_a_silent_hub_has_one_alert_that_ends(world: World, functions: Functions) -> None:
    number, cut, lost = 0, True, 0
    while cut:
        number += 1
        cut = False
        for after in (False, True):
            heard_ms = silenced(world, functions)
            functions.wire.calls, functions.wire.cut_at, functions.wire.cut_after = 0, number, after
            try:
                absence.watch_hubs(functions.cloud)
            except Killed:
                cut = True
            functions.wire.cut_at = None
            name = f"hub_silent-{world.hub.uid}-{heard_ms}"
            lost += name not in alerts_of_kind(world, "hub_silent")
            if number % 2:
                absence.watch_hubs(functions.cloud)  # two minutes later
            beat(world, functions)
            found = alerts_of_kind(world, "hub_silent").get(name)
            assert found is None or found["end_ms"] == functions.now_ms, f"call {number}"
            assert found is not None or number % 2 == 0
    assert lost, "without the second look some would be missing"


def test_a_heartbeat_in_the_middle_of_the_watch_leaves_no_alert_open(world: World, functions: Functions) -> None:
    silenced(world, functions)
    finding = functions.cloud.store.find
    beaten: list[bool] = []

    def and_a_heartbeat(query: Any) -> Any:
        if query._parent.id == "homes" and not beaten:
            beaten.append(True)
            beat(world, functions)
        return finding(query)

    object.__setattr__(functions.cloud.store, "find", and_a_heartbeat)
    absence.watch_hubs(functions.cloud)
    functions.now_ms += MINUTE
    beat(world, functions)
    (alert,) = alerts_of_kind(world, "hub_silent").values()
    assert alert["end_ms"] is not None
    assert world.stored(documents.hub(world.hub.uid))["silent_ms"] is None


def test_a_hub_whose_access_was_withdrawn_is_not_missed(world: World, functions: Functions) -> None:
    silenced(world, functions)
    world.db.document(documents.hub(world.hub.uid)).update({"revoked": True})
    assert absence.watch_hubs(functions.cloud) == 0
    assert world.stored(documents.hub(world.hub.uid))["due_ms"] is None


# --- what the cloud judges -------------------------------------------------------------------------------------------


def forecast(start_s: int, **changes: Any) -> Json:
    flat = {"p50": [400] * 48, "lo95": [200] * 48, "hi95": [300] * 48}
    return {"start_s": start_s, "hours": 48, "load_wh": flat, "pv_wh": flat, **changes}


def test_a_day_that_uses_too_much_is_told_as_it_runs_and_ends_with_it(world: World, functions: Functions) -> None:
    day = ledger.local_day(at(12) // 1000, ZoneInfo(ZONE))
    world.db.document(documents.insight(world.home, "forecast")).set(forecast(day.start_s))
    path = documents.day(world.home, day.day)
    before: Json | None = None
    with triggers_lost(world.stack):  # this day runs by a clock of its own
        for index, interval in enumerate(quarters(world.meter, day, day.quarters, each=Registers(300_000, 0, 0, 0))):
            functions.now_ms = (interval.start_s + QUARTER_S) * 1000
            functions.send([interval.to_json()])
            if index % 16 == 0 or index == day.quarters - 1:
                functions.trigger(world.home, day.day, before, world.stored(path))
                functions.run_pushes()
                before = world.stored(path)
    (alert,) = alerts_of_kind(world, "overuse").values()
    assert (alert["channel"], alert["end_ms"]) == ("day_energy", day.end_s * 1000)
    assert (alert["value"], alert["usual_hi"]) == (28_800 * day.quarters // 96, 75 * day.quarters)
    (notice,) = functions.told
    assert notice.body == "Home: used today so far 4.8 kWh, expected 0.8 to 1.2 kWh."


def night(world: World, functions: Functions, pv_wh: float, made: Json | None = None, ago: int = 0) -> None:
    """A night after a day with so much sun."""
    zone = ZoneInfo(ZONE)
    day = cloud_ledger.day_of(dt.datetime.now(zone).date() - dt.timedelta(days=ago), zone)
    of_day = {"day": day.day, "totals": {"pv_wh": pv_wh}, "measured_permille": 1000}
    functions.now_ms = day.end_s * 1000 + 3 * HOUR
    known = Known(day, ZONE, [of_day], [], forecast(day.start_s), None)
    judge.night(functions.cloud, world.home, world.stored(documents.home(world.home)), known, made or {})


def test_low_pv_is_told_on_its_second_day_and_ends_with_a_better_one(world: World, functions: Functions) -> None:
    night(world, functions, 100, ago=4)
    night(world, functions, 100, ago=4)  # the task runs twice
    assert alerts_of_kind(world, "pv_low") == {}
    night(world, functions, 200, ago=3)
    ((name, alert),) = alerts_of_kind(world, "pv_low").items()
    assert (alert["channel"], alert["value"], alert["end_ms"]) == ("day_pv", 200, None)
    functions.run_pushes()
    assert functions.told == [], "judged in the night, it waits for the day"
    functions.now_ms = alert["due_ms"] if alert["due_ms"] else functions.now_ms
    night(world, functions, 9_000, ago=2)
    assert alerts_of_kind(world, "pv_low")[name]["end_ms"] == functions.now_ms
    night(world, functions, 100, ago=1)
    assert len(alerts_of_kind(world, "pv_low")) == 1


def test_a_loss_of_the_panels_is_told_with_its_money_and_ends_when_it_is_mended(
    world: World, functions: Functions
) -> None:
    loss = {"cause": "shading", "status": "ready", "since": "2026-11-03", "lost_wh": 12_340, "lo_wh": 9_000}
    panels = {**loss, "hi_wh": 16_000, "lost_micro": 3_100_000}
    night(world, functions, 9_000, {"panels": panels}, ago=3)
    alert = alert_of(world, "pv_low-shading-2026-11-03")
    assert (alert["channel"], alert["value"], alert["lost_micro"]) == ("pv_shading", 12_340, 3_100_000)
    functions.run_pushes()
    assert functions.told == [], "judged in the night, it waits for the day"
    functions.now_ms = alert_of(world, "pv_low-shading-2026-11-03")["due_ms"]
    functions.run_pushes()
    (notice,) = functions.told
    assert "Lost so far: 12.3 kWh (3.10 " in notice.body
    night(world, functions, 9_000, {"panels": {"cause": "none", "status": "ready"}}, ago=2)
    assert alert_of(world, "pv_low-shading-2026-11-03")["end_ms"] == functions.now_ms


def test_a_month_over_its_budget_is_told_by_day_and_ends_when_it_is_within_it(
    world: World, functions: Functions
) -> None:
    world.db.document(documents.home(world.home)).update({"budget": {"month_micro": 90_000_000}})
    bill = {"month": "2026-11", "lo_micro": 95_000_000, "p50_micro": 112_000_000, "hi_micro": 130_000_000}
    night(world, functions, 9_000, {"bill": bill}, ago=3)
    functions.run_pushes()
    assert functions.told == []
    (alert,) = alerts_of_kind(world, "over_budget").values()
    functions.now_ms = alert_of(world, "over_budget-month-2026-11")["due_ms"]
    functions.run_pushes()
    assert [notice.body for notice in functions.told] == ["Home: the month will probably cost 112 EUR, planned 90 EUR."]
    night(world, functions, 9_000, {"bill": {**bill, "p50_micro": 115_000_000}}, ago=2)
    assert alert_of(world, "over_budget-month-2026-11")["value"] == 115
    night(world, functions, 9_000, {"bill": {**bill, "lo_micro": 80_000_000}}, ago=1)
    (alert,) = alerts_of_kind(world, "over_budget").values()
    assert alert["end_ms"] == functions.now_ms
    assert alert["push"] == "sent"


def test_a_meter_that_nobody_calibrated_is_told_of_until_somebody_does(world: World, functions: Functions) -> None:
    made = dt.datetime.now(dt.UTC) - dt.timedelta(days=60)
    world.db.document(documents.home(world.home)).update({"created": made})
    night(world, functions, 9_000, ago=2)
    ((name, alert),) = alerts_of_kind(world, "calibration_due").items()
    assert (alert["meter"], alert["end_ms"], alert["value"]) == (world.meter, None, None)
    world.db.document(documents.downlink(world.meter)).update({"commands": [{"id": 5, "expires_s": 9}]})
    result = {"type": "result", "v": 1, "meter": world.meter, "command_id": 5, "code": 0}
    functions.send([{**result, "text": '{"step":"current","verdict":"good","version":2}'}])
    assert world.stored(documents.meter(world.meter))["calibrated_ms"] == functions.now_ms
    night(world, functions, 9_000, ago=1)
    assert alerts_of_kind(world, "calibration_due")[name]["end_ms"] == functions.now_ms
