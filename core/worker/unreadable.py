"""Messages that are no jobs of their queue: what they may be, and how many come in a row."""

import json
import logging
import re
import threading
from typing import Final

from core.errors import MalformedMessage
from core.ground.ids import is_job_id
from core.jobs.index_job import IndexJob
from core.jobs.recognition_job import Job

log = logging.getLogger(__name__)

REASON: Final = "reason"
"""Message attribute that says why no worker could read a dead letter."""
_JOB_ID: Final = re.compile(r"[0-9a-f-]{36}")
_IN_A_ROW: Final = (3, 10, 100)
"""Each of the first ones without a job between them is logged; then every thousandth."""


def job_in(body: str) -> Job | IndexJob | None:
    """Return the job of either queue that a body is, None if it is none."""
    for kind in (Job, IndexJob):
        try:
            return kind.from_body(body)
        except MalformedMessage:
            continue
    return None


def job_id_in(body: str) -> str | None:
    """Return the id of the job that a body speaks of, in whatever format."""
    told = _id_told(body)
    return told if isinstance(told, str) and is_job_id(told) else None


def _id_told(body: str) -> object:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        found = _JOB_ID.match(body)
        return found and found[0]
    return said.get("job_id") if isinstance(said, dict) else None


def likely_cause(body: str) -> str:
    """Say why a message may lie in a queue of which it is no job."""
    if job_in(body) is not None:
        return (
            "it is a job of the other queue: SQS_REQ_QUEUE_NAME and SQS_INDEX_QUEUE_NAME "
            "may be swapped in one tier"
        )
    if job_id_in(body) is not None:
        return "it names a job in a form unknown here: another version may have sent it"
    return "it names no job: another program may send to this queue"


class UnreadableMessages:
    """Counts messages that are no jobs, and logs an error when no job comes between them.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self.total = 0
        self._in_a_row = 0
        self._lock = threading.Lock()

    def note_job(self) -> None:
        """Note that a message was a job."""
        with self._lock:
            self._in_a_row = 0

    def note(self, cause: str) -> None:
        """Note a message that was none."""
        with self._lock:
            self.total += 1
            self._in_a_row += 1
            in_a_row = self._in_a_row
        if in_a_row in _IN_A_ROW or in_a_row % 1000 == 0:
            log.error(
                "queue brings only messages that are no jobs",
                extra={"in_a_row": in_a_row, "total": self.total, "likely_cause": cause},
            )
