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
    for number in range(12):
        pending.add("job")
        pauses_s.append(pending.pause_s("job", f"client {number}"))
        clock.advance(4)

    assert pauses_s == [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]


def test_job_is_forgotten_after_a_while() -> None:
    clock = ManualClock()
    pending = PendingJobs(clock)
    pending.add("job")

    clock.advance(REMEMBERED_S + 1)

    assert "job" not in pending
    assert pending.pause_s("job") == 1


def test_client_is_early_until_its_pause_is_over() -> None:
    clock = ManualClock()
    pending = PendingJobs(clock)
    pending.add("job")
    clock.advance(20)
    assert not pending.is_early("job", "ada")
    assert pending.pause_s("job", "ada") == 5

    clock.advance(4.4)
    assert pending.is_early("job", "ada")
    assert pending.pause_s("job", "ada") == 1

    clock.advance(0.2)
    assert not pending.is_early("job", "ada")


def test_asking_early_again_and_again_puts_off_nothing() -> None:
    clock = ManualClock()
    pending = PendingJobs(clock)
    pending.add("job")
    clock.advance(20)
    pending.pause_s("job", "ada")
    for left_s in (5, 4, 4, 3, 3, 2, 2, 1):
        clock.advance(0.5)
        assert pending.pause_s("job", "ada") == left_s

    clock.advance(0.6)
    assert not pending.is_early("job", "ada")


def test_each_client_has_a_pause_of_its_own() -> None:
    pending = PendingJobs(ManualClock())
    pending.add("job")
    pending.pause_s("job", "ada")

    assert not pending.is_early("job", "charles")
    assert not pending.is_early("another job", "ada")


def test_nobody_is_early_for_a_job_that_has_ended() -> None:
    pending = PendingJobs(ManualClock())
    pending.add("job")
    pending.pause_s("job", "ada")
    pending.remove("job")

    assert not pending.is_early("job", "ada")
