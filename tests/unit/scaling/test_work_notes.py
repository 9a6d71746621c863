"""Work that no look at the queues has seen."""

import pytest

from core.errors import StorageUnavailable
from core.ground.storage_keys import LAST_WORK
from core.scaling.autoscaler import Autoscaler
from core.scaling.policy import Depth, Limits, Reason
from core.scaling.work_notes import WorkNotes, WorkSeen
from core.testing import ManualClock, MemoryStore

COOL_DOWN_S = 60
LOOK_S = 2
LIMITS = Limits(max_workers=15, children=2, target_latency_s=5, cool_down_s=COOL_DOWN_S)
EMPTY = Depth(visible=0, in_flight=0)


class OneWorker:
    """A fleet whose size is what it was told, beginning with one."""

    def __init__(self) -> None:
        self.workers = 1

    def count(self) -> int:
        return self.workers

    def scale_to(self, workers: int) -> None:
        self.workers = workers

    def close(self) -> None:
        pass


class Service:
    """An autoscaler that always finds the queues empty, and a worker with short jobs."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore()
        self.fleet = OneWorker()
        self.notes = self.new_worker()
        self.scaler = Autoscaler(
            depth=lambda: EMPTY,
            worked=WorkSeen(self.store),
            fleet=self.fleet,
            limits=LIMITS,
            interval_s=LOOK_S,
            clock=self.clock,
        )

    def new_worker(self) -> WorkNotes:
        return WorkNotes(self.store, pause_s=COOL_DOWN_S / 4, clock=self.clock)

    def run(self, seconds: int, *, job_every_s: int = 0) -> list[int]:
        """Return the fleet's size in every second."""
        sizes = []
        for second in range(seconds):
            if job_every_s and second % job_every_s == 0:
                self.notes.work()
            self.notes.leave()
            if second % LOOK_S == 0:
                self.scaler.step()
            sizes.append(self.fleet.workers)
            self.clock.advance(1)
        return sizes


@pytest.mark.parametrize("every_s", [8, 12, 50])
def test_one_short_job_every_few_seconds_never_loses_the_worker(every_s: int) -> None:
    assert set(Service().run(1800, job_every_s=every_s)) == {1}


def test_worker_is_ended_after_a_cool_down_without_jobs_and_not_before() -> None:
    service = Service()
    service.run(601, job_every_s=8)  # the last one in its last second

    sizes = service.run(120)

    assert COOL_DOWN_S - 1 <= sizes.index(0) <= COOL_DOWN_S + COOL_DOWN_S / 4 + LOOK_S + 1


def test_worker_without_jobs_leaves_no_note() -> None:
    service = Service()

    sizes = service.run(COOL_DOWN_S + 3)

    assert sizes[-1] == 0
    assert service.store.objects == {}


def test_notes_are_no_more_than_four_in_a_cool_down() -> None:
    service = Service()
    seen = set()

    for _ in range(COOL_DOWN_S):
        service.run(1, job_every_s=1)
        seen.add(service.store.objects[LAST_WORK])

    assert len(seen) == 4


def test_note_of_an_earlier_day_is_no_work() -> None:
    service = Service()
    service.run(1, job_every_s=1)

    assert WorkSeen(service.store)() is False


def test_note_is_seen_once() -> None:
    service = Service()
    seen = WorkSeen(service.store)
    seen()
    service.run(1, job_every_s=1)

    assert [seen(), seen()] == [True, False]


def test_notes_of_two_workers_are_both_seen() -> None:
    service = Service()
    seen, other = WorkSeen(service.store), service.new_worker()
    seen()

    for notes in (service.notes, other):
        notes.work()
        notes.leave()
        assert seen()


def test_work_that_could_not_be_noted_is_noted_later() -> None:
    service = Service()
    service.store.available = False
    service.notes.work()
    service.notes.leave()

    service.store.available = True
    service.clock.advance(COOL_DOWN_S)
    service.notes.leave()

    assert LAST_WORK in service.store.objects


def test_fleet_is_left_alone_while_nobody_can_tell_whether_there_was_work() -> None:
    service = Service()
    service.store.available = False

    with pytest.raises(StorageUnavailable):
        service.scaler.step()


def test_work_starts_no_worker_where_there_is_none() -> None:
    service = Service()
    service.scaler.step()
    service.fleet.workers = 0
    service.notes.work()
    service.notes.leave()

    decision = service.scaler.step()

    assert (decision.workers, decision.reason) == (0, Reason.STEADY)
