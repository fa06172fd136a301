"""A flash that loses its power in the middle of a write; `make bench NAME=device` does so five hundred times."""

from pathlib import Path

from tests.firmware.power_cuts import cut_power


def test_no_committed_record_is_lost_and_the_meter_always_starts(tmp_path: Path) -> None:
    sums = cut_power(tmp_path, 40)
    assert sums["cut"] == 40
    assert sums["boots_failed"] == 0
    assert sums["promised"] > 200
    assert (sums["lost"], sums["forged"], sums["dropped"]) == (0, 0, 0)


def test_registers_and_other_blobs_survive_as_they_were_stored_last(tmp_path: Path) -> None:
    sums = cut_power(tmp_path, 25, seed=2)
    assert sums["blobs"] > 30
    assert (sums["blobs_lost"], sums["energy_lost"]) == (0, 0)


def test_a_build_that_rewrites_in_place_is_found_out(tmp_path: Path) -> None:
    assert cut_power(tmp_path, 25, "in_place")["lost"] > 0


def test_a_flipped_bit_is_noticed_and_a_build_without_checksums_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "checked").mkdir()
    (tmp_path / "unchecked").mkdir()
    assert cut_power(tmp_path / "checked", 15, "bit_rot")["forged"] == 0
    assert cut_power(tmp_path / "unchecked", 15, "bit_rot,no_crc")["forged"] > 0
