"""What a look at a machine or a project found, told line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    found: str | None  # what is there; None: it is missing
    remedy: str
    needed: bool = True  # False: only something optional goes without


def tell(findings: Iterable[Finding]) -> bool:
    """Prints them as they come; whether nothing that is needed is missing."""
    is_whole = True
    for finding in findings:
        if finding.found:
            print(f"  ok       {finding.name}: {finding.found}", flush=True)
        else:
            is_whole &= not finding.needed
            print(f"  {'MISSING' if finding.needed else 'not yet'}  {finding.name}: {finding.remedy}", flush=True)
    return is_whole
