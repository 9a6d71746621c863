"""What a run with faults leaves: looked at once the queues are empty."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from core.errors import MalformedMessage
from core.jobs.results import Results
from core.worker.unreadable import job_id_in
from harness.auditor import Auditor, Expected, Findings
from harness.faults.faults import Faults
from harness.faults.home_faults import FaultsOfHome
from harness.home.home_stack import HomeStack
from harness.home.left_behind import left_behind
from harness.load_clients import Answer
from harness.service_stack import ServiceStack
from harness.waiting import wait_until

_SWEEP_S: Final = 120
"""Longer than a worker that was killed during a sweep leaves dead letters hidden."""


def audited(
    stack: ServiceStack,
    answers: Sequence[Answer],
    album_jobs: frozenset[str],
    faults: Faults,
    *,
    patience_s: float,
) -> Findings:
    """Wait until the queues are empty, then look at everything."""
    settings, ports = stack.settings, stack.ports
    wait_until(
        lambda: not stack.depth().jobs,
        seconds=patience_s,
        every_s=0.5,
        what="the queues to be empty",
    )
    outputs = ports.bucket(settings.s3_out_bucket)
    names = [settings.sqs_req_queue_name, settings.sqs_index_queue_name]
    auditor = Auditor(
        inputs=ports.bucket(settings.s3_in_bucket),
        outputs=outputs,
        depths={name: stack.depth(name) for name in names},
        dead_letters=[
            ports.queue(settings.dead_letter_queue_name),
            ports.queue(settings.index_dead_letter_queue_name),
        ],
        hidden_s=_SWEEP_S,
        left_behind=(
            partial(left_behind, stack.ports, settings) if isinstance(stack, HomeStack) else list
        ),
    )
    expected = {
        answer.job_id: Expected(result=answer.expected)
        if answer.expected
        else Expected(codes=frozenset({"INVALID_IMAGE"}))
        for answer in answers
        if answer.job_id is not None
    }
    if isinstance(faults, FaultsOfHome):
        expected |= dict.fromkeys(faults.accepted, Expected(result=faults.photo.expected))
    unreadable = faults.unreadable
    unread = Expected(codes=frozenset({MalformedMessage.code}))
    named = {job_id for body in unreadable if (job_id := job_id_in(body)) is not None}
    expected |= dict.fromkeys(named, unread)
    with suppress(TimeoutError):  # then the auditor finds what has no result
        # Before the auditor looks at the dead letters, which hides them from the sweep.
        wait_until(
            lambda: all(Results(outputs).read(job_id) for job_id in named),
            seconds=_SWEEP_S,
            what="a sweep of the dead letters",
        )
    return auditor.audit(expected, answers, album_jobs, unreadable)
