"""Who may do what with every path: one table, run against the emulator as real signed-in users.

A cell is a path, a principal and a verb. What the table does not name is denied.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from contract import documents
from dev.actors import Account, Denied, Json, Nobody, Person, new_meter_id
from dev.stack import Stack
from tests.emulator.world import World, give_areas, master_key

pytestmark = pytest.mark.stack

AREA = "north"
NOW = dt.datetime.now(dt.UTC)
PEOPLE = {"stranger", "viewer", "member", "owner", "operator"}
OF_THE_HOME = {"viewer", "member", "owner"}
HUBS = {"hub", "foreign hub"}
PRINCIPALS = {"anonymous", *PEOPLE, *HUBS}
VERBS = ("get", "list", "create", "update", "delete")


@dataclass(frozen=True)
class Rights:
    """Principals who may do each thing with a path."""

    get: set[str] = field(default_factory=set)
    list: set[str] = field(default_factory=set)
    create: set[str] = field(default_factory=set)
    update: set[str] = field(default_factory=set)
    delete: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Cast:
    """The home and everybody who may try something with it."""

    world: World
    accounts: dict[str, Account]
    other_meter: str

    @property
    def names(self) -> dict[str, str]:
        return {
            "home": self.world.home,
            "meter": self.world.meter,
            "hub": self.world.hub.uid,
            "owner": self.world.owner.uid,
            "area": AREA,
        }


READ_IN_THE_HOME = Rights(get=OF_THE_HOME, list=OF_THE_HOME)
NOTHING = Rights()
TABLE = {
    "users/{owner}": Rights(get={"owner"}, create={"owner"}, update={"owner"}),
    "users/{owner}/push/device": Rights(get={"owner"}, list={"owner"}, delete={"owner"}),
    "users/{owner}/secrets/x": NOTHING,
    "homes/{home}": Rights(get=OF_THE_HOME, list=PEOPLE),  # listed are one's own: a stranger finds none
    "homes/{home}/days/2026-11-22": READ_IN_THE_HOME,
    "homes/{home}/months/2026-11": READ_IN_THE_HOME,
    "homes/{home}/alerts/a1": READ_IN_THE_HOME,
    "homes/{home}/insight/model": READ_IN_THE_HOME,
    "homes/{home}/kept/minutes": NOTHING,
    "homes/{home}/jobs/j1": READ_IN_THE_HOME,
    "homes/{home}/tariffs/t1": READ_IN_THE_HOME,
    "homes/{home}/prices/2026-11": READ_IN_THE_HOME,
    "homes/{home}/jobs/j1/batches/2026-11": NOTHING,
    "homes/{home}/invitations/i1": Rights(get={"owner"}, list={"owner"}),  # they name who was invited
    "homes/{home}/live/now": Rights(get=OF_THE_HOME, create={"hub"}, update={"hub"}),
    "homes/{home}/live/other": NOTHING,
    "homes/{home}/elsewhere/x": NOTHING,
    "meters/{meter}": Rights(get=OF_THE_HOME),
    "meters/{meter}/assignments/1": NOTHING,
    "downlink/{meter}": Rights(get={"hub"}, list=HUBS),  # a hub finds its own meters, and no others
    "downlink/erase-{meter}-1": NOTHING,  # of another hub: who is not named in it does not see it
    "deletions/{owner}": Rights(get={"owner"}),
    "offers/o1": NOTHING,
    "hubs/{hub}": Rights(get={"hub", "owner", "operator"}, list=PEOPLE),  # listed are one's own
    "enrolments/e1": NOTHING,
    "limits/l1": NOTHING,
    "system/reconcile": NOTHING,
    "areas/{area}": Rights(get={"operator"}),
    "areas/{area}/signals/{meter}": Rights(get={"operator"}, list={"operator"}),
    "areas/{area}/outages/o1": Rights(get={"operator"}, list={"operator"}),
    "areas/{area}/sheds/s1": Rights(get={"operator"}, list={"operator"}),
    "areas/{area}/commands/c1": Rights(get={"operator"}, list={"operator"}),
    "areas/{area}/elsewhere/x": NOTHING,
    "areas/south": NOTHING,
    "areas/south/signals/{meter}": NOTHING,
    "areas/south/outages/o1": NOTHING,
    "areas/south/sheds/s1": NOTHING,
    "areas/south/commands/c1": NOTHING,
    "mail/m1": NOTHING,
    "tombstones/t1": NOTHING,
    "releases/r1": NOTHING,
    "anything/else": NOTHING,
}
FILTERED: dict[str, Callable[[Account], tuple[str, str, Any, str]]] = {  # how a client lists what it may list
    "homes/{home}": lambda who: ("homes", "member_uids", who.uid, "ARRAY_CONTAINS"),
    "downlink/{meter}": lambda who: ("downlink", "hub", who.uid, "EQUAL"),
    "hubs/{hub}": lambda who: ("hubs", "owner", who.uid, "EQUAL"),
}


def live(meter: str) -> Json:
    return {
        "meter": meter,
        "ts_ms": 1_795_305_600_000,
        "grid_w": -350.5,
        "pv_w": 1200,
        "house_w": 849.5,
        "v_v": 231.4,
        "f_hz": 50.01,
        "grid_a": 1.6,
        "pv_a": 5.2,
        "grid_pf": -0.94,
        "pv_pf": None,
        "u_w": 12,
        "expires": NOW + dt.timedelta(hours=1),
    }


PROFILE: Json = {
    "name": "Ada",
    "locale": "en",
    "quiet": {"from_min": 1320, "to_min": 420},
    "mutes": {"sag": None, "overuse": 1_795_305_600_000},
    "channels": {"push": True, "mail": ["outage", "tamper"]},
    "shows": {"power": "W", "co2": False},
    "created": NOW,
}
DEVICE: Json = {"token": "t", "platform": "web", "updated": NOW}


@pytest.fixture(scope="module")
def cast(session_stack: Stack) -> Iterator[Cast]:
    with made_cast(session_stack) as made:
        yield made


@contextmanager
def made_cast(stack: Stack) -> Iterator[Cast]:
    """A home with a hub whose lease runs, and one account of each kind."""
    stack.clear()
    world = World.made(stack, area=AREA)
    people = {name: Person.somebody(world.place) for name in ("stranger", "viewer", "member", "operator")}
    give_areas(stack, people["operator"], [AREA])
    world.db.document(documents.hub(world.hub.uid)).update({"areas": [AREA]})
    roles = {world.owner.uid: "owner", people["member"].uid: "member", people["viewer"].uid: "viewer"}
    world.db.document(documents.home(world.home)).update({"roles": roles, "member_uids": list(roles)})
    world.owner.call("lease", home=world.home)
    foreign = World.made(stack)
    accounts = {
        **people,
        "anonymous": Nobody(world.place, "", ""),
        "owner": world.owner,
        "hub": world.hub,
        "foreign hub": foreign.hub,
    }
    assert set(accounts) == PRINCIPALS
    yield Cast(world, accounts, foreign.meter)
    stack.clear()


def valid(template: str, cast: Cast) -> Json:
    """Fields that a client with the right to write this path would write."""
    if template == "users/{owner}":
        return PROFILE
    if template.startswith("users/{owner}/push"):
        return DEVICE
    return live(cast.world.meter) if "/live/" in template else {"x": 1}


@pytest.mark.parametrize("template", TABLE)
def test_every_cell_of_the_table_holds(cast: Cast, template: str) -> None:
    assert not wrong_cells(cast, template)


def wrong_cells(cast: Cast, template: str) -> list[str]:
    """What somebody may do with a path and should not, or should and may not."""
    path = template.format(**cast.names)
    reference = cast.world.db.document(path)
    kept = reference.get().to_dict()
    present = kept or valid(template, cast)
    wrong = []
    for verb in VERBS:
        for name in sorted(PRINCIPALS):
            reference.delete() if verb == "create" else reference.set(present)
            may = allowed(cast.accounts[name], verb, template, path, valid(template, cast))
            if may != (name in getattr(TABLE[template], verb)):
                wrong.append(f"{name} {'may' if may else 'may not'} {verb} {path}")
    reference.set(present)
    return wrong


def allowed(account: Account, verb: str, template: str, path: str, fields: Json) -> bool:
    try:
        match verb:
            case "get":
                account.get(path)
            case "list":
                _list(account, template, path)
            case "create":
                account.create(path, fields)
            case "update":
                account.update(path, fields)
            case "delete":
                account.delete(path)
    except Denied:
        return False
    return True


def _list(account: Account, template: str, path: str) -> None:
    if template in FILTERED:
        account.find(*FILTERED[template](account))
    else:
        account.list(path.rsplit("/", 1)[0])


@pytest.mark.parametrize("template", FILTERED)
def test_without_its_filter_a_collection_is_listed_by_nobody(cast: Cast, template: str) -> None:
    for account in cast.accounts.values():
        with pytest.raises(Denied):
            account.list(template.split("/")[0])


def test_a_filtered_list_holds_ones_own_and_nothing_else(cast: Cast) -> None:
    for name, account in cast.accounts.items():
        if name in PEOPLE:
            homes = account.find(*FILTERED["homes/{home}"](account))
            assert set(homes) == ({cast.world.home} if name in OF_THE_HOME else set())
    assert set(cast.world.hub.find(*FILTERED["downlink/{meter}"](cast.world.hub))) == {cast.world.meter}
    assert set(cast.accounts["foreign hub"].find(*FILTERED["downlink/{meter}"](cast.accounts["foreign hub"]))) == {
        cast.other_meter
    }


def test_nobody_finds_anothers_homes_by_asking_for_them(cast: Cast) -> None:
    with pytest.raises(Denied):
        cast.accounts["stranger"].find("homes", "member_uids", cast.world.owner.uid, "ARRAY_CONTAINS")
    with pytest.raises(Denied):
        cast.accounts["foreign hub"].find("downlink", "hub", cast.world.hub.uid)


LIVE_FAULTS: dict[str, Json] = {
    "a field too many": {"extra": 1},
    "a power as text": {"grid_w": "400"},
    "a power beyond the clamps": {"house_w": 250_000},
    "a voltage below zero": {"v_v": -1},
    "a power factor above one": {"grid_pf": 1.2},
    "a time as text": {"ts_ms": "now"},
    "no end of life": {"expires": None},
    "an end of life far away": {"expires": NOW + dt.timedelta(days=30)},
    "a meter that is no text": {"meter": 5},
}


@pytest.mark.parametrize("fault", LIVE_FAULTS)
def test_a_live_reading_is_checked_field_by_field(cast: Cast, fault: str) -> None:
    with pytest.raises(Denied):
        cast.world.hub.set(documents.live(cast.world.home), {**live(cast.world.meter), **LIVE_FAULTS[fault]})


@pytest.mark.parametrize("missing", ["meter", "ts_ms", "grid_w", "expires"])
def test_a_live_reading_needs_all_its_fields(cast: Cast, missing: str) -> None:
    reading = {name: value for name, value in live(cast.world.meter).items() if name != missing}
    with pytest.raises(Denied):
        cast.world.hub.set(documents.live(cast.world.home), reading)


def test_a_hub_writes_no_live_reading_of_a_meter_of_another_home(cast: Cast) -> None:
    with pytest.raises(Denied):
        cast.world.hub.set(documents.live(cast.world.home), live(cast.other_meter))


def test_live_readings_end_with_the_lease(cast: Cast) -> None:
    downlink = cast.world.db.document(documents.downlink(cast.world.meter))
    cast.world.hub.set(documents.live(cast.world.home), live(cast.world.meter))
    until = downlink.get().get("lease_until")
    downlink.update({"lease_until": NOW - dt.timedelta(seconds=1)})
    with pytest.raises(Denied):
        cast.world.hub.set(documents.live(cast.world.home), live(cast.world.meter))
    downlink.update({"lease_until": until})


def test_a_hub_of_several_homes_writes_each_only_with_its_own_meter(cast: Cast) -> None:
    cottage, meter = cast.world.owner.new_home("Cottage"), new_meter_id()
    cast.world.hub.claim(cast.world.owner, cottage, meter, master_key(cast.world.stack))
    cast.world.owner.call("lease", home=cottage)
    cast.world.hub.set(documents.live(cottage), live(meter))
    with pytest.raises(Denied):
        cast.world.hub.set(documents.live(cottage), live(cast.world.meter))
    cast.world.db.document(documents.home(cottage)).delete()


PROFILE_FAULTS: dict[str, Json] = {
    "a role of one's own making": {"role": "operator"},
    "a name as long as a book": {"name": "x" * 81},
    "a number for a name": {"name": 5},
    "quiet hours beyond the day": {"quiet": {"from_min": 0, "to_min": 1440}},
    "quiet hours with extras": {"quiet": {"from_min": 0, "to_min": 10, "why": "sleep"}},
    "a date as text": {"created": "yesterday"},
    "a mute of what is no kind": {"mutes": {"noise": None}},
    "a mute until a word": {"mutes": {"sag": "tomorrow"}},
    "a mute until a fraction": {"mutes": {"calibration_due": 1.5}},
    "mutes that are a list": {"mutes": ["sag"]},
    "channels with extras": {"channels": {"push": True, "sms": True}},
    "a channel that is no switch": {"channels": {"push": "yes"}},
    "mail of what is no kind": {"channels": {"mail": ["noise"]}},
    "mail of a kind sixteen times": {"channels": {"mail": ["sag"] * 16}},
    "mail that is a map": {"channels": {"mail": {"sag": True}}},
    "power in horses": {"shows": {"power": "hp"}},
    "a word on CO2": {"shows": {"co2": "no"}},
    "figures with extras": {"shows": {"power": "W", "heat": True}},
}


@pytest.mark.parametrize("kind", documents.ALERT_KINDS)
def test_every_kind_can_be_muted_and_mailed(cast: Cast, kind: str) -> None:
    owner = cast.world.owner
    for until in (None, 1_795_305_600_000):
        owner.set(f"users/{owner.uid}", {**PROFILE, "mutes": {kind: until}, "channels": {"mail": [kind]}})
    with pytest.raises(Denied):
        owner.set(f"users/{owner.uid}", {**PROFILE, "mutes": {kind: -1}})


@pytest.mark.parametrize("fault", PROFILE_FAULTS)
def test_a_profile_is_checked_field_by_field(cast: Cast, fault: str) -> None:
    owner = cast.world.owner
    with pytest.raises(Denied):
        owner.set(f"users/{owner.uid}", {**PROFILE, **PROFILE_FAULTS[fault]})


def test_a_profile_may_go_without_settings(cast: Cast) -> None:
    owner = cast.world.owner
    owner.set(f"users/{owner.uid}", {"name": "Ada", "locale": "fr"})
    owner.set(f"users/{owner.uid}", {**PROFILE, "quiet": None})
