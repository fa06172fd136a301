"""Simulated power cuts that drop and tear what was not synced. The long version is `make bench NAME=faults`."""

import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from sunmeter_edge.store import connect
from tests.edge.faults import through_apsw
from tests.edge.faults.builds import BUILDS, built
from tests.edge.faults.disk import Disk
from tests.edge.faults.power import cut_again_and_again

CUTS, ENOUGH = 60, 60


def test_through_power_cuts_it_loses_nothing_and_counts_nothing_twice() -> None:
    tally = cut_again_and_again(CUTS)
    assert tally.faults == CUTS
    assert tally.harmed > CUTS // 2, "most cuts must come upon writes that were not synced"
    assert tally.acknowledged > 20 * CUTS
    assert not tally.findings, tally.findings.some()


@pytest.mark.parametrize("build", BUILDS)
def test_power_cuts_catch_a_hub_that(build: str) -> None:
    assert cut_again_and_again(ENOUGH, build).findings


def rows_after_a_cut(path: Path, build: str, seed: int) -> int:
    """How many of ten committed rows a power cut leaves."""
    connect(path).close()
    disk = Disk("platter", random.Random(seed))
    with built(build):
        connection = through_apsw.connect(path, disk)
    for number in range(10):
        connection.execute("INSERT INTO tally VALUES (?, 1)", (str(number),))
    disk.cut()
    with suppress(sqlite3.OperationalError):
        connection.close()
    with closing(sqlite3.connect(path)) as found:
        (rows,) = found.execute("SELECT count(*) FROM tally").fetchone()
    return int(rows)


def test_the_simulated_disk_keeps_what_was_synced_and_only_that_for_certain(tmp_path: Path) -> None:
    whole = [rows_after_a_cut(tmp_path / f"{seed}.db", "", seed) for seed in range(20)]
    lazy = [rows_after_a_cut(tmp_path / f"lazy-{seed}.db", "synchronous-normal", seed) for seed in range(20)]
    assert set(whole) == {10}
    assert min(lazy) == 0
    assert len(set(lazy)) > 3, "some writes survive without a sync"
