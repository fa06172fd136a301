"""A firmware is published, rolled out to a meter, and its files are handed to hubs; and to nobody else."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from contract import wire
from dev import release
from dev.actors import Hub, Person
from dev.paths import ROOT
from dev.stack import PROJECT
from tests.emulator.world import World, give_areas, master_key, refused

pytestmark = pytest.mark.stack

FILES: release.Files = {"main.py": b"print(1)\n", "app.py": b"FIRMWARE = 2\n", "contract/__init__.py": b""}


def fetched(world: World, version: int, digest: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {world.hub.id_token()}"}
    body = {"version": version, "sha256": digest}
    return requests.post(f"{world.place.functions}/firmwarefile", json=body, headers=headers, timeout=30)


def test_a_published_release_is_sealed_for_a_meter_and_its_files_reach_the_hub(world: World) -> None:
    assert release.publish(world.db, 2, FILES)
    assert world.owner.call("rolloutfirmware", home=world.home, version=2) == {"meter": world.meter, "version": 2}
    downlink = world.stored(f"downlink/{world.meter}")
    signer = wire.Signer(wire.meter_key(master_key(world.stack), world.meter, 1))
    assert wire.unseal(signer, world.meter, wire.MANIFEST, downlink["manifest"]) == release.manifest(2, FILES)
    assert downlink["manifest_version"] == 2
    for raw in FILES.values():
        answer = fetched(world, 2, hashlib.sha256(raw).hexdigest())
        assert (answer.status_code, answer.content) == (200, raw)


def test_a_release_never_changes_and_may_be_published_twice(world: World) -> None:
    assert release.publish(world.db, 2, FILES)
    assert not release.publish(world.db, 2, FILES)
    with pytest.raises(release.ReleaseError, match="another firmware 2"):
        release.publish(world.db, 2, {**FILES, "app.py": b"FIRMWARE = 2  # mended\n"})


def test_an_older_firmware_is_not_rolled_out_and_the_same_again_writes_nothing(world: World) -> None:
    for version in (2, 3):
        release.publish(world.db, version, FILES)
    world.owner.call("rolloutfirmware", meter=world.meter, version=3)
    before = world.db.document(f"downlink/{world.meter}").get().update_time
    world.owner.call("rolloutfirmware", meter=world.meter, version=3)
    with refused("older_release"):
        world.owner.call("rolloutfirmware", meter=world.meter, version=2)
    assert world.db.document(f"downlink/{world.meter}").get().update_time == before


def test_who_names_no_version_gets_the_newest_by_number(world: World) -> None:
    with refused("no_such_release"):
        world.owner.call("rolloutfirmware", home=world.home)
    for version in (10, 9, 2):
        release.publish(world.db, version, FILES)
    assert world.owner.call("rolloutfirmware", home=world.home) == {"meter": world.meter, "version": 10}
    assert world.stored(f"downlink/{world.meter}")["manifest_version"] == 10


def test_what_is_not_whole_is_never_signed(world: World) -> None:
    with refused("no_such_release"):
        world.owner.call("rolloutfirmware", home=world.home, version=2)
    fields = release.published(2, FILES)
    digest = next(iter(fields["files"]))
    for damaged in (
        {**fields, "files": {**fields["files"], digest: b"something else"}},
        {**fields, "files": {}},
        {**fields, "manifest": b"{"},
        {**fields, "manifest": release.manifest(3, FILES)},
    ):
        world.db.document("releases/2").set(damaged)
        with refused("damaged_release"):
            world.owner.call("rolloutfirmware", home=world.home, version=2)
    assert world.stored(f"downlink/{world.meter}")["manifest"] is None


def test_an_owner_and_the_area_s_operator_roll_out_and_nobody_else(world: World) -> None:
    world.db.document(f"homes/{world.home}").update({"area": "north"})
    release.publish(world.db, 2, FILES)
    stranger, operator, foreign = (Person.somebody(world.place) for _ in range(3))
    give_areas(world.stack, operator, ["north"])
    give_areas(world.stack, foreign, ["south"])
    for nobody in (stranger, foreign):
        for target in ({"home": world.home}, {"meter": world.meter}, {"meter": "m-ffffffffff"}):
            with refused("no_such_home"):
                nobody.call("rolloutfirmware", version=2, **target)
    assert operator.call("rolloutfirmware", version=2, meter=world.meter)["meter"] == world.meter


def test_files_are_for_hubs_whose_access_stands(world: World) -> None:
    release.publish(world.db, 2, FILES)
    digest = hashlib.sha256(FILES["main.py"]).hexdigest()
    assert fetched(world, 2, "0" * 64).status_code == 404
    assert fetched(world, 9, digest).status_code == 404
    assert fetched(world, 2, "../x").status_code == 400
    url = f"{world.place.functions}/firmwarefile"
    assert requests.post(url, json={"version": 2, "sha256": digest}, timeout=30).status_code == 401
    headers = {"Authorization": f"Bearer {world.owner.id_token()}"}
    assert requests.post(url, json={"version": 2, "sha256": digest}, headers=headers, timeout=30).status_code == 403
    world.owner.call("revokehub", hub=world.hub.uid)
    assert fetched(world, 2, digest).status_code == 403


def test_the_firmware_of_this_checkout_is_published_by_one_command(world: World, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dev.release", str(tmp_path), "--publish", "--project", PROJECT]
    environment = {**world.stack.environment, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    version = release.version_of(release.sources())
    assert f"firmware {version} is published in {PROJECT}" in told
    assert world.owner.call("rolloutfirmware", home=world.home, version=version)["version"] == version
    without = subprocess.run(
        command[:5], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert without.returncode == 1
    assert "which project?" in without.stderr


def test_what_an_owner_shares_in_the_house_stands_in_the_downlink(world: World) -> None:
    def shares() -> Any:
        return world.owner.expect(f"homes/{world.home}")["shares"]

    path = f"downlink/{world.meter}"
    assert (world.stored(path)["mqtt"], world.stored(path)["page_code"]) == (False, None)
    assert shares() == {"mqtt": False, "page": False}
    first = world.owner.call("sharelocally", home=world.home, mqtt=True, page=True)["code"]
    assert len(first) == 8
    stored = world.stored(path)
    assert stored["mqtt"] is True
    assert first not in repr(stored)
    assert shares() == {"mqtt": True, "page": True}
    second = world.owner.call("sharelocally", home=world.home, page=True)["code"]
    assert world.stored(path)["mqtt"] is True
    assert world.stored(path)["page_code"] != stored["page_code"]
    assert second != first
    assert world.owner.call("sharelocally", home=world.home, mqtt=False, page=False) == {"code": None}
    assert (world.stored(path)["mqtt"], world.stored(path)["page_code"]) == (False, None)
    assert shares() == {"mqtt": False, "page": False}
    with refused("malformed"):
        world.owner.call("sharelocally", home=world.home, mqtt="yes")
    with refused("no_such_home"):
        Person.somebody(world.place).call("sharelocally", home=world.home, mqtt=True)


def test_a_meter_that_moves_to_another_hub_is_shared_no_more(world: World) -> None:
    world.owner.call("sharelocally", home=world.home, mqtt=True, page=True)
    Hub.enrolled(world.place, world.owner, world.home, "New").claim(
        world.owner, world.home, world.meter, master_key(world.stack)
    )
    stored = world.stored(f"downlink/{world.meter}")
    assert (stored["mqtt"], stored["page_code"]) == (False, None)
    assert world.owner.expect(f"homes/{world.home}")["shares"] == {"mqtt": False, "page": False}


def test_what_a_meter_runs_and_refused_is_known_with_the_next_heartbeat(world: World) -> None:
    def beat(firmware: int, **refused: int) -> tuple[int, int | None]:
        meters = {world.meter: {"last_ms": 1, "firmware": firmware, "model": 0, **refused}}
        world.hub.ingest([{"type": "heartbeat", "version": "1", "queue": 0, "meters": meters, "damaged_ms": 0}])
        told = world.owner.expect(f"hubs/{world.hub.uid}")["meters"][world.meter]
        return told["firmware"], told.get("refusal")

    assert [beat(firmware) for firmware in (1, 2)] == [(1, None), (2, None)]
    assert world.owner.expect(f"hubs/{world.hub.uid}")["meters"][world.meter]["updated_ms"] > 0
    assert beat(1, refusal=9, refused_ms=5) == (1, 9)  # fell back
    assert beat(1, refusal=8, refused_ms=6) == (1, 8)
    before = world.db.document(f"hubs/{world.hub.uid}").get().update_time
    beat(1, refusal=8, refused_ms=7)  # no news, and too soon
    assert world.db.document(f"hubs/{world.hub.uid}").get().update_time == before
