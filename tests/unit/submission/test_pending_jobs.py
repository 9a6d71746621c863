"""Jobs that are known to be pending."""

from core.submission.pending_jobs import REMEMBERED_S, PendingJobs
from core.testing import ManualClock


def test_job_is_known_until_it_is_removed() -> None:
    pending = PendingJobs(ManualClock())

    pending.add("job")
    assert "job" in pending

    pending.remove("job")
    assert "job" not in pending


def test_unknown_job_can_be_removed_and_is_asked_for_soon() -> None:
    pending = PendingJobs(ManualClock())

    pending.remove("job")

    assert pending.pause_s("job") == 1


def test_pause_grows_with_the_time_since_a_job_was_first_known() -> None:
    clock = ManualClock()
    pending = PendingJobs(clock)
    pauses_s = []
    for _ in range(12):
        pending.add("job")
        pauses_s.append(pending.pause_s("job"))
        clock.advance(4)

    assert pauses_s == [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]


def test_job_is_forgotten_after_a_while() -> None:
    clock = ManualClock()
    pending = PendingJobs(clock)
    pending.add("job")

    clock.advance(REMEMBERED_S + 1)

    assert "job" not in pending
    assert pending.pause_s("job") == 1
