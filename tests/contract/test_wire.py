"""The wire's golden vectors and properties, on CPython. MicroPython reads the same vectors in test_platforms.py."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import wire
from contract.refusal import Refusal

VECTORS = json.loads((Path(wire.__file__).parent / "vectors" / "wire.json").read_text())
METER = VECTORS["meter"]
K_METER, K_LINK = bytes.fromhex(VECTORS["k_meter"]), bytes.fromhex(VECTORS["k_link"])
LINK = wire.Signer(K_LINK)
READING = VECTORS["frames"][1]["record"]


def read(frame: bytes) -> dict[str, Any]:
    """What the hub does with one frame."""
    record: dict[str, Any] = wire.decode(*wire.open_frame(LINK, METER, frame))
    return record


def test_keys_and_claim_code_follow_from_the_master_key() -> None:
    k_meter = wire.meter_key(bytes.fromhex(VECTORS["master"]), METER, VECTORS["key_version"])
    assert k_meter == K_METER
    assert wire.link_key(k_meter, VECTORS["hub"], VECTORS["key_version"]) == K_LINK
    assert wire.claim_code(k_meter) == VECTORS["claim_code"]


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=lambda vector: f"kind {vector['kind']}")
def test_frames_are_these_bytes_both_ways(vector: dict[str, Any]) -> None:
    record = dict(vector["record"])
    text = record.pop("text", "")
    payload = wire.encode(vector["kind"], record, text)
    assert wire.seal(LINK, METER, vector["kind"], payload).hex() == vector["frame"]
    assert read(bytes.fromhex(vector["frame"])) == record


def test_a_result_carries_its_text() -> None:
    frame = bytes.fromhex(VECTORS["frames"][4]["frame"])
    _, _, payload = wire.open_frame(LINK, METER, frame)
    assert wire.result_text(payload) == VECTORS["frames"][4]["record"]["text"]


@given(st.text(alphabet="a°€𝄞", min_size=190, max_size=210))
def test_a_long_text_is_cut_between_characters(text: str) -> None:
    record = {name: number for name, number in VECTORS["frames"][4]["record"].items() if name != "text"}
    payload = wire.encode(wire.RESULT, record, text)
    assert wire.decode(wire.RESULT, wire.SCHEMA, payload) == record
    kept = wire.result_text(payload)
    assert text.startswith(kept)
    assert wire.MAX_RESULT_TEXT_BYTES - 3 <= len(kept.encode()) <= wire.MAX_RESULT_TEXT_BYTES or kept == text


def test_a_newer_reading_is_read_by_the_prefix_that_is_known() -> None:
    assert read(bytes.fromhex(VECTORS["newer"]["frame"])) == VECTORS["newer"]["record"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_bad_frames_are_refused_with_a_code_and_the_field(vector: dict[str, str]) -> None:
    with pytest.raises(Refusal) as caught:
        read(bytes.fromhex(vector["frame"]))
    assert (caught.value.code, caught.value.field) == (vector["code"], vector["field"])


def test_a_blob_sealed_for_the_meter_opens_only_as_its_kind() -> None:
    sealed, signer = VECTORS["sealed"], wire.Signer(K_METER)
    blob = bytes.fromhex(sealed["frame"])
    assert wire.unseal(signer, METER, sealed["kind"], blob).decode() == sealed["payload"]
    with pytest.raises(Refusal, match="foreign"):
        wire.unseal(signer, METER, wire.CONFIG, blob)
    with pytest.raises(Refusal, match="bad_mac"):
        wire.unseal(signer, "m-zzzzzzzzzz", sealed["kind"], blob)


def test_a_reply_is_bound_to_its_request() -> None:
    reply = VECTORS["reply"]
    body = reply["body"].encode()
    assert wire.reply_mac(LINK, METER, reply["boot_id"], reply["request_no"], body) == reply["mac"]
    assert wire.reply_mac(LINK, METER, reply["boot_id"], reply["request_no"] + 1, body) != reply["mac"]


def test_a_body_is_cut_into_its_frames() -> None:
    frames = [bytes.fromhex(vector["frame"]) for vector in VECTORS["frames"]]
    assert wire.split(b"".join(frames)) == frames
    assert wire.split(b"") == []


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"\x02\x01\xff\x1f" + bytes(40), "malformed", "frames"),
        (b"\x02", "malformed", "frames"),
        (bytes(wire.MAX_BODY_BYTES + 1), "too_large", "body"),
        ((b"\x01\x01\x00\x00" + bytes(16)) * (wire.MAX_FRAMES + 1), "too_large", "frames"),
    ],
)
def test_a_body_that_is_not_frames_is_refused(body: bytes, code: str, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        wire.split(body)
    assert (caught.value.code, caught.value.field) == (code, field)


@given(st.binary(max_size=400))
def test_any_bytes_give_frames_or_a_refusal(body: bytes) -> None:
    try:
        joined = b"".join(wire.split(body))
    except Refusal:
        return
    assert joined == body


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=lambda vector: f"kind {vector['kind']}")
def test_every_flipped_bit_is_refused(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["frame"])
    for bit in range(len(frame) * 8):
        flipped = bytearray(frame)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Refusal):
            read(bytes(flipped))


@given(st.data())
def test_any_reading_within_its_bounds_survives_the_wire(data: st.DataObject) -> None:
    record = {name: data.draw(_numbers(*bounds), name) for name, *bounds in wire.READING_FIELDS}
    assert wire.decode(wire.READING, wire.SCHEMA, wire.encode(wire.READING, record)) == record


def _numbers(code: str, least: int | None, greatest: int | None) -> st.SearchStrategy[int]:
    bits = {"b": 7, "B": 8, "h": 15, "H": 16, "i": 31, "I": 32, "Q": 64}[code]
    signed = code.islower()
    low, high = (-(1 << bits) if signed else 0), (1 << bits) - 1
    return st.integers(low if least is None else least, high if greatest is None else greatest)


@pytest.mark.parametrize(
    ("field", "number", "code"),
    [("seq", None, "malformed"), ("seq", 1.0, "malformed"), ("seq", True, "malformed"), ("v_mv", -1, "out_of_range")],
)
def test_a_record_that_does_not_fit_is_not_encoded(field: str, number: Any, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        wire.encode(wire.READING, {**READING, field: number})
    assert (caught.value.code, caught.value.field) == (code, field)


@pytest.mark.parametrize(
    ("meter", "good"), [(METER, True), ("m-0A1b2c3d4e", False), ("m-0a1b2c3d4", False), ("", False), (None, False)]
)
def test_meter_ids_are_lower_case_and_of_one_length(meter: object, good: bool) -> None:
    assert wire.is_meter_id(meter) is good


def test_a_thousand_meters_share_no_key() -> None:
    keys = {wire.meter_key(bytes(32), f"m-{number:010d}", 1) for number in range(1000)}
    assert len(keys) == 1000
