"""How the handling of a message ends."""

import enum
from typing import Final

from core.jobs.recognition_job import JobFailed
from core.jobs.results import JobResult


class Outcome(enum.Enum):
    """How the handling of a message ended."""

    DONE = "done"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    DISCARDED = "discarded"
    RETRIED = "retried"
    DEAD_LETTERED = "dead-lettered"
    RELEASED = "released"
    LEFT_ALONE = "left alone"
    REFUSED = "refused"


ANSWERED: Final = frozenset({Outcome.DONE, Outcome.FAILED, Outcome.DUPLICATE})
"""Endings that show that S3 and the index work."""

WITH_RESULT: Final = frozenset({Outcome.DONE, Outcome.FAILED, Outcome.DEAD_LETTERED})
"""Endings that are counted as soon as the result is stored."""


def ending(result: JobResult) -> Outcome:
    """Return how a job with that result ended."""
    return Outcome.FAILED if isinstance(result, JobFailed) else Outcome.DONE
