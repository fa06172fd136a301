"""A backup brings everything back into an empty project: every document with its types, and every account."""

import gzip
from pathlib import Path

import pytest

from contract import documents
from dev.actors import Person
from dev.backup import folder as kept
from dev.backup.__main__ import MOST_AT_ONCE, MOST_BYTES, back_up, batches, restore
from dev.backup.project import Json, NotDone, Project
from dev.stack import PROJECT, Stack
from tests.emulator.world import World, eventually, sent, yesterday

# One value of each type that REST names, below a document that is missing.
EVERY_TYPE: Json = {
    "path": "areas/nowhere/signals/every-type",
    "fields": {
        "null": {"nullValue": None},
        "yes": {"booleanValue": True},
        "whole": {"integerValue": str((1 << 62) + 1)},
        "third": {"doubleValue": 1 / 3},
        "one": {"doubleValue": 1.0},
        "none": {"doubleValue": "NaN"},
        "at": {"timestampValue": "2026-11-29T10:33:59.710123Z"},
        "text": {"stringValue": "kWh · «é» \u2028"},
        "bytes": {"bytesValue": "AP/+"},
        "place": {"geoPointValue": {"latitude": 48.5, "longitude": 2.25}},
        "list": {"arrayValue": {"values": [{"integerValue": "1"}, {"stringValue": ""}]}},
        "empty": {"arrayValue": {}},
        "map": {"mapValue": {"fields": {"m-1": {"mapValue": {}}}}},
    },
}


def lines(folder: Path, name: str) -> dict[str, Json]:
    """The lines of a backup's file by path or account."""
    return {str(each.get("path") or each["localId"]): each for each in kept.read_lines(folder / name)}


def told_of(accounts: dict[str, Json]) -> dict[str, Json]:
    """Accounts without the moments of their making, which are those of the restore, and without what is not so."""
    moments = ("createdAt", "lastLoginAt", "lastRefreshAt", "passwordUpdatedAt", "validSince")
    return {uid: {key: each[key] for key in each if key not in moments and each[key]} for uid, each in accounts.items()}


@pytest.mark.stack
def test_a_restore_brings_back_every_document_with_its_types_and_every_account(stack: Stack, tmp_path: Path) -> None:
    project = Project.of_stack(PROJECT, stack.environment)
    world = World.made(stack, area="north")
    day = yesterday()
    world.hub.ingest(sent(world.quarters(day)))
    month = documents.month(world.home, day.month)
    eventually(lambda: world.db.document(month).get().to_dict())
    project.write([EVERY_TYPE])

    before = back_up(project, tmp_path / "before")
    with pytest.raises(NotDone, match="holds documents"):
        restore(project, tmp_path / "before")
    stack.clear()
    assert restore(project, tmp_path / "before")["documents"] == before["documents"]
    back_up(project, tmp_path / "after")

    was, now = (lines(tmp_path / each, kept.DOCUMENTS) for each in ("before", "after"))
    assert was == now
    assert was[EVERY_TYPE["path"]] == EVERY_TYPE
    assert {documents.day(world.home, day.day), month, documents.home(world.home)} <= was.keys()
    was, now = (lines(tmp_path / each, kept.ACCOUNTS) for each in ("before", "after"))
    assert told_of(was) == told_of(now)
    assert set(now) == {world.owner.uid, world.hub.uid}

    back = Person(world.place, world.owner.email, world.owner.password)
    back.sign_in()
    assert back.expect(documents.day(world.home, day.day))["columns"]
    world.hub.sign_in()
    assert world.hub.ingest(sent(world.quarters(day, 1))) == [{"ok": True}]


def test_a_backup_that_was_changed_or_not_finished_is_refused(tmp_path: Path) -> None:
    for name in (kept.DOCUMENTS, kept.ACCOUNTS):
        kept.write_lines(tmp_path / name, [{"path": "homes/h", "fields": {}}])
    with pytest.raises(kept.Damaged, match="not finished"):
        kept.unsealed(tmp_path)
    kept.seal(tmp_path, {"documents": 1})
    assert kept.unsealed(tmp_path)["documents"] == 1
    (tmp_path / kept.DOCUMENTS).write_bytes(gzip.compress(b""))
    with pytest.raises(kept.Damaged, match="not the file"):
        kept.unsealed(tmp_path)


def test_a_backup_is_for_its_owner_alone_and_replaces_none(tmp_path: Path) -> None:
    kept.write_lines(tmp_path / "file", [])
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        kept.write_lines(tmp_path / "file", [])


def test_a_commit_holds_no_more_than_firestore_takes() -> None:
    small = [{"path": f"homes/{number}", "fields": {}} for number in range(2 * MOST_AT_ONCE + 1)]
    assert [len(batch) for batch in batches(small)] == [MOST_AT_ONCE, MOST_AT_ONCE, 1]
    large = [{"path": "homes/h", "fields": {"bytes": "A" * (MOST_BYTES // 2)}}] * 3
    assert [len(batch) for batch in batches(large)] == [1, 1, 1]
    assert list(batches([])) == []
