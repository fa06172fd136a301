"""For every function that is reached over HTTP: somebody who may call it, and a call that it takes.

A seed is made right before it is used, on what the seeds before it left: what ends something comes last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contract import documents
from dev import release
from dev.actors import Account, Enrolment, Hub, Json, Nobody, Person, label_of, new_meter_id
from tests.emulator.test_bills import answered, bill_readings, with_whole_days
from tests.emulator.test_firmware import FILES
from tests.emulator.test_takeaway import hours, sends
from tests.emulator.world import World, days_ago, event, give_areas, master_key, sent
from tests.unit.functions.test_tariff import GOOD as TARIFF

AREA = "north"
HTTPS = ("ingest", "enrolstart", "enrolpoll", "firmwarefile", "healthz")  # no callables: their body is the data
PRICES: Json = {"series": "import", "start_s": 1_795_305_600, "step_s": 3600, "prices_micro": [1, None, 3]}


@dataclass(frozen=True)
class Seed:
    """A call that is taken."""

    by: Account
    call: Json


@dataclass(frozen=True)
class Scene:
    """A home in an area, the people around it, and what they need."""

    world: World
    operator: Person
    bob: Person  # a member of the home, with a hub and a home of his own
    cid: Person  # somebody else
    bobs_home: str
    bobs_hub: Hub
    cottage: str  # the owner's second home
    annex: str  # the owner's third home, without anything

    @staticmethod
    def made(world: World) -> Scene:
        """The world's home must lie in AREA."""
        place, ada = world.place, world.owner
        operator, bob, cid = (Person.somebody(place) for _ in range(3))
        give_areas(world.stack, operator, [AREA])
        bob.call("acceptinvitation", home=world.home, code=ada.call("invite", home=world.home, role="member")["code"])
        bobs_home = bob.new_home("Next door")
        bobs_hub = Hub.enrolled(place, bob, bobs_home)
        release.publish(world.db, 2, FILES)
        with_whole_days(world, 3)
        world.hub.ingest([event(world.meter)])
        cottage, annex = ada.new_home("Cottage"), ada.new_home("Annex")
        return Scene(world, operator, bob, cid, bobs_home, bobs_hub, cottage, annex)

    @property
    def home(self) -> str:
        return self.world.home

    def ada(self, home: str | None = None, **call: Any) -> Seed:
        """The owner calls, about the home or another one."""
        return Seed(self.world.owner, {"home": home or self.home, **call})

    def enrolling(self) -> Enrolment:
        return Enrolment.started(self.world.place)

    def invited(self, **to: Any) -> Json:
        return self.world.owner.call("invite", home=self.home, role="viewer", **to)

    def imported(self) -> str:
        """A job of an import that was read whole."""
        return sends(self.world.owner, self.home, hours(2))[0]


def _claim(scene: Scene) -> Seed:
    meter = new_meter_id()
    scene.world.hub.ingest([{"type": "sighting", "meter": meter}])
    return scene.ada(scene.cottage, label=label_of(meter, master_key(scene.world.stack)))


def _apply_bill(scene: Scene) -> Seed:
    gain_ppm = scene.world.owner.call("fitbill", home=scene.home, **_readings())["gain_ppm"]
    scene.world.db.document(documents.downlink(scene.world.meter)).update({"commands": _newest(scene)})
    answered(scene.world, version=1)
    return scene.ada(gain_ppm=gain_ppm)


def _readings() -> Json:
    return {"readings": bill_readings([days_ago(ago) for ago in (3, 2, 1)]), "resolution_wh": 1, "within_s": 60}


def _newest(scene: Scene) -> list[Json]:
    """The command that was asked last: the seeds before asked for others."""
    commands: list[Json] = scene.world.stored(documents.downlink(scene.world.meter))["commands"]
    return [max(commands, key=lambda command: int(command["id"]))]


def _import_piece(scene: Scene) -> Seed:
    text = hours(2)
    job = scene.world.owner.call("importstart", home=scene.home, name="old.csv", head=text)["job"]
    return scene.ada(job=job, number=0, text=text, last=True)


def _export_page(scene: Scene) -> Seed:
    started = scene.world.owner.call("exportstart", home=scene.home, format="json")
    return scene.ada(export=started["export"], cursor=started["cursor"])


def _offer(scene: Scene) -> str:
    return str(scene.bob.call("offerhub", hub=scene.bobs_hub.uid)["code"])


def _ends_neighbour(scene: Scene) -> Seed:
    """The cottage's meter is the owner's hub's; it is the home without one that the neighbour serves."""
    scene.world.owner.call("accepthub", home=scene.annex, code=_offer(scene))
    return scene.ada(scene.annex, hub=scene.bobs_hub.uid)


def _passes(scene: Scene) -> Seed:
    """A call that leaves out the hub is taken too: the home is the owner's again."""
    living = {scene.world.owner.uid: "owner", scene.bob.uid: "member"}
    scene.world.db.document(documents.home(scene.home)).update({"roles": living, "member_uids": sorted(living)})
    return scene.ada(member=scene.bob.uid, hub=True)


def _sheds(scene: Scene) -> Seed:
    """The first call learns who is in the area, whatever comes of it: that is made before."""
    call = {"area": AREA, "homes": [scene.home], "for_s": 900, "reason": "Feeder 3."}
    scene.operator.call("shedload", **call, shed="s0")
    return Seed(scene.operator, {**call, "shed": "s1"})


def _tariff(scene: Scene, **changes: Any) -> Json:
    return {**TARIFF, "valid_from": days_ago(2).day, **changes}


def _alert(scene: Scene, **call: Any) -> Seed:
    return scene.ada(alert=f"{scene.world.meter}-7-40", **call)


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


SEEDS: dict[str, Callable[[Scene], Seed]] = {
    # hubs and Pis
    "healthz": lambda scene: Seed(Nobody(scene.world.place, "", ""), {}),
    "enrolstart": lambda scene: Seed(Nobody(scene.world.place, "", ""), {"hub_name": "Hub", "hub": "hub-1"}),
    "enrolpoll": lambda scene: Seed(Nobody(scene.world.place, "", ""), {"device_code": scene.enrolling().device_code}),
    "firmwarefile": lambda scene: Seed(scene.world.hub, {"version": 2, "sha256": _digest(FILES["app.py"])}),
    "linkkeys": lambda scene: Seed(scene.world.hub, {"meters": [scene.world.meter, new_meter_id()]}),
    "ingest": lambda scene: Seed(
        scene.world.hub, {"v": 1, "sent_ms": 1, "items": sent(scene.world.quarters(days_ago(1), 2))}
    ),
    # the home and its things
    "createhome": lambda scene: Seed(
        scene.cid, {"name": "Home", "zone": "Europe/Paris", "currency": "EUR", "area": AREA}
    ),
    "changehome": lambda scene: scene.ada(scene.annex, name="Annex", zone="Europe/Berlin", currency="EUR", area=AREA),
    "enrolapprove": lambda scene: scene.ada(scene.annex, user_code=scene.enrolling().user_code),
    "claimmeter": _claim,
    "lease": lambda scene: scene.ada(),
    "sharelocally": lambda scene: scene.ada(mqtt=True, page=True),
    "rolloutfirmware": lambda scene: scene.ada(version=2),
    "consentshed": lambda scene: scene.ada(consent=True),
    # alerts and devices
    "ratealert": lambda scene: _alert(scene, rating="real"),
    "ackalert": _alert,
    "muteload": lambda scene: _alert(scene, until_ms=0),
    "registerpush": lambda scene: Seed(scene.cid, {"device": "phone", "token": "secret-token", "platform": "web"}),
    "testpush": lambda scene: Seed(scene.cid, {}),
    # money
    "settariff": lambda scene: scene.ada(tariff=_tariff(scene)),
    "setprices": lambda scene: scene.ada(**PRICES),
    "setbudget": lambda scene: scene.ada(month_micro=50_000_000),
    "whatif": lambda scene: scene.ada(months=2, tariff=_tariff(scene)),
    "deletetariff": lambda scene: scene.ada(tariff=days_ago(2).day),
    "fitbill": lambda scene: scene.ada(**_readings()),
    "applybill": _apply_bill,
    "calibratemeter": lambda scene: scene.ada(step="voltage", mv=230_400),
    # the area
    "commandmeter": lambda scene: Seed(
        scene.operator, {"area": AREA, "meter": scene.world.meter, "name": "ping", "reason": "It is silent."}
    ),
    "shedload": _sheds,
    # history, out and in
    "exportstart": lambda scene: scene.ada(format="csv", year=2026),
    "exportpage": _export_page,
    "importstart": lambda scene: scene.ada(name="old.csv", head=hours(2), options={"zone": "Europe/Paris"}),
    "importpiece": _import_piece,
    "importapply": lambda scene: scene.ada(job=scene.imported()),
    "importcancel": lambda scene: scene.ada(job=scene.imported()),
    # people
    "members": lambda scene: scene.ada(),
    "invite": lambda scene: scene.ada(role="viewer", email="dan@example.org"),
    "acceptinvitation": lambda scene: Seed(scene.cid, {"home": scene.home, "code": scene.invited()["code"]}),
    "withdrawinvitation": lambda scene: scene.ada(invitation=scene.invited()["invitation"]),
    "setrole": lambda scene: scene.ada(member=scene.bob.uid, role="member"),
    # neighbours
    "offerhub": lambda scene: Seed(scene.bob, {"hub": scene.bobs_hub.uid}),
    "askforhub": lambda scene: scene.ada(scene.annex),
    "accepthub": lambda scene: scene.ada(scene.annex, code=_offer(scene)),
    "acceptneighbour": lambda scene: Seed(
        scene.bob,
        {"hub": scene.bobs_hub.uid, "code": scene.world.owner.call("askforhub", home=scene.annex)["code"]},
    ),
    "endneighbour": _ends_neighbour,
    # what ends something
    "removemember": lambda scene: scene.ada(member=scene.cid.uid),
    "releasemeter": lambda scene: scene.ada(scene.cottage),
    "movemeter": lambda scene: scene.ada(to_home=scene.cottage),
    "passhome": _passes,
    "deletehome": lambda scene: scene.ada(scene.cottage, name="Cottage"),
    "revokehub": lambda scene: Seed(scene.bob, {"hub": scene.bobs_hub.uid}),
    "deleteaccount": lambda scene: Seed(
        scene.world.owner, {"email": scene.world.owner.email, "homes": {scene.annex: "delete"}}
    ),
}
