"""Takes the registry's addresses out of package-lock.json; the hashes stay.

npm leaves them out itself when asked (`--omit-lockfile-registry-resolved`), but not for every package.
"""

from __future__ import annotations

import json

from dev.paths import ROOT

LOCK = ROOT / "package-lock.json"


def without_addresses(lock: str) -> str:
    """The same lock file without any `resolved` entry."""
    content = json.loads(lock)
    for package in content["packages"].values():
        package.pop("resolved", None)
    return json.dumps(content, indent=2) + "\n"


if __name__ == "__main__":
    LOCK.write_text(without_addresses(LOCK.read_text()))
