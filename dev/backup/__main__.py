"""make backup TO=FOLDER, make restore FROM=FOLDER: the stack that is running here, or the project of FIREBASE_PROJECT.

A backup shows Firestore at one moment; accounts are read right after. A restore goes into a project that holds neither
documents nor accounts, and checks the files before it writes. The master key of the meters is in neither.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from google.auth.exceptions import GoogleAuthError

from dev.backup import folder as kept
from dev.backup.project import ACCOUNTS_PAGE, Json, NotDone, Project, now
from dev.operator import PROJECT_VARIABLE
from dev.ports import PortError, Ports
from dev.running import StackDescription, StackError
from dev.stack import PROJECT

MOST_AT_ONCE, MOST_BYTES = 400, 4_000_000  # of a commit, which may have 10 MiB
LAST = "days"  # a day wakes the trigger that makes its month: by then the month is there, and stays as it was


def back_up(project: Project, folder: Path) -> Json:
    """Writes everything into a new folder; returns the manifest. Raises NotDone, OSError."""
    folder.mkdir(parents=True, mode=0o700)
    moment = now()
    documents = kept.write_lines(folder / kept.DOCUMENTS, project.documents(moment))
    accounts = kept.write_lines(folder / kept.ACCOUNTS, project.accounts())
    told = {"project": project.name, "at": moment, "documents": documents, "accounts": accounts}
    kept.seal(folder, {**told, "hashing": project.hashing()})
    return told


def restore(project: Project, folder: Path) -> Json:
    """Writes a backup into an empty project; returns its manifest. Raises Damaged, NotDone."""
    told = kept.unsealed(folder)
    if project.holds_documents() or any(project.accounts()):
        raise NotDone(f"{project.name} holds documents or accounts: a restore goes into an empty project")
    accounts = list(kept.read_lines(folder / kept.ACCOUNTS))
    for first in range(0, len(accounts), ACCOUNTS_PAGE):
        project.create_accounts(accounts[first : first + ACCOUNTS_PAGE], told["hashing"])
    for is_last in (False, True):
        lines = kept.read_lines(folder / kept.DOCUMENTS)
        for batch in batches(each for each in lines if _waits(each["path"]) == is_last):
            project.write(batch)
    return told


def batches(documents: Iterable[Json]) -> Iterator[list[Json]]:
    """What goes into one commit each, in the order given."""
    batch: list[Json] = []
    size = 0
    for document in documents:
        its = len(str(document))
        if batch and (len(batch) == MOST_AT_ONCE or size + its > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(document)
        size += its
    if batch:
        yield batch


def _waits(path: str) -> bool:
    return path.split("/")[-2] == LAST


def _meant() -> Project:
    """Raises StackError, PortError or GoogleAuthError when there is none."""
    if named := os.environ.get(PROJECT_VARIABLE):
        return Project.of_google(named)
    return Project.of_stack(PROJECT, StackDescription.of_running(Ports.default()).environment)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.backup", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("command", choices=("backup", "restore"))
    parser.add_argument("folder", type=Path, nargs="?", help="new for a backup; one that `backup` made for a restore")
    asked = parser.parse_args(arguments)
    if not asked.folder or asked.folder == Path():
        print("name the folder: make backup TO=FOLDER, make restore FROM=FOLDER", file=sys.stderr)
        return 2
    try:
        told = (back_up if asked.command == "backup" else restore)(_meant(), asked.folder)
    except StackError as error:
        print(f"{error}\nor name a real project: {PROJECT_VARIABLE}=… make {asked.command} …", file=sys.stderr)
        return 1
    except (GoogleAuthError, kept.Damaged, NotDone, OSError, PortError) as error:
        print(f"{asked.command}: {error}", file=sys.stderr)
        return 1
    done = "written" if asked.command == "backup" else "restored"
    print(
        f"{told['documents']} documents and {told['accounts']} accounts of {told['project']}, at {told['at']}, {done}"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
