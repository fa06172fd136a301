"""Spoilt calls of every function that is reached over HTTP, and what came of them."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests

from dev.actors import Json
from tests.emulator.one_process import WRITTEN
from tests.emulator.seeds import HTTPS, SEEDS, Scene, Seed
from tests.unit.functions.fuzzing import LONGEST_FIELD, flipped
from tests.unit.functions.test_money_junk import spoilt

TIMEOUT_S = 60
TRIES = "limits/"  # a try is counted before it is judged


@dataclass
class Tally:
    """What came of many calls."""

    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    amiss: list[str] = field(default_factory=list)  # answers without a name, errors of ours, refusals that wrote


@dataclass
class Calling:
    """Calls from a seed."""

    scene: Scene
    seed: int
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._session = requests.Session()

    def spoils(self, name: str, calls: int) -> None:
        """Calls a function so many times, each time with something wrong, or right by chance."""
        chance = random.Random(zlib.crc32(name.encode()) ^ self.seed)
        seed = self._made(name)
        for _ in range(calls):
            self._note(name, self._spoilt(name, seed, chance))

    def answer(self, name: str) -> requests.Response:
        """What a function answers to its seed, made anew."""
        seed = self._made(name)
        return self._post(name, json.dumps(_body(name, seed.call)).encode(), _headers(seed))

    def _made(self, name: str) -> Seed:
        for reference in self.scene.world.db.collection("limits").list_documents():
            reference.delete()
        return SEEDS[name](self.scene)

    def _spoilt(self, name: str, seed: Seed, chance: random.Random) -> requests.Response:
        raw = json.dumps(_body(name, spoilt(seed.call, chance)), default=repr).encode()
        headers = _headers(seed)
        match chance.randrange(20):
            case 0:
                raw = b"[" * chance.randrange(1, 3000) + raw
            case 1:
                raw = flipped(raw, chance)
            case 2:
                raw = gzip.compress(raw, 1)
            case 3:
                raw = raw[: chance.randrange(len(raw) + 1)]
            case 4:
                raw = json.dumps(chance.choice((None, 5, "data", ["data"], {}, {"data": 1, "more": 2}))).encode()
            case 5:
                headers["Content-Type"] = chance.choice(("text/plain", "", "application/json; charset=\xff"))
            case 6:
                headers["Authorization"] = chance.choice(("", "Bearer", "Bearer x.y.z", "Basic eDp5"))
            case 7:
                return self._session.request(
                    chance.choice(("GET", "PUT", "DELETE")), self._url(name), headers=headers, timeout=TIMEOUT_S
                )
        return self._post(name, raw, headers)

    def _note(self, name: str, answer: requests.Response) -> None:
        self.tally.statuses[answer.status_code] += 1
        if said := amiss(answer):
            self.tally.amiss.append(f"{name}: {said}: {answer.status_code} {answer.text:.300}")
        if answer.status_code >= 400:
            self.tally.codes[_refusal(answer)["code"]] += 1

    def _post(self, name: str, raw: bytes, headers: dict[str, str]) -> requests.Response:
        return self._session.post(self._url(name), data=raw, headers=headers, timeout=TIMEOUT_S)

    def _url(self, name: str) -> str:
        return f"{self.scene.world.place.functions}/{name}"


def amiss(answer: requests.Response) -> str:
    """What is wrong with an answer; nothing where it is taken, or refused by name before anything was written."""
    written = [path for path in answer.headers.get(WRITTEN, "").split() if not path.startswith(TRIES)]
    if answer.status_code >= 500:
        return "an error of ours"
    if answer.status_code < 400:
        return ""
    if written:
        return f"refused, and wrote {written}"
    refusal = _refusal(answer)
    return "" if refusal["code"] and len(refusal["field"]) <= LONGEST_FIELD and refusal["message"] else "without a name"


def _refusal(answer: requests.Response) -> Json:
    """{"code", "field", "message"}; empty texts for what is not told."""
    none = {"code": "", "field": "", "message": ""}
    try:
        told = answer.json()
    except ValueError:
        return none
    if "error" not in told:
        return {**none, **told}
    error = told["error"]
    return {**none, "code": error["status"], "message": error["message"], **(error.get("details") or {})}


def _body(name: str, call: Any) -> Any:
    return call if name in HTTPS else {"data": call}


def _headers(seed: Seed) -> dict[str, str]:
    return {**seed.by._headers(), "Content-Type": "application/json"}
