"""How many workers there should be: pure functions of what was seen.

The number of workers follows the backlog up at once and down slowly: a
recommendation is only undercut when every younger one was lower for the whole
cool-down, as in Kubernetes' stabilisation window. Seconds per job are the
fastest that was seen of late, as bandwidth is in BBR: an estimate from the
shrinking of the queue can only be too slow, because arrivals hide deletions.

References
----------
.. [1] Kubernetes, "Horizontal Pod Autoscaling", section "Stabilization window".
.. [2] N. Cardwell et al., "BBR: Congestion-Based Congestion Control", ACM
       Queue 14(5), 2016.
"""

import enum
import math
from dataclasses import dataclass, replace
from typing import Final, Self

_SAMPLES: Final = 12


@dataclass(frozen=True, kw_only=True)
class Depth:
    """Messages that wait, and messages that were received and not deleted."""

    visible: int
    in_flight: int

    @property
    def jobs(self) -> int:
        return self.visible + self.in_flight

    def __add__(self, other: "Depth") -> "Depth":
        return Depth(
            visible=self.visible + other.visible, in_flight=self.in_flight + other.in_flight
        )


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the operator wants; times in seconds.

    ``target_latency_s`` is the time in which a backlog should be gone, and
    ``children`` are the photos that one worker recognises at a time.
    """

    max_workers: int
    children: int
    target_latency_s: float
    cool_down_s: float


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The number of workers that were wanted at a time, in monotonic seconds."""

    at_s: float
    workers: int


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds per job and child: the best of the last samples, or a guess before the first."""

    guess_s: float
    samples: tuple[float, ...] = ()

    @property
    def seconds_per_job(self) -> float:
        return min(self.samples, default=self.guess_s)

    def after(self, before: Depth, now: Depth, *, children: int, seconds: float) -> Self:
        """Return the pace when ``children`` had that time for what has gone since.

        An interval tells nothing if the queue did not shrink, or if children may have idled.
        """
        gone = before.jobs - now.jobs
        if gone <= 0 or seconds <= 0 or not 1 <= children <= now.in_flight:
            return self
        sample_s = children * seconds / gone
        return replace(self, samples=(*self.samples, sample_s)[-_SAMPLES:])


class Reason(enum.Enum):
    """Why there should be that number of workers."""

    BACKLOG = "more jobs than the workers finish in the target latency"
    STEADY = "as many as wanted"
    COOLING_DOWN = "more were wanted within the cool-down"
    IN_FLIGHT = "jobs in flight need the workers that there are"
    FEWER_JOBS = "fewer were wanted for the whole cool-down"
    OVER_MAXIMUM = "more than the maximum"


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is known when a decision is due.

    ``history`` begins with the first decision of all, so that a new autoscaler
    ends no worker before it has watched for a whole cool-down. ``worked`` tells
    that there were jobs since the last decision, though none is there now.
    """

    now_s: float
    depth: Depth
    workers: int
    seconds_per_job: float
    worked: bool = False
    history: tuple[Recommendation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How many workers there should be, why, and what the next decision needs to know."""

    workers: int
    reason: Reason
    history: tuple[Recommendation, ...]


def wanted(depth: Depth, *, seconds_per_job: float, limits: Limits) -> int:
    """Return the workers that finish all jobs within the target latency; 1 for a single job."""
    if depth.jobs == 0:
        return 0
    per_worker = max(1.0, limits.children * limits.target_latency_s / seconds_per_job)
    return min(limits.max_workers, math.ceil(depth.jobs / per_worker))


def decide(situation: Situation, limits: Limits) -> Decision:
    """Return how many workers there should be now."""
    now_s, workers = situation.now_s, situation.workers
    need = wanted(situation.depth, seconds_per_job=situation.seconds_per_job, limits=limits)
    if situation.worked:  # one worker did it, so one is enough, and none is started for it
        need = max(need, min(1, workers, limits.max_workers))
    history = _remember(
        situation.history, Recommendation(at_s=now_s, workers=need), limits.cool_down_s
    )
    if workers > limits.max_workers:
        return Decision(workers=limits.max_workers, reason=Reason.OVER_MAXIMUM, history=history)
    if need >= workers:
        reason = Reason.BACKLOG if need > workers else Reason.STEADY
        return Decision(workers=need, reason=reason, history=history)
    busy = min(workers, math.ceil(situation.depth.in_flight / limits.children))
    since_s = now_s - limits.cool_down_s
    recent = max((each.workers for each in history if each.at_s > since_s), default=need)
    if now_s - history[0].at_s < limits.cool_down_s:
        recent = workers
    kept = min(workers, max(busy, recent))
    if kept < workers:
        return Decision(workers=kept, reason=Reason.FEWER_JOBS, history=history)
    reason = Reason.IN_FLIGHT if busy == workers else Reason.COOLING_DOWN
    return Decision(workers=kept, reason=reason, history=history)


def _remember(
    history: tuple[Recommendation, ...], newest: Recommendation, cool_down_s: float
) -> tuple[Recommendation, ...]:
    """Keep the recommendations of the cool-down, and one before to show that it is over."""
    kept = (*history, newest)
    since_s = newest.at_s - cool_down_s
    while len(kept) > 1 and kept[1].at_s <= since_s:
        kept = kept[1:]
    return kept
