"""The job of pricing days anew: how a change widens it, and how it comes to its end."""

from sunmeter.domain import repricing
from sunmeter.domain.repricing import Change, Job


def change(first_day: str, last_day: str, rev: int = 1) -> Change:
    return Change(rev, first_day, last_day, "tariff")


def asked(job: Job | None, of: Change) -> Job:
    found = repricing.asked(job, of)
    assert found is not None
    return found


def test_a_change_of_days_that_have_not_begun_asks_for_nothing() -> None:
    assert repricing.asked(None, change("2026-11-29", "2026-11-28")) is None


def test_a_job_goes_from_the_newest_month_to_the_oldest() -> None:
    job = repricing.counted(asked(None, change("2026-09-15", "2026-11-28")), "2026-09-20", "2026-11-28")
    assert (job["months"], job["left_until"]) == (3, "2026-11-28")
    job = repricing.with_month(job, "2026-11", 28, 20)
    assert (job["state"], job["left_until"], job["months_done"]) == ("running", "2026-10-31", 1)
    job = repricing.with_month(job, "2026-10", 31, 0)
    job = repricing.with_month(job, "2026-09", 16, 1)
    assert (job["state"], job["left_until"]) == ("done", None)
    assert (job["months_done"], job["days"], job["days_changed"]) == (3, 75, 21)


def test_a_change_that_comes_meanwhile_keeps_what_was_left() -> None:
    running = asked(None, change("2026-01-01", "2026-11-28"))
    running = repricing.with_month(repricing.counted(running, "2026-01-01", "2026-11-28"), "2026-11", 28, 28)
    job = asked(running, change("2026-11-10", "2026-11-20", rev=2))
    assert (job["first_day"], job["left_until"], job["rev"]) == ("2026-01-01", "2026-11-20", 2)
    job = asked(running, change("2025-05-01", "2025-06-30", rev=2))
    assert (job["first_day"], job["left_until"]) == ("2025-05-01", "2026-10-31")


def test_what_is_over_is_not_done_again() -> None:
    over = repricing.finished(asked(None, change("2026-01-01", "2026-11-28")))
    job = asked(over, change("2026-11-10", "2026-11-20", rev=2))
    assert (job["first_day"], job["left_until"]) == ("2026-11-10", "2026-11-20")
