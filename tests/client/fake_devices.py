"""The callables about meter and hub, over the documents of a small world; the meter answers when a test says so."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sunmeter_app.problems import Problem

if TYPE_CHECKING:
    from .fake_backend import FakeDatabase, FakePerson


class DeviceFunctions:
    """A part of FakeFunctions."""

    database: "FakeDatabase"
    now_s: Callable[[], float]

    def _calibratemeter(self, person: "FakePerson", home: str, **step: Any) -> dict[str, Any]:
        return {"job": "command-7"}

    def answers(self, home: str, **told: Any) -> None:
        """The meter answers the step that was asked last."""
        state = "failed" if told.get("verdict") == "refused" else "done"
        job = {"kind": "command", "state": state, "code": 0, "text": json.dumps(told)}
        self.database.put(f"homes/{home}/jobs/command-7", {**job, "finished": int(self.now_s() * 1000)})

    def _rolloutfirmware(self, person: "FakePerson", home: str, version: int = 14) -> dict[str, Any]:
        if version > 40:
            raise Problem("no_such_release", "version")
        return {"meter": "m-0123456789", "version": version}

    def _releasemeter(self, person: "FakePerson", home: str) -> dict[str, Any]:
        self.database.change(f"homes/{home}", meter=None)
        return {"meter": "m-0123456789"}

    def _movemeter(self, person: "FakePerson", home: str, to_home: str) -> dict[str, Any]:
        meter = self.database.documents[f"homes/{home}"]["meter"]
        self.database.change(f"homes/{home}", meter=None)
        self.database.change(f"homes/{to_home}", meter=meter)
        self.database.change(f"meters/{meter}", home=to_home)
        return {"meter": meter}

    def _revokehub(self, person: "FakePerson", hub: str) -> dict[str, Any]:
        self.database.change(f"hubs/{hub}", revoked=True)
        return {"hub": hub}

    def _consentshed(self, person: "FakePerson", home: str, consent: bool) -> dict[str, Any]:
        self.database.change(f"homes/{home}", relay={"consent": consent})
        return {"consent": consent}

    def _sharelocally(
        self, person: "FakePerson", home: str, mqtt: bool | None = None, page: bool | None = None
    ) -> dict[str, Any]:
        told = {name: is_on for name, is_on in (("mqtt", mqtt), ("page", page)) if is_on is not None}
        known = self.database.documents[f"homes/{home}"].get("shares", {})
        self.database.change(f"homes/{home}", shares={**known, **told})
        return {"code": "W3RT-9KLM" if page else None}

    def _offerhub(self, person: "FakePerson", hub: str) -> dict[str, Any]:
        return {"code": "N8BR-H00D", "expires_ms": 0}

    def _askforhub(self, person: "FakePerson", home: str) -> dict[str, Any]:
        return {"code": "A5K4-HUB2", "expires_ms": 0}

    def _acceptneighbour(self, person: "FakePerson", hub: str, code: str) -> dict[str, Any]:
        if code != "K7QM2XRD":
            raise Problem("wrong_neighbour_code", "code")
        self.database.change(f"hubs/{hub}", guests={"home-7": {"name": "Next door", "since_ms": 1}})
        return {"home": "home-7", "name": "Next door"}

    def _accepthub(self, person: "FakePerson", home: str, code: str) -> dict[str, Any]:
        return {"hub": "hub-9", "name": "corner"}

    def _endneighbour(self, person: "FakePerson", hub: str, home: str) -> dict[str, Any]:
        self.database.change(f"hubs/{hub}", guests={})
        return {}

    def _fitbill(self, person: "FakePerson", home: str, readings: list[dict[str, int]]) -> dict[str, Any]:
        fit = {"state": "proposed", "verdict": "proposed", "gain_ppm": 1_031_000, "u_ppm": 4_000}
        line = {"register": "import", "residual_mwh": 1_200_000}
        self.database.put(f"homes/{home}/jobs/bill", {**fit, "lines": [line], "third": None})
        return fit

    def _applybill(self, person: "FakePerson", home: str, gain_ppm: int) -> dict[str, Any]:
        if self.database.documents[f"homes/{home}/jobs/bill"]["gain_ppm"] != gain_ppm:
            raise Problem("nothing_proposed", "gain_ppm")
        self.database.change(f"homes/{home}/jobs/bill", state="applied")
        return {"config_version": 2}
