"""The whole meter, started from its flash as the ESP32 is, takes firmware from a hub: good, spoilt, crashing, older."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract import wire
from dev import release
from tests.firmware.fake_hub import FakeHub
from tests.firmware.meter_process import CLOUD, K_LINK, METER, SlottedProcess, build

T0 = 1_795_000_000_000
CODES = wire.REFUSALS


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(METER, K_LINK) as running:
        running.origin_ms = T0
        yield running


@pytest.fixture
def slotted(tmp_path: Path) -> Iterator[SlottedProcess]:
    """A meter as provisioned, switched off."""
    process = SlottedProcess(tmp_path / "meter")
    yield process
    process.kill()


def offer(hub: FakeHub, version: int, modules: release.Files, signer: wire.Signer = CLOUD) -> None:
    """What the cloud has signed and the hub has fetched."""
    hub.blobs["manifest"] = wire.seal(signer, METER, wire.MANIFEST, release.manifest(version, modules))
    hub.manifest_version = version
    hub.files = {hashlib.sha256(raw).hexdigest(): raw for raw in modules.values()}


def told(hub: FakeHub, name: str) -> list[int]:
    """The readings' values of a field, each once, in the order they came."""
    return list(dict.fromkeys(reading[name] for reading in hub.of(wire.READING)))


def pieces(modules: release.Files) -> int:
    return sum(-(-len(raw) // wire.PIECE_BYTES) for raw in modules.values())


def test_a_meter_runs_from_the_slot_that_it_was_provisioned_with(slotted: SlottedProcess, hub: FakeHub) -> None:
    assert slotted.live(hub.port, seconds=60) == 0
    assert told(hub, "firmware") == [1]
    assert hub.polls[-1]["manifest_version"] == 1
    assert slotted.console() == ""


def test_a_running_meter_updates_itself_and_goes_on_metering(slotted: SlottedProcess, hub: FakeHub) -> None:
    newer = build(2)
    offer(hub, 2, newer)
    assert slotted.live(hub.port, seconds=300) == 1
    assert told(hub, "firmware") == [1, 2]
    assert told(hub, "refusal") == [0]
    assert {reading["coverage_permille"] for reading in hub.of(wire.READING)} == {1000}
    assert hub.pieces == pieces(newer)
    assert slotted.console() == ""
    offer(hub, 3, build(3))
    assert slotted.live(hub.port, seconds=300) == 1
    assert told(hub, "firmware") == [1, 2, 3]


@pytest.mark.parametrize("path", ["boot/slots.py", "boot/contract/wire.py", "factory/manifest", "factory/app.py"])
def test_a_boot_that_fails_starts_nothing_and_tries_again(slotted: SlottedProcess, hub: FakeHub, path: str) -> None:
    good = (slotted.directory / path).read_bytes()
    slotted.lay({"lib/main.py": b"raise SystemExit(7)\n"})
    for content in (b"", b"[]", b"\xff"):
        slotted.lay({path: content})
        slotted.start(hub.port, seconds=60)
        assert slotted.wait() == 42
    slotted.lay({path: good})
    assert slotted.live(hub.port, seconds=60) == 0


def test_what_was_put_beside_a_slot_is_never_imported(slotted: SlottedProcess, hub: FakeHub) -> None:
    evil = b"raise SystemExit(7)\n"
    slotted.lay(
        {f"{folder}{name}.py": evil for folder in ("/", "/lib/") for name in ("app", "update", "slots", "wire")}
    )
    offer(hub, 2, build(2))
    assert slotted.live(hub.port, seconds=120) == 1
    assert told(hub, "firmware") == [1, 2]


def test_a_file_spoilt_under_way_is_told_and_fetched_again(slotted: SlottedProcess, hub: FakeHub) -> None:
    newer = build(2)
    offer(hub, 2, newer)
    hub.to_spoil = lambda piece: piece[:-1] + b"\0" if hub.pieces == 5 else piece
    assert slotted.live(hub.port, seconds=300) == 1
    assert told(hub, "firmware") == [1, 2]
    assert CODES.index("damaged") in told(hub, "refusal")
    assert hub.pieces > pieces(newer)


def test_a_hub_that_vanishes_half_way_is_no_more_than_a_pause(slotted: SlottedProcess, hub: FakeHub) -> None:
    newer = build(2)
    offer(hub, 2, newer)
    slotted.start(hub.port, seconds=86_400)
    hub.wait_for(lambda hub: hub.pieces > 20)
    hub.is_away = True
    slotted.kill()  # and the power goes as well
    assert hub.pieces < pieces(newer)
    fetched = hub.pieces
    slotted.start(hub.port, seconds=600)
    assert slotted.wait() == 0
    hub.is_away = False
    assert slotted.live(hub.port, seconds=300) == 1
    assert told(hub, "firmware")[-1] == 2
    assert hub.pieces <= pieces(newer) + 1
    assert hub.pieces > fetched


def test_files_that_the_hub_does_not_have_yet_are_waited_for(slotted: SlottedProcess, hub: FakeHub) -> None:
    offer(hub, 2, build(2))
    files, hub.files = hub.files, {}
    assert slotted.live(hub.port, seconds=120) == 0
    assert told(hub, "refusal") == [0]
    hub.files = files
    assert slotted.live(hub.port, seconds=300) == 1


CRASHES = [
    pytest.param({"main": b"raise ValueError\n"}, id="in main"),
    pytest.param({"kernel": b"import nothing\n"}, id="while modules are imported"),
    pytest.param({"metering": b"x = bytearray(1 << 24)\n"}, id="for want of memory"),
    pytest.param({"metering": b"\n\nMeter.measure = None\n"}, id="at every burst"),
]


@pytest.mark.parametrize("changes", CRASHES)
def test_a_firmware_that_crashes_is_left_for_the_one_before(
    slotted: SlottedProcess, hub: FakeHub, changes: dict[str, bytes]
) -> None:
    crashing = build(2, **changes)
    if "main" in changes:
        crashing["main.py"] = changes["main"] + crashing["main.py"]
    offer(hub, 2, crashing)
    assert slotted.live(hub.port, seconds=300) == 6  # the update, and five chances
    assert told(hub, "firmware") == [1]
    assert told(hub, "refusal") == [0, CODES.index("fell_back")]
    assert hub.polls[-1]["manifest_version"] == 2
    offer(hub, 3, build(3))
    assert slotted.live(hub.port, seconds=300) == 1
    assert told(hub, "firmware") == [1, 3]


@pytest.mark.parametrize(
    ("version", "signer", "code"),
    [(1, CLOUD, "stale"), (3, wire.Signer(K_LINK), "bad_mac")],
    ids=["older", "signed by the hub"],
)
def test_a_manifest_that_is_older_or_forged_is_refused_with_a_code(
    slotted: SlottedProcess, hub: FakeHub, version: int, signer: wire.Signer, code: str
) -> None:
    offer(hub, 2, build(2))
    slotted.live(hub.port, seconds=120)
    offer(hub, version, build(version), signer)
    hub.manifest_version = 99  # a hub that sends it all the same
    assert slotted.live(hub.port, seconds=120) == 0
    assert told(hub, "firmware") == [1, 2]
    assert CODES.index(code) in told(hub, "refusal")


def test_with_both_slots_damaged_the_factory_is_started_and_fetches_anew(slotted: SlottedProcess, hub: FakeHub) -> None:
    for version in (2, 3):
        offer(hub, version, build(version))
        slotted.live(hub.port, seconds=120)
    for slot in ("a", "b"):
        (slotted.directory / slot / "app.py").write_bytes(b"")
    hub.records.clear()
    assert slotted.live(hub.port, seconds=300) == 1
    assert told(hub, "firmware") == [1, 3]
    assert CODES.index("damaged") in told(hub, "refusal")


@pytest.mark.parametrize("name", ["config", "manifest"])
def test_what_is_too_large_is_refused_and_metering_goes_on(slotted: SlottedProcess, hub: FakeHub, name: str) -> None:
    hub.blobs[name] = wire.seal(CLOUD, METER, {"config": wire.CONFIG, "manifest": wire.MANIFEST}[name], b" " * 6_200)
    hub.manifest_version = 2
    assert slotted.live(hub.port, seconds=120) == 0
    assert CODES.index("too_large") in told(hub, "refusal")
    assert {reading["coverage_permille"] for reading in hub.of(wire.READING)} == {1000}
