"""People and hubs, as tests, the demo and the smoke run act them: over real HTTP, with no more rights than they have.

place = Place.of(stack)
ada = Person.joined(place, "ada@example.org")
home = ada.call("createhome", name="Home", zone="Europe/Paris", currency="EUR")["home"]
hub = Hub.enrolled(place, ada, home)
meter = hub.claimed_meter(ada, home, "m-0123456789", master_key)
hub.ingest([interval.to_json()])
"""

from __future__ import annotations

import gzip
import json
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

import requests

from contract import wire
from sunmeter_app.data.values import fields_of, value_of

API_KEY = "demo"  # the Auth emulator takes any
TIMEOUT_S = 30.0
PASSWORD = secrets.token_urlsafe(12)  # of the people that this run makes up
REFRESH_BEFORE_S = 300.0

Json = dict[str, Any]


class RunningStack(Protocol):
    """What an actor needs to know of a stack (dev.stack.Stack has it)."""

    @property
    def auth(self) -> str: ...
    @property
    def firestore(self) -> str: ...
    @property
    def functions(self) -> str: ...


class CallRefused(Exception):
    """A callable or an HTTPS function answered with an error."""

    def __init__(self, http_status: int, code: str, field: str, sentence: str, body: Json) -> None:
        super().__init__(f"{http_status} {code}:{field} {sentence}")
        self.http_status = http_status
        self.code = code
        self.field = field
        self.sentence = sentence
        self.body = body


class Denied(Exception):
    """The Security Rules said no."""


@dataclass(frozen=True)
class Place:
    """Where the services of one project answer."""

    auth: str  # URL of Identity Toolkit's root
    firestore: str  # URL of Firestore's REST root
    functions: str  # URL that function names are appended to
    project: str

    @staticmethod
    def of(stack: RunningStack, project: str = "demo-sunmeter") -> Place:
        return Place(f"http://{stack.auth}", f"http://{stack.firestore}", stack.functions, project)

    @property
    def documents(self) -> str:
        """Name of the root of all documents."""
        return f"projects/{self.project}/databases/(default)/documents"


@dataclass
class Account:
    """A signed-in account of Firebase Authentication; its ID token is renewed in time."""

    place: Place
    email: str
    password: str
    uid: str = ""
    _id_token: str = ""
    _renew_at_s: float = 0.0
    _session: requests.Session = field(default_factory=requests.Session)

    def sign_up(self) -> None:
        self._take(self._identity("signUp", email=self.email, password=self.password, returnSecureToken=True))

    def sign_in(self) -> None:
        self._take(
            self._identity("signInWithPassword", email=self.email, password=self.password, returnSecureToken=True)
        )

    def verify_email(self) -> None:
        """Asks for the mail that verifies the address, and follows its link as the emulator shows it."""
        self._identity("sendOobCode", requestType="VERIFY_EMAIL", idToken=self.id_token())
        codes = self._session.get(
            f"{self.place.auth}/emulator/v1/projects/{self.place.project}/oobCodes", timeout=TIMEOUT_S
        ).json()["oobCodes"]
        newest = [code for code in codes if code["email"] == self.email][-1]
        self._identity("update", oobCode=newest["oobCode"])
        self.sign_in()  # a token tells what was true when it was made

    def id_token(self) -> str:
        if time.monotonic() > self._renew_at_s:
            self.sign_in()
        return self._id_token

    def call(self, function: str, **data: Any) -> Json:
        """Calls a callable function. Raises CallRefused."""
        url = f"{self.place.functions}/{function}"
        answer = self._session.post(url, json={"data": data}, headers=self._headers(), timeout=TIMEOUT_S)
        body = answer.json()
        if "result" not in body:
            error = body.get("error") or {"message": str(body)}
            details = error.get("details") or {}
            code, field = details.get("code", ""), details.get("field", "")
            raise CallRefused(answer.status_code, code, field, error["message"], body)
        result: Json = body["result"]
        return result

    def get(self, path: str) -> Json | None:
        """A document's fields; None when there is none. Raises Denied."""
        answer = self._rest("GET", path)
        return None if answer.status_code == 404 else fields_of(answer.json())

    def expect(self, path: str) -> Json:
        """The fields of a document that must exist. Raises LookupError, Denied."""
        found = self.get(path)
        if found is None:
            raise LookupError(path)
        return found

    def list(self, collection: str) -> dict[str, Json]:
        """The documents of a collection, by id. Raises Denied."""
        found = self._rest("GET", collection).json().get("documents", [])
        return {each["name"].rsplit("/", 1)[1]: fields_of(each) for each in found}

    def find(self, collection: str, field: str, value: Any, operator: str = "EQUAL") -> dict[str, Json]:
        """The documents of a root collection whose field fits, by id. Raises Denied."""
        where = {"fieldFilter": {"field": {"fieldPath": field}, "op": operator, "value": value_of(value)}}
        answer = self._session.post(
            f"{self.place.firestore}/v1/{self.place.documents}:runQuery",
            json={"structuredQuery": {"from": [{"collectionId": collection}], "where": where}},
            headers=self._headers(),
            timeout=TIMEOUT_S,
        )
        _raise_for(answer)
        found = [each["document"] for each in answer.json() if "document" in each]
        return {each["name"].rsplit("/", 1)[1]: fields_of(each) for each in found}

    def create(self, path: str, fields: Mapping[str, Any]) -> None:
        """Creates a document that must not exist. Raises Denied."""
        self._rest("PATCH", path, fields, {"currentDocument.exists": "false"})

    def set(self, path: str, fields: Mapping[str, Any]) -> None:
        """Writes a whole document. Raises Denied."""
        self._rest("PATCH", path, fields)

    def update(self, path: str, fields: Mapping[str, Any]) -> None:
        """Writes some fields of a document that must exist. Raises Denied."""
        params = {"currentDocument.exists": "true", "updateMask.fieldPaths": list(fields)}
        self._rest("PATCH", path, fields, params)

    def delete(self, path: str) -> None:
        """Deletes a document. Raises Denied."""
        self._rest("DELETE", path)

    def _rest(
        self, method: str, path: str, fields: Mapping[str, Any] | None = None, params: Mapping[str, Any] | None = None
    ) -> requests.Response:
        answer = self._session.request(
            method,
            f"{self.place.firestore}/v1/{self.place.documents}/{quote(path)}",
            params=params,
            json=None if fields is None else {"fields": {name: value_of(each) for name, each in fields.items()}},
            headers=self._headers(),
            timeout=TIMEOUT_S,
        )
        _raise_for(answer)
        return answer

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.id_token()}"}

    def _identity(self, method: str, **body: Any) -> Json:
        answer = self._session.post(
            f"{self.place.auth}/identitytoolkit.googleapis.com/v1/accounts:{method}",
            params={"key": API_KEY},
            json=body,
            timeout=TIMEOUT_S,
        )
        if not answer.ok:
            message = answer.json()["error"]["message"]
            raise CallRefused(answer.status_code, message, "", message, answer.json())
        found: Json = answer.json()
        return found

    def _take(self, session: Json) -> None:
        self.uid = session["localId"]
        self._id_token = session["idToken"]
        self._renew_at_s = time.monotonic() + int(session["expiresIn"]) - REFRESH_BEFORE_S


class Nobody(Account):
    """Somebody without an account."""

    def _headers(self) -> dict[str, str]:
        return {}


class Person(Account):
    """A householder at the app."""

    @staticmethod
    def joined(place: Place, email: str, password: str = PASSWORD, *, verified: bool = True) -> Person:
        """A new account, its address verified unless told otherwise."""
        person = Person(place, email, password)
        person.sign_up()
        if verified:
            person.verify_email()
        return person

    @staticmethod
    def somebody(place: Place, *, verified: bool = True) -> Person:
        """A new account under an address of its own."""
        return Person.joined(place, f"person-{secrets.token_hex(4)}@example.org", verified=verified)

    def new_home(self, name: str = "Home", zone: str = "Europe/Paris", currency: str = "EUR", **more: Any) -> str:
        home: str = self.call("createhome", name=name, zone=zone, currency=currency, **more)["home"]
        return home


@dataclass
class Enrolment:
    """What a Pi holds while its owner types the code."""

    place: Place
    device_code: str
    user_code: str
    expires_s: int
    interval_s: int

    @staticmethod
    def started(place: Place, hub_name: str = "Hub", hub: str | None = None) -> Enrolment:
        """hub: what the Pi is enrolled as, if it is."""
        told = {"hub_name": hub_name, **({"hub": hub} if hub else {})}
        return Enrolment(place, **_posted(place, "enrolstart", told)[1])

    def poll(self) -> Hub | None:
        """The hub, signed in, once the enrolment is approved; None before. Raises CallRefused."""
        status, body = _posted(self.place, "enrolpoll", {"device_code": self.device_code})
        if status == 202:
            return None
        hub = Hub(self.place, body["email"], body["password"])
        hub.sign_in()
        return hub


class Hub(Account):
    """A hub, as the cloud sees one."""

    @staticmethod
    def enrolled(place: Place, owner: Person, home: str, name: str = "Hub") -> Hub:
        enrolment = Enrolment.started(place, name)
        owner.call("enrolapprove", home=home, user_code=enrolment.user_code)
        hub = enrolment.poll()
        assert hub is not None
        return hub

    def send(self, items: Iterable[Any], **request: Any) -> requests.Response:
        """Posts a batch to `ingest`, as the hub does, and returns whatever it answers."""
        body = {"v": 1, "sent_ms": time.time_ns() // 1_000_000, "items": list(items), **request}
        return self._session.post(
            f"{self.place.functions}/ingest",
            data=gzip.compress(json.dumps(body).encode(), compresslevel=1),
            headers={**self._headers(), "Content-Type": "application/json", "Content-Encoding": "gzip"},
            timeout=TIMEOUT_S,
        )

    def ingest(self, items: Iterable[Any]) -> list[Json]:
        """The result of each item, in order. Raises CallRefused when the request as a whole is refused."""
        answer = self.send(items)
        body = answer.json()
        if answer.status_code != 200:
            raise _refusal(answer.status_code, body)
        results: list[Json] = body["results"]
        return results

    def claim(self, owner: Person, home: str, meter: str, master_key: bytes) -> None:
        """Lets the owner claim a meter that this hub hears, by the label it was provisioned with."""
        self.ingest([{"type": "sighting", "meter": meter}])
        owner.call("claimmeter", home=home, label=label_of(meter, master_key))


def label_of(meter: str, master_key: bytes) -> str:
    """What is printed on a meter."""
    return f"{meter}-{wire.claim_code(wire.meter_key(master_key, meter, 1))}"


def new_meter_id() -> str:
    return f"m-{secrets.token_hex(5)}"


def _raise_for(answer: requests.Response) -> None:
    if answer.status_code == 403:
        raise Denied(answer.text)
    if answer.status_code != 404:
        answer.raise_for_status()


def _refusal(http_status: int, body: Json) -> CallRefused:
    """Of an HTTPS function; whole, too, where the emulator answered in its place and named no field."""
    return CallRefused(http_status, body.get("code", ""), body.get("field", ""), body.get("message", str(body)), body)


def _posted(place: Place, function: str, body: Json) -> tuple[int, Json]:
    answer = requests.post(f"{place.functions}/{function}", json=body, timeout=TIMEOUT_S)
    found: Json = answer.json()
    if answer.status_code >= 400:
        raise _refusal(answer.status_code, found)
    return answer.status_code, found
