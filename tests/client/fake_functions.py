"""The callables a person uses, over the documents of a small world."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sunmeter_app.data.source import Fields
from sunmeter_app.problems import Problem

from .fake_data import DataFunctions
from .fake_devices import DeviceFunctions

if TYPE_CHECKING:
    from .fake_backend import FakeDatabase, FakeIdentity, FakePerson

CODE = "an-invitations-code"
HUB_CODE, METER_LABEL = "K7QM2XRD", "m-0123456789-ABCDEFGH"


@dataclass
class FakeFunctions(DataFunctions, DeviceFunctions):
    """The callables a person uses, over the same documents."""

    database: "FakeDatabase"
    identity: "FakeIdentity"
    now_s: Callable[[], float]
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    lease_problem: Problem | None = None
    problems: dict[str, Problem] = field(default_factory=dict)  # what a callable of that name fails with

    async def call(self, name: str, payload: dict[str, Any], id_token: str) -> dict[str, Any]:
        self.calls.append((name, payload))
        if name in self.problems:
            raise self.problems[name]
        person = self.identity.by_token(id_token)
        answer: dict[str, Any] = getattr(self, f"_{name}")(person, **payload)
        return answer

    def _createhome(self, person: "FakePerson", name: str, zone: str, currency: str) -> dict[str, Any]:
        home = f"home-{sum(path.count('/') == 1 for path in self.database.documents) + 1}"
        self.database.put(f"homes/{home}", make_home(person.uid, name, zone, currency, hub=None, meter=None))
        return {"home": home}

    def _enrolapprove(self, person: "FakePerson", home: str, user_code: str) -> dict[str, Any]:
        if user_code != HUB_CODE:
            raise Problem("wrong_code", "user_code")
        self.database.change(f"homes/{home}", hub="hub-1")
        return {"hub": "hub-1"}

    def _claimmeter(self, person: "FakePerson", home: str, label: str) -> dict[str, Any]:
        if label != METER_LABEL:
            raise Problem("wrong_label", "label")
        self.database.change(f"homes/{home}", meter=label[:12])
        return {"meter": label[:12]}

    # --- money ------------------------------------------------------------------------------------------------------

    def _settariff(self, person: "FakePerson", home: str, tariff: dict[str, Any]) -> dict[str, Any]:
        self._member(person, home)
        self.database.put(f"homes/{home}/tariffs/{tariff['valid_from']}", {**tariff, "rev": 1, "set_by": person.uid})
        return {"tariff": tariff["valid_from"], "tariff_rev": self._new_tariffs(home), "job": None}

    def _deletetariff(self, person: "FakePerson", home: str, tariff: str) -> dict[str, Any]:
        self._member(person, home)
        self.database.remove(f"homes/{home}/tariffs/{tariff}")
        return {"tariff": tariff, "tariff_rev": self._new_tariffs(home), "job": None}

    def _new_tariffs(self, home: str) -> int:
        """Tells the home of its tariffs as they are now; the new revision."""
        ids = sorted(path.rpartition("/")[2] for path in self.database.documents if f"{home}/tariffs/" in path)
        rev = int(self.database.documents[f"homes/{home}"].get("tariff_rev", 0)) + 1
        self.database.change(f"homes/{home}", tariffs=ids, tariff_rev=rev)
        return rev

    def _setbudget(self, person: "FakePerson", home: str, month_micro: int | None) -> dict[str, Any]:
        self._member(person, home)
        budget = None if month_micro is None else {"month_micro": month_micro}
        self.database.change(f"homes/{home}", budget=budget)
        return {"budget": budget}

    def _whatif(self, person: "FakePerson", home: str, tariff: dict[str, Any]) -> dict[str, Any]:
        """Three months of 300 kWh at the tariff's plain price; they cost 75 each."""
        cost_micro = 300 * tariff["import"]["price_micro"]
        months = [
            {"month": f"2026-0{number}", "cost_micro": cost_micro, "days": 30, "now": {"cost_micro": 75_000_000}}
            for number in (4, 5, 6)
        ]
        return {
            "months": months,
            "total": {"cost_micro": 3 * cost_micro, "days": 90},
            "now": {"cost_micro": 225_000_000},
            "difference_micro": 3 * cost_micro - 225_000_000,
            "compared_days": 90,
            "exact": False,
            "needs": "days",
        }

    def _member(self, person: "FakePerson", home: str) -> None:
        if self.database.documents[f"homes/{home}"]["roles"].get(person.uid) not in ("owner", "member"):
            raise Problem("members_only", "home")

    def _changehome(self, person: "FakePerson", home: str, **wanted: Any) -> dict[str, Any]:
        self._owner(person, home)
        zone = self.database.documents[f"homes/{home}"]["zone"]
        if wanted.get("zone", zone) != zone:
            raise Problem("zone_fixed", "zone")
        self.database.change(f"homes/{home}", **wanted)
        return wanted

    # --- members ----------------------------------------------------------------------------------------------------

    def _members(self, person: "FakePerson", home: str) -> dict[str, Any]:
        people = {each.uid: each for each in self.identity.people.values()}
        roles = self.database.documents[f"homes/{home}"]["roles"]
        return {
            "members": [
                {"uid": uid, "role": role, "name": "", "email": people[uid].email} for uid, role in roles.items()
            ]
        }

    def _setrole(self, person: "FakePerson", home: str, member: str, role: str) -> dict[str, Any]:
        self._owner(person, home)
        self._with_roles(home, {**self.database.documents[f"homes/{home}"]["roles"], member: role})
        return {}

    def _passhome(self, person: "FakePerson", home: str, member: str, hub: bool = False) -> dict[str, Any]:
        self._owner(person, home)
        roles = self.database.documents[f"homes/{home}"]["roles"]
        self._with_roles(home, {**roles, person.uid: "member", member: "owner"})
        return {}

    def _removemember(self, person: "FakePerson", home: str, member: str) -> dict[str, Any]:
        roles = self.database.documents[f"homes/{home}"]["roles"]
        self._with_roles(home, {uid: role for uid, role in roles.items() if uid != member})
        return {}

    def _invite(self, person: "FakePerson", home: str, role: str, email: str | None = None) -> dict[str, Any]:
        self._owner(person, home)
        expires = dt.datetime.fromtimestamp(self.now_s() + 7 * 86_400, dt.UTC)
        invitation = {"role": role, "email": email, "by": person.uid, "used_by": None, "expires": expires}
        self.database.put(f"homes/{home}/invitations/{CODE}", invitation)
        return {"invitation": CODE, "code": CODE, "link": f"https://sunmeter.example/#/join/{home}/{CODE}"}

    def _withdrawinvitation(self, person: "FakePerson", home: str, invitation: str) -> dict[str, Any]:
        self._owner(person, home)
        self.database.remove(f"homes/{home}/invitations/{invitation}")
        return {}

    def _acceptinvitation(self, person: "FakePerson", home: str, code: str) -> dict[str, Any]:
        invitation = self.database.documents.get(f"homes/{home}/invitations/{code}")
        if invitation is None or invitation["used_by"] is not None:
            raise Problem("no_such_invitation", "code")
        if invitation["email"] not in (None, person.email):
            raise Problem("other_address", "code")
        self.database.change(f"homes/{home}/invitations/{code}", used_by=person.uid)
        roles = self.database.documents[f"homes/{home}"]["roles"]
        self._with_roles(home, {**roles, person.uid: invitation["role"]})
        return {"home": home, "name": self.database.documents[f"homes/{home}"]["name"]}

    def _with_roles(self, home: str, roles: dict[str, str]) -> None:
        if "owner" not in roles.values():
            raise Problem("last_owner", "member")
        self.database.change(f"homes/{home}", roles=roles, member_uids=sorted(roles))

    def _owner(self, person: "FakePerson", home: str) -> None:
        if self.database.documents[f"homes/{home}"]["roles"].get(person.uid) != "owner":
            raise Problem("owners_only", "home")

    # --- live and alerts --------------------------------------------------------------------------------------------

    def _commandmeter(self, person: "FakePerson", area: str, meter: str, name: str, reason: str) -> dict[str, Any]:
        asked_ms = int(self.now_s() * 1000)
        record = {"meter": meter, "name": name, "reason": reason, "state": "sent", "asked_ms": asked_ms}
        self.database.put(f"areas/{area}/commands/{meter}-1", record)
        return {"command": f"{meter}-1"}

    def _shedload(self, person: "FakePerson", area: str, shed: str, for_s: int, reason: str) -> dict[str, Any]:
        asked_ms = int(self.now_s() * 1000)
        back_by_ms = asked_ms + 2 * for_s * 1000
        record = {"homes": ["h1"], "reason": reason, "asked_ms": asked_ms, "back_by_ms": back_by_ms}
        self.database.put(f"areas/{area}/sheds/{shed}", record)
        return {"homes": 1, "until_ms": 0, "back_by_ms": back_by_ms}

    def _lease(self, person: "FakePerson", home: str) -> dict[str, Any]:
        if self.lease_problem is not None:
            raise self.lease_problem
        return {"lease_until_ms": int((self.now_s() + 120) * 1000)}

    def _muteload(self, person: "FakePerson", home: str, alert: str, until_ms: int) -> dict[str, Any]:
        found = self.database.documents[f"homes/{home}/alerts/{alert}"]
        mutes = {f"{found['kind']}-{found['channel']}": {"until_ms": until_ms, "by": person.uid}} if until_ms else {}
        self.database.change(f"homes/{home}", mutes=mutes)
        return {"mutes": mutes}

    def _registerpush(self, person: "FakePerson", device: str, token: str, platform: str) -> dict[str, Any]:
        for path in [path for path, each in self.database.documents.items() if each.get("token") == token]:
            self.database.remove(path)
        self.database.put(f"users/{person.uid}/push/{device}", {"token": token, "platform": platform})
        return {}

    def _testpush(self, person: "FakePerson") -> dict[str, Any]:
        return {"sent": 2, "dead": 1, "unreached": 0}

    def _ackalert(self, person: "FakePerson", home: str, alert: str) -> dict[str, Any]:
        self._member(person, home)
        seen = {"acknowledged_by": person.uid, "acknowledged_ms": int(self.now_s() * 1000)}
        self.database.change(f"homes/{home}/alerts/{alert}", **seen, push="none")
        return seen

    def _ratealert(self, person: "FakePerson", home: str, alert: str, rating: str) -> dict[str, Any]:
        self.database.change(f"homes/{home}/alerts/{alert}", rating=rating, rated_by=person.uid)
        return {}

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


def make_home(
    uid: str,
    name: str = "Maple Street 12",
    zone: str = "Europe/Paris",
    currency: str = "EUR",
    hub: str | None = "hub-1",
    meter: str | None = "m-0123456789",
) -> Fields:
    """A home document with one owner."""
    return {
        "name": name,
        "zone": zone,
        "currency": currency,
        "area": "",
        "member_uids": [uid],
        "roles": {uid: "owner"},
        "hub": hub,
        "meter": meter,
        "created": None,
    }
