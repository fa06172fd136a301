"""What no reading can say, whatever the house: what the contract bounds field by field, between fields. Pure."""

from .contract.refusal import Refusal

NOISE_MW = 200_000  # of power where hardly a current is: the noise of a clamp is taken off the one and not the other
EXTREMES = (  # a mean, what it lies between, and what rounding and cycles left out make of that
    ("v_mv", "v_min_mv", "v_max_mv", 5_000),
    ("grid_mw", "grid_min_mw", "grid_max_mw", 1_000),
    ("pv_mw", "pv_min_mw", "pv_max_mw", 1_000),
)


def check_possible(record: dict[str, int]) -> None:
    """Raises Refusal where a reading contradicts itself, by more than rounding, calibration and noise account for."""
    for mean, least, greatest, slack in EXTREMES:
        around = slack + abs(record[mean]) // 20
        if not record[least] - around <= record[mean] <= record[greatest] + around:
            raise Refusal("out_of_range", mean)
    for channel in ("grid", "pv"):
        if abs(record[f"{channel}_mw"]) > record["v_mv"] * record[f"{channel}_ma"] * 11 // 10_000 + NOISE_MW:
            raise Refusal("out_of_range", f"{channel}_mw")
