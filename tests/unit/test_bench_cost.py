"""What serving the app costs: the arithmetic, by cases that can be reckoned by hand."""

import pytest

from bench._cost_serving import Instance, Looking, Served, hosting_usd, instances_open, server_usd


def test_a_home_alone_pays_for_the_minutes_in_which_it_looks() -> None:
    """60 h a year at $0.0954 an hour of a vCPU and a GiB."""
    nothing_else = Served(server_mb=0, server_reads_per_hour=0, server_bytes_per_s=0)
    looking = Looking(minutes_a_day=10, hours_of_day=24)
    paid = server_usd(1, looking, nothing_else, Instance())
    assert Instance().usd_per_hour == pytest.approx(0.0954)
    assert paid == pytest.approx(looking.hours_a_year * 0.0954, rel=0.01)


def test_many_homes_share_instances_and_no_instance_holds_more_than_it_may() -> None:
    assert instances_open(0.001, 400) == pytest.approx(0.001, rel=0.01)
    assert instances_open(100, 400) == pytest.approx(1)
    for tabs in (400, 2_000, 30_000):
        assert instances_open(tabs, 400) * 400 >= tabs
    assert instances_open(1e6, 400) == pytest.approx(1e6 / 400, rel=0.01)


def test_hosting_is_paid_by_what_is_loaded_read_and_stored() -> None:
    looking, served = Looking(minutes_a_day=0, full_loads_a_year=10), Served(site_mb=100, site_on_disk_mb=1000)
    assert hosting_usd(1, looking, served) == pytest.approx(10 * 0.1 * 0.15 + 1 * 0.026 * 12)
    assert hosting_usd(100, looking, served) == pytest.approx(10 * 0.1 * 0.15 + 1 * 0.026 * 12 / 100)


def test_an_instance_holds_its_sessions() -> None:
    served, instance = Served(), Instance()
    assert instance.most_visits * served.cpu_per_session < 0.8 * instance.cpu
    assert 150 + instance.most_visits * served.mb_per_session < 0.8 * instance.memory_gib * 1024
