"""A backend in memory: accounts, callables and documents of a small world, for tests and pictures without a stack."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sunmeter_app.data.backend import Backend
from sunmeter_app.data.identity import Tokens
from sunmeter_app.data.push import Registrar, Standing
from sunmeter_app.data.source import Denied, Fields, Query, Token
from sunmeter_app.problems import Problem

from .fake_functions import FakeFunctions

TOKEN_S = 3600  # what an ID token lasts


@dataclass
class FakePerson:
    uid: str
    email: str
    password: str
    is_verified: bool = False
    areas: tuple[str, ...] = ()  # that they operate


def make_id_token(person: FakePerson, issued_s: int) -> str:
    """A JWT as the Auth emulator makes them: readable, unsigned."""
    claims = {
        "user_id": person.uid,
        "email": person.email,
        "email_verified": person.is_verified,
        "iat": issued_s,
        "exp": issued_s + TOKEN_S,
        "areas": person.areas,
    }
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}."


class FakeIdentity:
    """Accounts with the error codes of the Identity Toolkit. A refresh token is "refresh-" + uid."""

    def __init__(self, now_s: Callable[[], float]):
        self._now_s = now_s
        self.people: dict[str, FakePerson] = {}
        self.mails: list[tuple[str, str]] = []  # (kind, address)
        self.refreshes = 0
        self.is_reachable = True

    def add(self, email: str, password: str, is_verified: bool = True) -> FakePerson:
        person = FakePerson(f"uid-{len(self.people) + 1}", email, password, is_verified)
        self.people[email] = person
        return person

    async def sign_up(self, email: str, password: str) -> Tokens:
        self._reach()
        if "@" not in email:
            raise Problem("invalid_email")
        if email in self.people:
            raise Problem("email_exists")
        if len(password) < 6:
            raise Problem("weak_password")
        return self._tokens(self.add(email, password, is_verified=False))

    async def sign_in(self, email: str, password: str) -> Tokens:
        self._reach()
        person = self.people.get(email)
        if person is None or person.password != password:
            raise Problem("invalid_login_credentials")
        return self._tokens(person)

    async def refresh(self, refresh_token: str) -> Tokens:
        self._reach()
        self.refreshes += 1
        for person in self.people.values():
            if refresh_token == f"refresh-{person.uid}":
                return self._tokens(person)
        raise Problem("invalid_refresh_token")

    async def send_verification(self, id_token: str) -> None:
        self._reach()
        self.mails.append(("verify", self.by_token(id_token).email))

    async def send_reset(self, email: str) -> None:
        self._reach()
        self.mails.append(("reset", email))

    def by_token(self, id_token: str) -> FakePerson:
        payload = id_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return self.people[claims["email"]]

    def _tokens(self, person: FakePerson) -> Tokens:
        return Tokens(
            uid=person.uid,
            email=person.email,
            is_verified=person.is_verified,
            id_token=make_id_token(person, int(self._now_s())),
            refresh_token=f"refresh-{person.uid}",
            lasts_s=TOKEN_S,
            areas=person.areas,
        )

    def _reach(self) -> None:
        if not self.is_reachable:
            raise Problem("unreachable")


@dataclass
class FakeDatabase:
    """Documents by path, and the ears of those who watch. Members see their homes, nobody else does."""

    documents: dict[str, Fields] = field(default_factory=dict)
    watching: list[str] = field(default_factory=list)  # what is watched at this moment
    looks: list[str] = field(default_factory=list)  # the documents that somebody began to watch, or looked at once
    taken: dict[str, list[list[str]]] = field(default_factory=dict)  # by collection, what its queries' sights held
    operated: dict[str, set[str]] = field(default_factory=dict)  # uid → areas
    _ears: list[asyncio.Event] = field(default_factory=list)

    def put(self, path: str, fields: Fields) -> None:
        self.documents[path] = fields
        self.tell()

    def change(self, path: str, **fields: Any) -> None:
        self.put(path, {**self.documents[path], **fields})

    def remove(self, path: str) -> None:
        self.documents.pop(path, None)
        self.tell()

    def tell(self) -> None:
        for ear in self._ears:
            ear.set()

    def looked_at(self, collection: str) -> int:
        """How often somebody began to watch, or looked at, a document of a collection."""
        return sum(path.rpartition("/")[0] == collection for path in self.looks)

    def may_read(self, path: str, uid: str) -> bool:
        if path.startswith("users/"):
            return path == f"users/{uid}"
        if path.startswith("hubs/"):
            hub = self.documents.get(path, {})
            return bool(hub.get("owner") == uid or set(hub.get("areas", ())) & self.operated.get(uid, set()))
        if path.startswith("areas/"):
            return path.split("/")[1] in self.operated.get(uid, set())
        if path.startswith("meters/"):
            path = f"homes/{self.documents[path]['home']}"
        home = self.documents.get("/".join(path.split("/")[:2]), {})
        return uid in home.get("member_uids", [])

    async def views(self, name: str, look: Callable[[], Any]) -> AsyncIterator[Any]:
        """What `look` sees, now and each time it is another sight."""
        ear = asyncio.Event()
        self._ears.append(ear)
        self.watching.append(name)
        try:
            seen: Any = self  # equal to nothing that can be seen
            while True:
                sight = look()
                if sight != seen:
                    seen = sight
                    yield sight
                await ear.wait()
                ear.clear()
        finally:
            self._ears.remove(ear)
            self.watching.remove(name)


class FakeSource:
    """One person's view of a FakeDatabase, under its rules."""

    def __init__(self, database: FakeDatabase, identity: FakeIdentity, token: Token):
        self._database = database
        self._identity = identity
        self._token = token
        self.is_closed = False
        self.is_attended = True
        self.may_write = True

    async def watch(self, path: str) -> AsyncIterator[Fields | None]:
        uid = self._identity.by_token(await self._token(0)).uid
        self._database.looks.append(path)

        def look() -> Fields | None:
            if not self._database.may_read(path, uid):
                raise Denied(path)
            return self._database.documents.get(path)

        async for found in self._database.views(path, look):
            yield found

    async def watch_query(self, wanted: Query) -> AsyncIterator[dict[str, Fields]]:
        uid = self._identity.by_token(await self._token(0)).uid

        def look() -> dict[str, Fields]:
            found = {
                path: fields
                for path, fields in self._database.documents.items()
                if path.rpartition("/")[0] == wanted.collection and _matches(fields, wanted)
            }
            if any(not self._database.may_read(path, uid) for path in found):
                raise Denied(wanted.collection)
            self._database.taken.setdefault(wanted.collection, []).append(sorted(found))
            return _limited(found, wanted)

        async for found in self._database.views(wanted.collection, look):
            yield found

    async def put(self, path: str, fields: Fields) -> None:
        uid = self._identity.by_token(await self._token(0)).uid
        if path != f"users/{uid}" or not self.may_write:
            raise Denied(path)
        self._database.put(path, fields)

    async def remove(self, path: str) -> None:
        uid = self._identity.by_token(await self._token(0)).uid
        if not path.startswith(f"users/{uid}/push/") or not self.may_write:
            raise Denied(path)
        self._database.remove(path)

    def attend(self, is_shown: bool) -> None:
        self.is_attended = is_shown

    async def close(self) -> None:
        self.is_closed = True


def _matches(fields: Fields, wanted: Query) -> bool:
    return all(_OPERATORS[operator](fields.get(name), operand) for name, operator, operand in wanted.where)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda found, operand: found == operand,
    ">=": lambda found, operand: found is not None and found >= operand,
    "<=": lambda found, operand: found is not None and found <= operand,
    "array-contains": lambda found, operand: operand in (found or ()),
}


def _limited(found: dict[str, Fields], wanted: Query) -> dict[str, Fields]:
    ordered = list(found.items())
    for name, direction in reversed(wanted.order_by):
        ordered.sort(key=lambda item: item[1][name], reverse=direction == "desc")
    return dict(ordered[: wanted.limit or None])


class FakeNotifications:
    """A browser's notifications. answer: what its person says when asked."""

    def __init__(self) -> None:
        self.standing = Standing("default")
        self.answer = "granted"
        self.asked = 0
        self.endpoint = "https://push.example/1"
        self.is_reachable = True

    async def look(self) -> Standing:
        self._reach()
        return self.standing

    async def subscribe(self, key: str) -> Standing:
        self._reach()
        self.asked += self.standing.permission == "default"
        keys = {"auth": "a", "p256dh": "p"}
        is_granted = self.answer == "granted"
        self.standing = Standing(self.answer, {"endpoint": self.endpoint, "keys": keys} if is_granted else None)
        return self.standing

    async def unsubscribe(self) -> None:
        await asyncio.sleep(0)  # no page answers at once
        self._reach()
        self.standing = Standing(self.standing.permission)

    def _reach(self) -> None:
        if not self.is_reachable:
            raise Problem("push_service")


class FakeRegistrar:
    """Makes a token of a subscription by its endpoint."""

    key = "B" + "a" * 86
    platform = "web"

    async def token(self, subscription: Mapping[str, Any]) -> str:
        return f"token of {subscription['endpoint']}"


class FakeBrowser:
    """What a browser would keep, and the files that its user chooses and is given."""

    def __init__(self, **kept: str):
        self.kept = dict(kept)
        self.notifications = FakeNotifications()
        self.file: tuple[str, bytes] | None = None
        self.saved: dict[str, bytes] = {}

    async def get(self, name: str) -> str | None:
        return self.kept.get(name)

    async def put(self, name: str, kept: str) -> None:
        self.kept[name] = kept

    async def forget(self, name: str) -> None:
        self.kept.pop(name, None)

    async def pick(self) -> tuple[str, bytes] | None:
        return self.file

    async def save(self, name: str, content: bytes) -> None:
        self.saved[name] = content


class FakeWorld:
    """All of it, joined as the app joins the real one."""

    def __init__(self, now_s: Callable[[], float] = time.time, registrar: Registrar | None = None):
        self.now_s = now_s
        self.identity = FakeIdentity(now_s)
        self.database = FakeDatabase()
        self.functions = FakeFunctions(self.database, self.identity, now_s)
        self.sources: list[FakeSource] = []
        self.backend = Backend(self.identity, self.functions, self._open, registrar)

    def _open(self, token: Token) -> FakeSource:
        source = FakeSource(self.database, self.identity, token)
        self.sources.append(source)
        return source
