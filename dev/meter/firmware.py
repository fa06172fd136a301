"""The firmware as files of a board's flash: what dev.release makes, laid out as the boot expects it."""

from __future__ import annotations

from collections.abc import Callable

from dev import release

Files = release.Files
Maker = Callable[[str, bytes], Files]  # (meter, k_meter) -> files by path


def files(meter: str, k_meter: bytes, march: str = release.ARCHITECTURE) -> Files:
    """Every file by its path on the board. Raises release.ReleaseError for a module that does not compile."""
    return release.flash(meter, k_meter, march=march)
