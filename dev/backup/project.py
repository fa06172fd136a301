"""A project's Firestore and Authentication over REST: the emulators of a running stack, or a real project.

REST's own JSON names the type of each value ({"integerValue": "1"}), so that what is read can be
written back as it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import google.auth
import requests
from google.auth.transport.requests import AuthorizedSession

Json = dict[str, Any]

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
PAGE = 300
ACCOUNTS_PAGE = 1000  # the most that Authentication gives and takes at once
TIMEOUT_S = 60.0


class NotDone(Exception):
    """The project refused, or holds what must not be there; the message says which."""


@dataclass(frozen=True)
class Project:
    """Where a project answers, and who asks."""

    name: str
    firestore: str  # URL, up to the version
    identity: str  # URL, up to the service's name
    session: requests.Session

    @classmethod
    def of_stack(cls, name: str, environment: Mapping[str, str]) -> Project:
        """The emulators that a stack's environment names, as its owner."""
        session = requests.Session()
        session.headers["Authorization"] = "Bearer owner"
        auth = f"http://{environment['FIREBASE_AUTH_EMULATOR_HOST']}/identitytoolkit.googleapis.com"
        return cls(name, f"http://{environment['FIRESTORE_EMULATOR_HOST']}/v1", auth, session)

    @classmethod
    def of_google(cls, name: str) -> Project:
        """A real project, with the rights of whoever is signed in to it. Raises GoogleAuthError when nobody is."""
        credentials, _ = google.auth.default(scopes=SCOPES, quota_project_id=name)
        session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
        return cls(name, "https://firestore.googleapis.com/v1", "https://identitytoolkit.googleapis.com", session)

    @property
    def database(self) -> str:
        return f"projects/{self.name}/databases/(default)"

    # -------------------------------------------------------------- documents

    def documents(self, read_time: str, parent: str = "") -> Iterator[Json]:
        """Every document below `parent` ("": all), as {"path", "fields"}, at one moment, deepest collections included.

        A document that is missing but has others below it is walked through and not given.
        """
        for collection in sorted(self._collections(read_time, parent)):
            for found in self._listed(read_time, parent, collection):
                path = found["name"].split("/documents/", 1)[1]
                if "createTime" in found:
                    yield {"path": path, "fields": found.get("fields", {})}
                yield from self.documents(read_time, path)

    def holds_documents(self) -> bool:
        return any(self._collections(now(), ""))

    def write(self, documents: Iterable[Json]) -> None:
        """Sets documents, all of them or none."""
        root = f"{self.database}/documents"
        writes = [{"update": {"name": f"{root}/{each['path']}", "fields": each["fields"]}} for each in documents]
        self._asked("POST", f"{self.firestore}/{root}:commit", {"writes": writes})

    def _collections(self, read_time: str, parent: str) -> Iterator[str]:
        url = f"{self._url(parent)}:listCollectionIds"
        asked = {"pageSize": PAGE, "readTime": read_time}
        return _paged("collectionIds", "pageToken", asked, lambda page: self._asked("POST", url, page))

    def _listed(self, read_time: str, parent: str, collection: str) -> Iterator[Json]:
        url = f"{self._url(parent)}/{collection}"
        asked = {"pageSize": PAGE, "showMissing": "true", "readTime": read_time}
        return _paged("documents", "pageToken", asked, lambda page: self._asked("GET", url, params=page))

    def _url(self, path: str) -> str:
        return f"{self.firestore}/{self.database}/documents" + (f"/{path}" if path else "")

    # -------------------------------------------------------------- accounts

    def accounts(self) -> Iterator[Json]:
        """Every account as Authentication gives it: hashes of passwords, claims and providers included."""
        url = f"{self.identity}/v1/projects/{self.name}/accounts:batchGet"
        asked = {"maxResults": ACCOUNTS_PAGE}
        return _paged("users", "nextPageToken", asked, lambda page: self._asked("GET", url, params=page))

    def hashing(self) -> Json:
        """How the project hashes passwords, in batchCreate's words; {} at the emulator, which does not say."""
        told = self._asked("GET", f"{self.identity}/v2/projects/{self.name}/config").get("signIn", {})
        found: Json = told.get("hashConfig", {})
        return {"hashAlgorithm" if name == "algorithm" else name: value for name, value in found.items()}

    def create_accounts(self, users: list[Json], hashing: Json) -> None:
        """Makes accounts with the ids, passwords and claims that they had. Raises NotDone with the first refusal."""
        asked = {"users": users, "sanityCheck": True, **hashing}
        told = self._asked("POST", f"{self.identity}/v1/projects/{self.name}/accounts:batchCreate", asked)
        if refused := told.get("error"):
            raise NotDone(f"{len(refused)} account(s) were refused, the first: {refused[0].get('message')}")

    def _asked(self, method: str, url: str, body: Json | None = None, params: Json | None = None) -> Json:
        response = self.session.request(method, url, json=body, params=params, timeout=TIMEOUT_S)
        if not response.ok:
            raise NotDone(f"{method} {url} was answered {response.status_code}: {response.text[:300]}")
        told: Json = response.json()
        return told


def now() -> str:
    """This moment as REST takes it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _paged(name: str, token_name: str, asked: Json, ask: Callable[[Json], Json]) -> Iterator[Any]:
    """What lies under `name` in each page; the next one is asked for with its token as `token_name`."""
    token: str | None = ""
    while token is not None:
        told = ask({**asked, token_name: token} if token else asked)
        yield from told.get(name, [])
        token = told.get("nextPageToken") or None
