"""Firmware at the hub: fetched once, proved, kept, served in pieces, offered when whole; and nothing else is."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dev import release
from sunmeter_edge import firmware as edge_firmware
from sunmeter_edge import hub as edge
from sunmeter_edge.acknowledge import MAX_REPLY_BYTES
from sunmeter_edge.cloud import Cloud, Identity
from sunmeter_edge.config import Config
from sunmeter_edge.contract import wire
from sunmeter_edge.contract.manifest import File, Manifest
from sunmeter_edge.firmware import Firmware, Shelf
from sunmeter_edge.roster import Downlink, Meter, Roster
from tests.edge.conftest import CREDENTIAL, HandClock, Lan, make_known, serving
from tests.edge.fakes import FakeCloud, FakeMeter, unsealed

METERS = (FakeMeter("m-0000000001"), FakeMeter("m-0000000002"))
MODULES: release.Files = {
    "main.py": b"import app\n",
    "contract/__init__.py": b"",
    "app.py": random.Random(1).randbytes(5_000),
    "kernel.mpy": random.Random(2).randbytes(2_048),
}


def digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def downlink(meter: FakeMeter, version: int = 2, modules: release.Files = MODULES, **more: Any) -> Downlink:
    blob = release.sealed_manifest(version, modules, meter.meter, meter.k_meter)
    nothing = {"assignment": None, "model": None, "config": None, "assignment_version": 1, "model_version": 0}
    fields = {**nothing, "home": "home1", "lease_until_ms": 0, "config_version": 0, "commands": ()}
    return Downlink(**{**fields, "manifest": blob, "manifest_version": version, **more})


class Larder:
    """A shelf that is kept filled for two meters, without the hub around it."""

    def __init__(self, config: Config, cloud: FakeCloud):
        config.data_dir.mkdir(exist_ok=True)
        self.folder = config.data_dir / "firmware"
        self.config, self.cloud = config, cloud
        self.roster: Roster = {meter.meter: Meter(meter.meter) for meter in METERS}
        self.restart()

    def restart(self) -> None:
        self.firmware = Firmware(self.folder, Cloud(self.config, Identity(self.config, CREDENTIAL)), self.roster)
        self.firmware._shelf.load()

    def offer(self, version: int = 2, modules: release.Files = MODULES) -> None:
        self.cloud.files.update({digest(raw): raw for raw in modules.values()})
        for meter in METERS:
            self.roster[meter.meter].downlink = downlink(meter, version, modules)

    async def look(self) -> None:
        self.firmware._ask_at_s = 0.0  # whatever it waited for has passed
        await self.firmware.look()

    @property
    def kept(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}

    @property
    def is_offered(self) -> list[bool]:
        return [self.roster[meter.meter].has_firmware for meter in METERS]


@pytest.fixture
def larder(config: Config, cloud: FakeCloud) -> Larder:
    return Larder(config, cloud)


FILLED = {digest(raw) for raw in MODULES.values() if raw}


async def test_the_files_of_a_manifest_are_fetched_once_for_all_meters(larder: Larder) -> None:
    larder.offer()
    await larder.look()
    await larder.look()
    assert larder.kept == FILLED
    assert sorted(larder.cloud.fetched) == sorted(FILLED)
    assert larder.is_offered == [True, True]


async def test_what_an_interruption_left_whole_is_not_fetched_again(larder: Larder) -> None:
    larder.offer()
    missing = digest(MODULES["kernel.mpy"])
    del larder.cloud.files[missing]
    await larder.look()
    assert larder.is_offered == [False, False]
    before = set(larder.cloud.fetched)
    (larder.folder / f"{missing}.new").write_bytes(b"half of")  # the power went
    larder.restart()
    larder.offer()
    larder.cloud.fetched.clear()
    await larder.look()
    assert larder.kept == FILLED
    assert set(larder.cloud.fetched) == FILLED - (before - {missing})
    assert larder.is_offered == [True, True]


async def test_a_file_that_is_not_as_signed_is_never_kept(larder: Larder) -> None:
    larder.offer()
    spoilt = digest(MODULES["app.py"])
    for lie in (b"", b"print('evil')", MODULES["app.py"][:-1] + b"\0", MODULES["app.py"] * 2):
        larder.cloud.files[spoilt] = lie
        await larder.look()
        assert spoilt not in larder.kept
        assert larder.is_offered == [False, False]
    larder.cloud.files[spoilt] = MODULES["app.py"]
    await larder.look()
    assert larder.is_offered == [True, True]


async def test_a_cloud_that_fails_is_asked_again_after_longer_and_longer(larder: Larder) -> None:
    larder.offer()
    larder.cloud.files.clear()
    waits = []
    for _ in range(4):
        await larder.look()
        waits.append(larder.firmware._retry_s)
        await larder.firmware.look()  # not due yet
    assert waits == [10.0, 20.0, 40.0, 80.0]
    assert len(larder.cloud.fetched) == 4


async def test_what_rots_on_the_disk_is_found_when_it_is_asked_for_and_fetched_anew(larder: Larder) -> None:
    larder.offer()
    await larder.look()
    name = digest(MODULES["app.py"])
    (larder.folder / name).write_bytes(MODULES["app.py"][:-1] + b"\0")
    assert larder.firmware._shelf.piece(name, 0) is None
    await larder.look()
    assert larder.firmware._shelf.piece(name, 4_096) == MODULES["app.py"][4_096:]
    (larder.folder / name).unlink()
    assert larder.firmware._shelf.piece(name, 0) is None


async def test_what_rotted_while_the_hub_was_off_is_not_taken_over(larder: Larder) -> None:
    larder.offer()
    await larder.look()
    (larder.folder / digest(MODULES["main.py"])).write_bytes(b"import evil\n")
    larder.restart()
    assert larder.kept == FILLED - {digest(MODULES["main.py"])}


async def test_a_newer_firmware_takes_the_older_one_s_place_and_what_both_share_stays(larder: Larder) -> None:
    larder.offer()
    await larder.look()
    larder.cloud.fetched.clear()
    larder.offer(3, {**MODULES, "app.py": b"FIRMWARE = 3\n"})
    await larder.look()
    assert larder.cloud.fetched == [digest(b"FIRMWARE = 3\n")]
    assert larder.kept == FILLED - {digest(MODULES["app.py"])} | {digest(b"FIRMWARE = 3\n")}


async def test_the_shelf_has_an_end_and_the_newest_firmware_comes_first(larder: Larder) -> None:
    large = tuple(File(f"m{number}.py", 65_536, f"{number:064x}") for number in range(64))
    manifests = [Manifest(version, large) for version in range(1, 8)]
    kept = edge_firmware._bounded(manifests)
    assert list(kept) == [7, 6, 5, 4]
    assert sum(file.size for files in kept.values() for file in files) <= edge_firmware.MAX_BYTES


@pytest.mark.parametrize(
    "blob", [b"", b"x", bytes(64), wire.seal(METERS[0].signer, "m-0000000001", wire.MANIFEST, b"[")]
)
async def test_a_manifest_that_is_none_harms_nothing(larder: Larder, blob: bytes) -> None:
    larder.offer()
    had = downlink(METERS[0])
    larder.roster[METERS[0].meter].downlink = Downlink(**{**had.__dict__, "manifest": blob})
    await larder.look()
    assert larder.is_offered == [False, True]


async def test_what_two_versions_share_is_fetched_once(larder: Larder) -> None:
    larder.offer()
    larder.roster[METERS[1].meter].downlink = downlink(METERS[1], 3, {**MODULES, "app.py": b"FIRMWARE = 3\n"})
    larder.cloud.files[digest(b"FIRMWARE = 3\n")] = b"FIRMWARE = 3\n"
    await larder.look()
    assert sorted(larder.cloud.fetched) == sorted(FILLED | {digest(b"FIRMWARE = 3\n")})
    assert larder.is_offered == [True, True]


def test_a_disk_that_refuses_is_no_file(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "file" / "deeper")
    with pytest.raises(OSError, match="deeper"):
        shelf.load()


@pytest.fixture
async def lan(config: Config, cloud: FakeCloud, clock: HandClock) -> AsyncIterator[tuple[Lan, edge.Hub]]:
    """A hub of one meter that has been told of firmware 2."""
    cloud.files = {digest(raw): raw for raw in MODULES.values()}
    make_known(config, METERS[0])
    hub = edge.Hub(config, CREDENTIAL, clock)
    async with serving(config, hub) as running:
        hub.roster[METERS[0].meter].downlink = downlink(METERS[0])
        for _ in range(200):
            if hub.roster[METERS[0].meter].has_firmware:
                break
            await asyncio.sleep(0.05)
        yield running, hub


async def test_pieces_are_served_without_the_cloud(lan: tuple[Lan, edge.Hub], cloud: FakeCloud) -> None:
    cloud.away = True
    client, raw = lan[0].client, MODULES["app.py"]
    path = f"/v1/firmware/{digest(raw)}"
    pieces = [(await client.get(f"{path}?at={at}")).content for at in range(0, len(raw), wire.PIECE_BYTES)]
    assert b"".join(pieces) == raw
    assert [len(piece) for piece in pieces] == [2048, 2048, 904]
    assert (await client.get(path)).content == raw[:2048]
    assert (await client.get(f"{path}?at={len(raw)}")).status_code == 404


OUTSIDE = (
    *("..%2f..%2fcredential.json", "../credential.json", "credential.json", "%2e%2e", "", "x" * 5_000),
    *("0" * 64, "0" * 63, "F" * 64, f"{'0' * 64}%00", f"{'0' * 64}.new"),
    *(f"{digest(MODULES['app.py'])}?at={at}" for at in ("-1", "x", "1e3", "99999999999", "²")),
)


async def test_nothing_but_a_known_digest_reaches_the_disk(
    lan: tuple[Lan, edge.Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    monkeypatch.setattr(Path, "read_bytes", read.append)
    for path in OUTSIDE:
        assert (await lan[0].client.get(f"/v1/firmware/{path}")).status_code == 404, path
    assert read == []


async def test_a_manifest_travels_while_it_is_news_and_its_files_are_here(lan: tuple[Lan, edge.Hub]) -> None:
    running, hub = lan
    told = await running.send(METERS[0], manifest_version=1)
    assert unsealed(told["manifest"]) == downlink(METERS[0]).manifest
    assert "manifest" not in await running.send(METERS[0], manifest_version=2)
    hub.roster[METERS[0].meter].has_firmware = False
    assert "manifest" not in await running.send(METERS[0], manifest_version=1)


async def test_a_reply_never_outgrows_the_meter_and_the_manifest_waits_first(lan: tuple[Lan, edge.Hub]) -> None:
    running, hub = lan
    many = {**MODULES, **{f"module_{number}.py": MODULES["main.py"] for number in range(40)}}
    model, config, command = (random.Random(seed).randbytes(size) for seed, size in ((1, 1_024), (2, 8_192), (3, 300)))
    told = {"model": model, "model_version": 4, "config": config, "config_version": 5}
    hub.roster[METERS[0].meter].downlink = downlink(METERS[0], 3, many, **told, commands=((1, 2**33, command),))
    names = []
    for config_version in (0, 5):
        answer = await running.post(METERS[0], METERS[0].body(config_version=config_version))
        assert len(answer.content) <= MAX_REPLY_BYTES
        reply = METERS[0].checked(answer.content, answer.headers["Sunmeter-Mac"])
        names.append({name for name in ("manifest", "model", "config", "commands") if name in reply})
    assert names == [{"model", "config", "commands"}, {"manifest", "model", "commands"}]
