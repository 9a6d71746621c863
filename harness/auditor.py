"""Reads buckets and queues after a run, and tells whether every job was kept its promise."""

import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from core.ground.ids import is_job_id
from core.ground.storage_keys import job_of_photo
from core.jobs.recognition_job import JobDone, JobFailed
from core.jobs.results import Results
from core.ports import JobQueue, ObjectStore, ReceivedMessage
from core.scaling.policy import Depth
from core.worker.unreadable import REASON, job_id_in
from harness.load_clients import Answer

_READ_S: Final = 600
"""Characters of a job id."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the result of an accepted job must be: a name, or one of some error codes."""

    result: str | None = None
    codes: frozenset[str] = frozenset()

    def is_met_by(self, found: object) -> bool:
        if isinstance(found, JobDone):
            return found.result == self.result
        return isinstance(found, JobFailed) and found.error.code in self.codes


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What is not as it must be; each a list of job ids, keys or sentences."""

    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    told_otherwise: list[str] = field(default_factory=list)
    foreign_results: list[str] = field(default_factory=list)
    orphan_photos: list[str] = field(default_factory=list)
    left_in_queues: list[str] = field(default_factory=list)
    dead_without_result: list[str] = field(default_factory=list)
    destroyed_unread: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(vars(self).values())


@dataclass(frozen=True, kw_only=True)
class Auditor:
    """Looks at buckets and queues as they are, without the service.

    ``depths`` are the queues' messages by their names; ``dead_letters`` the
    dead-letter queues. A worker's sweep may hide dead letters, and one that was
    killed leaves them hidden: ``hidden_s`` is how long at most. ``wait_s`` is the
    long poll of one receive. ``left_behind`` returns what else should not be there.
    """

    inputs: ObjectStore
    outputs: ObjectStore
    depths: Mapping[str, Depth]
    dead_letters: Sequence[JobQueue]
    hidden_s: float = 0
    wait_s: float = 1
    left_behind: Callable[[], list[str]] = list
    clock: Callable[[], float] = time.monotonic

    def audit(
        self,
        expected: Mapping[str, Expected],
        answers: Sequence[Answer],
        others: frozenset[str] = frozenset(),
        unreadable: Sequence[str] = (),
    ) -> Findings:
        """Compare what is stored with what was promised.

        Parameters
        ----------
        expected : mapping
            What each accepted job must have come to, by job id.
        answers : sequence of Answer
            What clients were told.
        others : frozenset of str
            Further jobs whose results may be there.
        unreadable : sequence of str
            Messages that are no jobs; each must be a dead letter with its reason.
        """
        dead = self._dead_letters(frozenset(unreadable))
        unread = {letter.body for letter in dead if REASON in letter.notes}
        results = Results(self.outputs)
        found = {job_id: results.read(job_id) for job_id in expected}
        known = expected.keys() | others
        return Findings(
            lost=[job_id for job_id, result in found.items() if result is None],
            wrong=[
                f"{job_id}: {_shown(result)}"
                for job_id, result in found.items()
                if result is not None and not expected[job_id].is_met_by(result)
            ],
            told_otherwise=[
                str(answer.job_id)
                for answer in answers
                if answer.job_id in found and not _same(answer, found[answer.job_id])
            ],
            foreign_results=[
                key for key in all_keys(self.outputs) if is_job_id(key) and key not in known
            ],
            orphan_photos=[
                key
                for key in all_keys(self.inputs)
                if is_job_id(job_of_photo(key)) and job_of_photo(key) not in known
            ],
            left_in_queues=[
                f"{name}: {depth.visible} visible, {depth.in_flight} in flight"
                for name, depth in self.depths.items()
                if depth.jobs
            ],
            dead_without_result=[
                job_id
                for job_id in map(job_id_in, (letter.body for letter in dead))
                if job_id is not None and results.read(job_id) is None
            ],
            destroyed_unread=[body for body in unreadable if body not in unread],
            left_behind=self.left_behind(),
        )

    def _dead_letters(self, wanted: Set[str]) -> list[ReceivedMessage]:
        """Return all dead letters; those that are wanted may be hidden for a while."""
        until_s = self.clock() + self.hidden_s
        found: list[ReceivedMessage] = []
        while True:
            for queue in self.dead_letters:
                while messages := queue.receive(limit=10, wait_s=self.wait_s, visibility_s=_READ_S):
                    found += messages
            if wanted <= {letter.body for letter in found} or self.clock() >= until_s:
                return found


def _same(answer: Answer, result: object) -> bool:
    if isinstance(result, JobDone):
        return (answer.status, answer.result) == ("done", result.result)
    if isinstance(result, JobFailed):
        return (answer.status, answer.error) == ("failed", result.error.code)
    return answer.status == "unanswered"


def _shown(result: object) -> str:
    if isinstance(result, JobFailed):
        return result.error.code
    return str(getattr(result, "result", result))


def all_keys(store: ObjectStore) -> list[str]:
    """Return the keys of all objects of a bucket."""
    found: list[str] = []
    while page := store.keys("", after=found[-1] if found else ""):
        found += page
    return found
