"""Spoilt inputs for every decoder that reads what comes from outside, and what becomes of what it takes.

A decoder either takes an input or refuses it by name. What it takes goes on as far as it would before anything is
written, so that nothing gets into a transaction that breaks there.
"""

from __future__ import annotations

import gzip
import json
import random
import string
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Request
from werkzeug.test import EnvironBuilder

from sunmeter import ingest, web
from sunmeter.contract import documents, ledger
from sunmeter.contract.refusal import Refusal
from sunmeter.domain import alerts, codes, days, farewell, fields, items, months
from sunmeter.domain.imports import batches, detect, spec
from sunmeter.domain.imports.reader import Reader
from sunmeter.domain.silences import Silences
from sunmeter_edge import verify
from sunmeter_edge.contract import wire
from sunmeter_edge.contract.refusal import Refusal as HubRefusal
from tests.unit.functions import test_imports, test_items, test_money_junk
from tests.unit.functions.makers import METER, START_S, interval

NOW_S = START_S + 3600
K_LINK = bytes(range(32))
SIGNER = wire.Signer(K_LINK)
LONGEST_FIELD = 80
EVIDENCE: dict[str, Any] = {
    **{"boots": [7], "resets": ["power_on"], "readings": 36, "snapshots": 1, "late": 3, "dropped": 2, "clipped": 0},
    **{"rejected": 0, "leaps": 0, "offline_s": 900, "cloud_s": 60, "hub_s": 0},
}
VALID = {**test_items.VALID, "interval": interval(coverage_permille=400, **EVIDENCE).to_json()}
Spoil = Callable[[random.Random], Any]


@dataclass(frozen=True)
class Decoder:
    """One way in: what it is given, spoilt, and how it reads that."""

    spoilt: Spoil
    read: Callable[[Any], Any]


@dataclass
class Tally:
    """What came of many inputs."""

    taken: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)  # errors without a name, with the input


def fuzz(decoder: Decoder, inputs: int, seed: int) -> Tally:
    """Gives a decoder so many inputs; an error that is no Refusal, or names no field of a fair length, is noted."""
    chance, tally = random.Random(seed), Tally()
    for _ in range(inputs):
        raw = decoder.spoilt(chance)
        try:
            decoder.read(raw)
        except (Refusal, HubRefusal) as refusal:
            tally.refused[refusal.code] += 1
            if not refusal.code or len(refusal.field) > LONGEST_FIELD:
                tally.broken.append(f"{refusal!r} of {raw!r:.500}")
        except Exception as error:
            tally.broken.append(f"{error!r} of {raw!r:.500}")
        else:
            tally.taken += 1
    return tally


# --- what a hub sends ---


def goes_on(item: Any) -> None:
    """As far as an item goes before anything is written."""
    match item:
        case ledger.Interval():
            local = ledger.local_day(item.start_s, ledger.zone_named("Europe/Paris"))
            day = days.merge(days.empty(local, "Europe/Paris"), [item])
            assert days.read(days.write(day)) == day
            months.with_day(None, day)
        case items.Event():
            alerts.with_event(alerts.opened(item, NOW_S * 1000), item)
        case items.Status():
            Silences.of({}, "home").told(item.state, item.since_ms).episodes()


def read_item(raw: Any) -> None:
    goes_on(items.parse(raw, NOW_S))


def spoilt_of(good: Any) -> Spoil:
    return lambda chance: test_money_junk.spoilt(good, chance)


def read_body(raw: bytes) -> None:
    request = Request(EnvironBuilder(method="POST", data=raw).get_environ())
    for item in ingest._items(web.json_body(request, web.MAX_BODY_BYTES)):
        json.dumps(item)


def spoilt_body(chance: random.Random) -> bytes:
    """A request of a hub, cut, flipped, nested, packed twice, or not JSON at all."""
    kinds = list(VALID)
    body: Any = {"v": 1, "sent_ms": 1, "items": [VALID[chance.choice(kinds)] for _ in range(chance.randrange(4))]}
    raw = json.dumps(test_money_junk.spoilt(body, chance), default=repr).encode()
    match chance.randrange(6):
        case 0:
            raw = bytes(chance.randrange(256) for _ in range(chance.randrange(60)))
        case 1:
            raw = b"[" * chance.randrange(1, 3000) + raw
        case 2:
            raw = gzip.compress(gzip.compress(raw, 1), 1)
        case 3:
            raw = flipped(gzip.compress(raw, 1), chance)
        case 4:
            raw = raw[: chance.randrange(len(raw) + 1)]
    return raw if chance.random() < 0.5 else gzip.compress(raw, 1)


def flipped(raw: bytes, chance: random.Random) -> bytes:
    """Some bits turned, some bytes cut off."""
    spoilt = bytearray(raw)
    for _ in range(chance.randrange(1, 5)):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt[: len(spoilt) - chance.choice((0, 0, 1, 9))])


# --- what a meter sends, as its hub reads it ---


def frames(chance: random.Random) -> Iterator[bytes]:
    """A request of a meter, each frame signed, its fields anything that fits their width."""
    poll = {name: 0 for name, *_ in wire.POLL_FIELDS} | {"boot_id": 1, "request_no": 1}
    yield wire.seal(SIGNER, METER, wire.POLL, wire.encode(wire.POLL, poll))
    for _ in range(chance.randrange(3)):
        kind = chance.choice((wire.READING, wire.EVENT, wire.SNAPSHOT, wire.RESULT, 9))
        size = chance.choice((0, 8, 60, 140, 200))
        payload = bytes(chance.randrange(256) for _ in range(size))
        yield wire.seal(SIGNER, METER, kind, payload)


def spoilt_frames(chance: random.Random) -> bytes:
    body = b"".join(frames(chance))
    return body if chance.random() < 0.5 else flipped(body, chance)


# --- what people send ---


def spoilt_text(chance: random.Random) -> str:
    letters = string.printable + "é\x00\ud800０—"
    good = f"{METER}-CLAIMC0D"
    typed = "".join(chance.choices(letters, k=chance.randrange(30))) if chance.random() < 0.5 else good
    at = chance.randrange(len(typed) + 1)
    return typed[:at] + chance.choice(letters) + typed[at + chance.randrange(2) :]


def spoilt_file(chance: random.Random) -> tuple[str, Any]:
    """The history of another system with some of its cells and characters turned, and what its owner says of it."""
    text = chance.choice(FILES)
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(CELLS) + text[at + chance.choice((0, 1, 1, 9, 200)) :]
    options: Any = {"zone": "Europe/Paris", "stamp": "end"}
    return text, test_money_junk.spoilt(options, chance) if chance.random() < 0.2 else {}


def read_file(raw: tuple[str, Any]) -> None:
    text, options = raw
    understood = detect.detect(text, fields.mapping(options, "options"), "Europe/Paris")
    reader = Reader(spec.read(json.loads(json.dumps(spec.written(understood)))), NOW_S)
    for month, cells in batches.by_month(reader.read(text)).items():
        batches.added(None, month, cells, len(understood.series))
    json.dumps(reader.state, allow_nan=False)


def spoilt_column(chance: random.Random) -> tuple[str, bytes]:
    name = chance.choice(list(documents.DAY_COLUMNS))
    return name, bytes(chance.randrange(256) for _ in range(chance.randrange(200)))


FILES = (test_imports.uci(6), test_imports.HA_SUMS, test_imports.HA_WIDE, test_imports.OPSD_REAL)
CELLS = (
    *("", "x", '"', ";", ",", "\n", "\0", "-", "nan", "1e999", "9" * 400, "0" * 5000, "1,5", "é", "{", "\ud800", "\r"),
    *("2024-02-30T25:00:00Z", "1969-12-31", "99999999999999", "sensor.grid_import", "-0.001", "0x10", "1_0", "٣"),
)
HOMES: dict[str, Any] = {"homes": {"h1": "delete", "h2": {"pass_to": "u1"}, "h3": {"pass_to": "u2"}}}
DECODERS: dict[str, Decoder] = {
    **{kind: Decoder(spoilt_of(good), read_item) for kind, good in VALID.items()},
    "body": Decoder(spoilt_body, read_body),
    "frames": Decoder(spoilt_frames, lambda raw: verify.judge(SIGNER, METER, raw)),
    "label": Decoder(spoilt_text, codes.label),
    "code": Decoder(spoilt_text, lambda raw: codes.normal(raw, "user_code")),
    "file": Decoder(spoilt_file, read_file),
    "homes": Decoder(spoilt_of(HOMES), lambda raw: farewell.choices(fields.mapping(raw))),
    "column": Decoder(spoilt_column, lambda raw: documents.unpack(documents.DAY_COLUMNS[raw[0]], raw[1])),
    **{name: Decoder(spoilt_of(good), decode) for name, (decode, good) in test_money_junk.DECODERS.items()},
}
