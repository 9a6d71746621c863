"""Compares what the workers counted with the results that are stored."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from core.ground.ids import is_job_id
from harness.auditor import all_keys
from harness.service_stack import ServiceStack
from harness.waiting import wait_until
from harness.watched.prometheus import Prometheus

WITH_RESULT: Final = (
    'efr_jobs_total{queue=~"interactive|bulk",outcome=~"done|failed|dead-lettered|swept"}'
)
"""Each of these is one result; an event of the third queue has none."""
_PATIENCE_S: Final = 300
_SCRAPES: Final = 5


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Results of jobs in the bucket, and what the counters of the outcomes say.

    ``fallen`` are the counters that were lower in a scrape than in the one before.
    """

    results: int
    outcomes: dict[str, int]
    fallen: list[dict[str, str]]

    @property
    def is_exact(self) -> bool:
        return self.results == sum(self.outcomes.values()) and not self.fallen


def counted(stack: ServiceStack, server: Prometheus, *, part: str = "workers") -> Counted:
    """Wait until no job is left, then count; ``part`` is whose counters may not fall."""
    wait_until(
        lambda: not stack.depth().jobs, seconds=_PATIENCE_S, every_s=0.5, what="the last job"
    )
    stored = stack.ports.bucket(stack.settings.s3_out_bucket)
    results = sum(is_job_id(key) for key in all_keys(stored))
    with suppress(TimeoutError):  # the report tells of the difference
        wait_until(
            lambda: sum(_outcomes(server).values()) == results,
            seconds=_SCRAPES * server.every_s,
            every_s=0.5,
        )
    return Counted(results=results, outcomes=_outcomes(server), fallen=server.fallen(part))


def _outcomes(server: Prometheus) -> dict[str, int]:
    found = server.ask(f"sum by (outcome) ({WITH_RESULT})")
    return {each["metric"]["outcome"]: int(float(each["value"][1])) for each in found}
