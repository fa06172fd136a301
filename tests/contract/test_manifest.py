"""Hub and functions read a manifest as the meter does: the same golden vectors."""

import json
from pathlib import Path
from typing import Any

import pytest

from contract import manifest
from contract.refusal import Refusal

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "contract" / "vectors" / "wire.json").read_text())
MANIFESTS = VECTORS["manifests"]
OF_THE_SEAL = ("bad_mac", "foreign", "unknown_schema", "stale")  # which only the meter can judge


def test_a_good_manifest_names_its_files() -> None:
    found = manifest.parse(manifest.payload_of(bytes.fromhex(MANIFESTS["good"]["frame"])))
    assert found.version == MANIFESTS["good"]["version"]
    assert [[file.name, file.size, file.digest] for file in found.files] == MANIFESTS["good"]["files"]


@pytest.mark.parametrize(
    "vector",
    [vector for vector in MANIFESTS["refused"] if vector["code"] not in OF_THE_SEAL],
    ids=lambda vector: vector["name"],
)
def test_what_a_meter_refuses_is_refused_alike(vector: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refusal:
        manifest.parse(manifest.payload_of(bytes.fromhex(vector["frame"])))
    assert (refusal.value.code, refusal.value.field) == (vector["code"], vector["field"])


@pytest.mark.parametrize("blob", [b"", bytes(19), bytes.fromhex(MANIFESTS["good"]["frame"])[1:], bytes(40)])
def test_what_is_no_sealed_manifest_has_no_payload(blob: bytes) -> None:
    with pytest.raises(Refusal):
        manifest.payload_of(blob)


@pytest.mark.parametrize("told", ["", "a" * 63, "A" * 64, "../" + "a" * 61, "a" * 64 + "\n", "٠" * 64, None, b"a" * 64])
def test_only_64_small_hexadecimal_digits_are_a_digest(told: object) -> None:
    assert not manifest.is_digest(told)
    assert manifest.is_digest("0f" * 32)
