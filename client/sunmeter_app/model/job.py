"""Work that the cloud does for a home while its people wait: how far it is."""

from dataclasses import dataclass

from . import fields as read


@dataclass(frozen=True)
class Job:
    """One document of `jobs`; `found` has what only its own kind tells."""

    id: str
    kind: str
    state: str
    found: read.Fields

    def whole(self, name: str) -> int | None:
        return read.whole(self.found, name)

    @property
    def share(self) -> float | None:
        """How much is done, 0 to 1; None while nobody knows."""
        months, done = self.whole("months"), self.whole("months_done")
        return min(1.0, done / months) if months and done is not None else None


def job_from(path: str, found: read.Fields | None) -> Job | None:
    if found is None:
        return None
    return Job(path.rpartition("/")[2], read.text(found, "kind") or "", read.text(found, "state") or "", found)
