"""Growth of what a process takes is seen, and a steady process does not grow."""

import os
import time

import pytest

from dev.usage import Look, Watcher, growth, look


def life(rss_mb_per_s: float, files_per_s: float = 0.0) -> list[Look]:
    """An hour, a look a second; a jump in its first minutes, as when modules are imported."""
    return [
        Look(at_s, 50 + min(at_s, 300) / 10 + rss_mb_per_s * at_s, int(8 + files_per_s * at_s), 4)
        for at_s in range(3600)
    ]


def test_a_steady_process_does_not_grow_though_it_began_with_a_jump() -> None:
    found = growth(life(0.0))
    assert found is not None
    assert found.rss_mb_per_h == pytest.approx(0.0, abs=1e-6)
    assert (found.files, found.threads) == (0, 0)
    assert found.peak_rss_mb == 80


def test_a_leak_is_found_with_its_rate() -> None:
    found = growth(life(0.01, files_per_s=0.01))
    assert found is not None
    assert found.rss_mb_per_h == pytest.approx(36.0)
    assert 18 <= found.files <= 26


def test_of_a_short_life_nothing_is_said() -> None:
    assert growth(life(0.0)[:20]) is None


def test_a_process_is_looked_at_and_one_that_is_gone_is_not() -> None:
    here = look(os.getpid())
    assert here is not None
    assert here.rss_mb > 5
    assert here.threads >= 1
    assert look(2**22 + 1) is None


def test_the_longest_life_of_each_program_is_told() -> None:
    with Watcher(lambda: {"me": os.getpid(), "gone": None}, every_s=0.01) as watcher:
        time.sleep(1.0)
    assert set(watcher.growths()) == {"me"}
    assert watcher.growths()["me"] is not None
