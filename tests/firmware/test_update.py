"""An update: nothing is started that is not signed and whole, power may go at any moment, and a bad one is undone."""

import hashlib
import json
import os
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from contract import wire
from dev import release
from tests.firmware.interpreters import MICROPYTHON, ROOT, Interpreter
from tests.firmware.meter_process import K_METER, METER

CODES = wire.REFUSALS
VECTORS: dict[str, Any] = json.loads((ROOT / "contract/vectors/wire.json").read_text())
MANIFESTS = VECTORS["manifests"]
Tree = dict[str, bytes | None]


def modules(version: int) -> dict[str, bytes]:
    """A small firmware: one file of several pieces, one in a folder, an empty one."""
    kernel = b"".join(hashlib.sha256(b"%d %d" % (version, n)).digest() for n in range(150))
    return {"main.py": b"VERSION = %d\n" % version, "contract/__init__.py": b"", "contract/wire.py": kernel}


def manifest(version: int, files: dict[str, bytes] | None = None) -> bytes:
    return release.sealed_manifest(version, modules(version) if files is None else files, METER, K_METER)


def slot(folder: str, version: int) -> Tree:
    files: Tree = {f"/{folder}/{name}": raw for name, raw in modules(version).items()}
    return {**files, f"/{folder}/manifest": manifest(version)}


def contents(*versions: int) -> dict[str, bytes]:
    """What the hub has, by SHA-256."""
    return {hashlib.sha256(raw).hexdigest(): raw for version in versions for raw in modules(version).values()}


FACTORY = slot("factory", 1)
NEWER: list[Any] = [["boot"], ["take", manifest(2)], ["fetch", contents(2), 99, 0], ["get", "restarts"]]
IN_A: list[Any] = [*NEWER, ["boot"], ["bursts", 150, True]]  # version 2 runs from /a, and has proven itself


@pytest.fixture
def root(interpreter: Interpreter, tmp_path: Path) -> str:
    """A flash as provisioned; WASM has files of its own, in memory."""
    path = str(tmp_path)
    if interpreter.name == "wasm":
        path = f"/{tmp_path.name}"
        interpreter.call("os", "mkdir", path)
    interpreter.call("probe_update", "lay", path, FACTORY)
    return path


def play(interpreter: Interpreter, root: str, steps: list[Any]) -> list[Any]:
    found = interpreter.call("probe_update", "steps", root, METER, K_METER, steps)
    return [answer for answer in found if answer is not None]


def refused(code: str, field: str) -> list[str]:
    return ["refused", code, field]


def test_the_golden_manifest_is_opened(interpreter: Interpreter) -> None:
    good = MANIFESTS["good"]
    key = bytes.fromhex(VECTORS["k_meter"])
    found = interpreter.call("probe_update", "opened", VECTORS["meter"], key, 3, bytes.fromhex(good["frame"]))
    assert found == [good["version"], good["files"]]
    assert len(good["frame"]) // 2 < wire.MAX_MANIFEST_BYTES * 2 / 3  # a third of the room is left


@pytest.mark.parametrize("vector", MANIFESTS["refused"], ids=lambda vector: vector["name"])
def test_bad_manifests_are_refused_alike(interpreter: Interpreter, vector: dict[str, str]) -> None:
    key, frame = bytes.fromhex(VECTORS["k_meter"]), bytes.fromhex(vector["frame"])
    found = interpreter.call("probe_update", "opened", VECTORS["meter"], key, MANIFESTS["held"], frame)
    assert found == refused(vector["code"], vector["field"])


def test_the_firmware_of_today_makes_a_manifest_that_meters_take(interpreter: Interpreter) -> None:
    modules = release.sources()
    files = release.compiled(modules) if interpreter.name == "unix" else modules
    sealed = release.sealed_manifest(release.version_of(modules), files, METER, K_METER)
    version, listed = interpreter.call("probe_update", "opened", METER, K_METER, 1, sealed)
    assert version == release.version_of(modules)
    assert {name for name, *_ in listed} == set(files)
    assert not {name for name in files if name.startswith("fixed/")}
    assert len(sealed) < wire.MAX_MANIFEST_BYTES * 2 / 3


def test_what_runs_before_any_firmware_stands_on_its_own(tmp_path: Path) -> None:
    """boot.py finds in /boot all that it imports, and what is in /boot imports nothing else."""
    for path, raw in release.flash(METER, K_METER, march=None).items():
        if path.startswith("/boot/"):
            at = tmp_path / path.lstrip("/")
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_bytes(raw)
    command = [str(MICROPYTHON), "-c", "import slots; print(slots.choose('/nowhere', 'm-0', b''))"]
    environment = {**os.environ, "MICROPYPATH": f"{tmp_path / 'boot'}:.frozen"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_a_release_that_meters_would_refuse_is_not_made() -> None:
    many = {f"module_{number:03d}.py": b"" for number in range(80)}
    with pytest.raises(release.ReleaseError, match="manifest"):
        release.manifest(2, many)
    with pytest.raises(release.ReleaseError):
        release.compiled({"main.py": b"def"})


def test_a_meter_as_provisioned_starts_from_the_factory(interpreter: Interpreter, root: str) -> None:
    steps = [["boot"], ["get", "version"], ["get", "held"], ["is_due", 0], ["pointer", "is_found"]]
    assert play(interpreter, root, steps) == ["/factory", 1, 1, False, False]


def test_a_newer_firmware_is_fetched_in_pieces_and_started(interpreter: Interpreter, root: str) -> None:
    steps: list[Any] = [*NEWER, ["boot"], ["get", "version"], ["pointer", "floor"]]
    assert play(interpreter, root, steps) == ["/factory", 4, True, "/a", 2, 0]


def test_it_is_proven_by_good_bursts_that_a_hub_acknowledged(interpreter: Interpreter, root: str) -> None:
    steps = [*NEWER, ["boot"], ["bursts", 149, True], ["pointer", "floor"], ["bursts", 1, True], ["pointer", "floor"]]
    assert play(interpreter, root, steps)[3:] == ["/a", 0, 2]


def test_without_a_hub_it_is_proven_by_a_quarter_of_an_hour(interpreter: Interpreter, root: str) -> None:
    steps = [*NEWER, ["boot"], ["bursts", 4499, False], ["pointer", "floor"], ["bursts", 1, False]]
    assert play(interpreter, root, [*steps, ["pointer", "floor"]])[3:] == ["/a", 0, 2]


def test_the_next_one_goes_where_the_last_one_does_not_run(interpreter: Interpreter, root: str) -> None:
    steps = [*IN_A, ["take", manifest(3)], ["fetch", contents(3), 99, 0], ["boot"], ["bursts", 150, True]]
    steps += [["take", manifest(4)], ["fetch", contents(4), 99, 0], ["boot"], ["get", "version"]]
    assert play(interpreter, root, steps)[4:] == [4, "/b", 4, "/a", 4]


def test_a_firmware_that_never_proves_itself_is_undone_told_and_not_taken_again(
    interpreter: Interpreter, root: str
) -> None:
    crashes = [["boot"]] * 5
    steps = [*IN_A, ["take", manifest(3)], ["fetch", contents(3), 99, 0], *crashes, ["boot"], ["get", "version"]]
    steps += [["get", "refusal"], ["get", "held"], ["take", manifest(3)], ["is_due", 0], ["boot"], ["get", "refusal"]]
    found = play(interpreter, root, steps)[5:]
    assert found == [*["/b"] * 5, "/a", 2, CODES.index("fell_back"), 3, False, "/a", 0]
    steps = [["boot"], ["take", manifest(4)], ["fetch", contents(4), 99, 0], ["boot"], ["get", "version"]]
    assert play(interpreter, root, steps) == ["/a", 4, "/b", 4]


def test_the_first_update_falls_back_to_the_factory(interpreter: Interpreter, root: str) -> None:
    assert play(interpreter, root, [*NEWER, *[["boot"]] * 6, ["get", "version"]])[3:] == [*["/a"] * 5, "/factory", 1]


def test_an_older_manifest_is_stale_and_the_same_is_no_news(interpreter: Interpreter, root: str) -> None:
    steps: list[Any] = [*IN_A, ["take", manifest(1)], ["take", manifest(2)], ["is_due", 0]]
    assert play(interpreter, root, steps)[4:] == [refused("stale", "manifest"), False]


def test_the_floor_holds_where_only_the_factory_is_left(interpreter: Interpreter, root: str) -> None:
    steps: list[Any] = [*IN_A, ["take", manifest(5)], ["fetch", contents(5), 99, 0], ["boot"], ["bursts", 150, True]]
    steps += [["remove", "/a/main.py"], ["remove", "/b/main.py"], ["boot"], ["get", "refusal"], ["get", "held"]]
    steps += [["take", manifest(4)], ["take", manifest(5)], ["fetch", contents(5), 99, 0], ["boot"]]
    found = play(interpreter, root, steps)[6:]
    assert found == ["/factory", CODES.index("damaged"), 1, refused("stale", "manifest"), 4, "/a"]


def test_one_on_trial_leaves_a_newer_one_for_later(interpreter: Interpreter, root: str) -> None:
    steps = [*NEWER, ["boot"], ["take", manifest(3)], ["is_due", 0], ["bursts", 150, True], ["take", manifest(3)]]
    assert play(interpreter, root, [*steps, ["is_due", 0]])[4:] == [False, True]


def test_a_restart_goes_on_where_the_fetching_ended(interpreter: Interpreter, root: str) -> None:
    steps = [["boot"], ["take", manifest(2)], ["fetch", contents(2), 2, 0], ["boot"], ["get", "held"]]
    assert play(interpreter, root, [*steps, ["fetch", contents(2), 99, 0], ["boot"]]) == [
        "/factory",
        2,
        "/factory",
        2,
        2,
        "/a",
    ]


def test_a_file_that_is_not_as_signed_is_refused_and_fetched_again_after_a_wait(
    interpreter: Interpreter, root: str
) -> None:
    wrong = {digest: raw[:-1] + b"\0" if raw else raw for digest, raw in contents(2).items()}
    steps = [["boot"], ["take", manifest(2)], ["fetch", wrong, 99, 0], ["is_due", 29_999], ["is_due", 30_000]]
    steps += [["fetch", wrong, 99, 30_000], ["is_due", 89_999], ["is_due", 90_000]]
    steps += [["fetch", contents(2), 99, 90_000], ["get", "restarts"], ["boot"], ["get", "version"]]
    damaged = refused("damaged", "contract/wire.py")
    assert play(interpreter, root, steps) == ["/factory", damaged, False, True, damaged, False, True, 4, True, "/a", 2]


def test_a_piece_that_was_not_asked_for_is_refused(interpreter: Interpreter, root: str) -> None:
    steps = [["boot"], ["take", manifest(2)], ["fetch", contents(2), 1, 0], ["wanted", 0]]
    long, empty = bytes(wire.PIECE_BYTES + 1), b""
    steps += [["put", long, 0], ["is_due", 29_999], ["put", empty, 0], ["fetch", contents(2), 99, 30_000], ["boot"]]
    found = play(interpreter, root, steps)
    assert found[3:] == [
        refused("too_large", "contract/wire.py"),
        False,
        refused("malformed", "contract/wire.py"),
        3,
        "/a",
    ]


def test_a_full_flash_is_told_and_the_update_waits(interpreter: Interpreter, root: str) -> None:
    steps = [["boot"], ["full", True], ["take", manifest(2)], ["full", False], ["take", manifest(2)], ["full", True]]
    steps += [
        ["fetch", contents(2), 99, 0],
        ["is_due", 1],
        ["full", False],
        ["fetch", contents(2), 99, 30_000],
        ["boot"],
    ]
    full = refused("too_large", "flash")
    assert play(interpreter, root, steps) == ["/factory", full, full, False, 4, "/a"]


def test_a_full_flash_moves_no_pointer_and_proves_nothing(interpreter: Interpreter, root: str) -> None:
    steps: list[Any] = [["boot"], ["take", manifest(2)], ["fetch", contents(2), 4, 0], ["wanted", 0], ["full", True]]
    steps += [["fetch", {}, 9, 0], ["get", "restarts"], ["bursts", 5000, True], ["pointer", "slot"], ["full", False]]
    full = refused("too_large", "flash")
    assert play(interpreter, root, [*steps, ["fetch", {}, 9, 30_000], ["boot"]]) == [
        *["/factory", 4, full, False, 0],
        *[0, "/a"],
    ]
    steps = [
        ["full", True],
        ["boot"],
        ["bursts", 299, True],
        ["pointer", "floor"],
        ["full", False],
        ["bursts", 1, True],
    ]
    assert play(interpreter, root, [*steps, ["pointer", "floor"], ["pointer", "boots_left"]]) == ["/a", 0, 2, 255]


def test_a_full_flash_keeps_no_meter_from_starting(interpreter: Interpreter, root: str) -> None:
    steps = [*IN_A, ["remove", "/a/main.py"], ["full", True], ["boot"], ["get", "version"], ["boot"]]
    assert play(interpreter, root, steps)[4:] == ["/factory", 1, "/factory"]


STRANGE: list[Any] = [
    pytest.param(["lay", "/a/extra.py", b"import os"], id="a file too many"),
    pytest.param(["lay", "/a/contract/extra.py", b""], id="a file too many in a folder"),
    pytest.param(["lay", "/a/json", None], id="an empty folder, which an import would find first"),
    pytest.param(["lay", "/a/contract/wire", None], id="a folder in a folder"),
    pytest.param(["lay", "/a/main.py", b"VERSION = 9\n"], id="one byte changed"),
    pytest.param(["lay", "/a/main.py", b"VERSION = 2\n\n"], id="one byte more"),
    pytest.param(["remove", "/a/contract/__init__.py"], id="a file missing"),
    pytest.param(["remove", "/a/manifest"], id="no manifest"),
    pytest.param(["lay", "/a/manifest", manifest(2)[:-1] + b"\0"], id="a forged manifest"),
    pytest.param(["lay", "/a/manifest", manifest(1)], id="the manifest of another firmware"),
]


@pytest.mark.parametrize("change", STRANGE)
def test_a_slot_that_is_not_what_its_manifest_says_is_never_started(
    interpreter: Interpreter, root: str, change: list[Any]
) -> None:
    assert play(interpreter, root, [*IN_A, change, ["boot"], ["get", "refusal"], ["boot"]])[4:] == [
        "/factory",
        CODES.index("damaged"),
        "/factory",
    ]


def test_with_nothing_whole_nothing_is_started(interpreter: Interpreter, root: str) -> None:
    assert play(interpreter, root, [["lay", "/factory/extra.py", b""], ["boot"]]) == [""]


def test_a_firmware_given_up_is_started_again_when_it_is_all_there_is(interpreter: Interpreter, root: str) -> None:
    steps = [*NEWER, *[["boot"]] * 5, ["remove", "/factory/main.py"], ["boot"], ["boot"]]
    assert play(interpreter, root, steps)[3:] == ["/a"] * 7


@pytest.mark.parametrize("pointer", [None, b"", b"\2\xff\0\0\0\0\0\0\0\0\0", b"x" * 40])
def test_without_a_pointer_the_newest_is_put_on_trial(
    interpreter: Interpreter, root: str, pointer: bytes | None
) -> None:
    lost = ["remove", "/pointer"] if pointer is None else ["lay", "/pointer", pointer]
    steps: list[Any] = [*IN_A, ["take", manifest(3)], ["fetch", contents(3), 99, 0], ["boot"], ["bursts", 150, True]]
    steps += [lost, ["boot"], ["pointer", "boots_left"], ["bursts", 150, True], ["pointer", "floor"]]
    assert play(interpreter, root, steps)[6:] == ["/b", 4, 3]


def pointer(slot_number: int, floor: int) -> bytes:
    """To a firmware that is proven."""
    fields = struct.pack("<BBHHB", slot_number, 255, floor, 0, 0)
    return fields + struct.pack("<I", zlib.crc32(fields))


IN_USE: Tree = {"/pointer": pointer(1, 2), "/b/contract/old.py": b"old"}
SCENES: dict[str, tuple[Tree, int]] = {
    "the first update": (FACTORY, 2),
    "over an older one": ({**FACTORY, **slot("a", 2), **slot("b", 1), **IN_USE}, 3),
}


def cut(interpreter: Interpreter, root: str, scene: str, at: int, again: int | None = None, hasty: bool = False) -> Any:
    tree, target = SCENES[scene]
    blob, hub = manifest(target), contents(target)
    return interpreter.call("probe_update", "cut", root, METER, K_METER, tree, blob, hub, target, at, again, hasty)


@pytest.mark.parametrize("scene", SCENES)
def test_power_that_goes_at_any_operation_leaves_a_meter_that_boots_and_ends_the_update(
    interpreter: Interpreter, root: str, scene: str
) -> None:
    target = SCENES[scene][1]
    found = {"was_cut": True}
    at = 0
    while found["was_cut"]:
        found = cut(interpreter, root, scene, at)
        assert found["pointed"] in (target - 1, target), at  # what the pointer names is whole at every moment
        assert found["booted"] == found["pointed"], at
        assert (found["refusal"], found["failed"]) == (0, 0), at
        assert (found["last"], found["proven"], found["floor"]) == (target, True, target), at
        at += 1
    assert at > 20


def test_power_that_goes_twice_is_no_worse(unix: Interpreter, tmp_path: Path) -> None:
    for at in range(0, 30, 2):
        for again in (0, 2, 5, 11, 20):
            found = cut(unix, str(tmp_path), "over an older one", at, again)
            assert found["booted"] in (2, 3), (at, again)
            assert (found["last"], found["proven"]) == (3, True), (at, again)


def test_the_test_of_power_cuts_would_notice_a_pointer_that_moves_too_early(
    interpreter: Interpreter, root: str
) -> None:
    found = [cut(interpreter, root, "the first update", at, hasty=True) for at in range(25)]
    assert 0 in [after["pointed"] for after in found]
    assert CODES.index("damaged") in [after["refusal"] for after in found]
