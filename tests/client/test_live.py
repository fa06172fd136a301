"""What a live reading says of the roof's part."""

import pytest

from sunmeter_app.model.live import Reading


def reading(grid_w: int, house_w: int, pv_w: int | None) -> Reading:
    return Reading(0, grid_w, house_w, pv_w, 230.0, 50.0, 5.0, 0.9, 3)


@pytest.mark.parametrize(
    ("grid_w", "house_w", "pv_w", "share"),
    [
        (500, 1000, 500, 0.5),
        (-2000, 1000, 3000, 1.0),
        (940, 940, 0, None),  # night: there is no share to speak of, not one of nothing
        (940, 940, -4, None),  # an inverter that stands by
        (940, 940, None, None),
        (0, 0, 20, None),
    ],
)
def test_the_roof_has_a_share_of_what_is_used_while_it_gives(
    grid_w: int, house_w: int, pv_w: int | None, share: float | None
) -> None:
    assert reading(grid_w, house_w, pv_w).own_share == share
