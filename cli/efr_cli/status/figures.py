"""What numbers say of requests, jobs and faces, over some seconds or since the start."""

from dataclasses import dataclass
from typing import Final

from efr_cli.status.numbers import Numbers

_STAGES: Final = "efr_job_stage_seconds"
_LANES: Final = ("interactive", "bulk")


@dataclass(frozen=True, kw_only=True)
class Times:
    """Median and 95th percentile, in seconds."""

    p50: float
    p95: float


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Counts and times. Of the stages, those of uploads; of index jobs if there are no uploads.

    ``seconds`` is how long they were counted, None since the start of the processes.
    """

    seconds: float | None
    photos: int
    requests: int
    failed_requests: int
    limited_requests: int
    upload: Times | None
    faces: int
    unknown_faces: int
    looked_for: int
    seen_before: int
    wait: Times | None
    stages: dict[str, Times]
    outcomes: dict[str, int]
    errors: dict[str, int]
    webhooks: dict[str, int]

    @property
    def slowest(self) -> str | None:
        """The stage that takes longest, half of the time."""
        return max(self.stages, key=lambda name: self.stages[name].p50, default=None)

    @property
    def failed_webhooks(self) -> int:
        return sum(count for outcome, count in self.webhooks.items() if outcome != "delivered")


def figures(numbers: Numbers, seconds: float | None) -> Figures:
    """Return what numbers say that were counted for so many seconds."""
    requests = _counts(numbers, "efr_http_requests_total", "status")
    faces = _counts(numbers, "efr_faces_total", "outcome")
    repeats = _counts(numbers, "efr_repeats_total", "result")
    outcomes: dict[str, int] = {}
    for lane in _LANES:
        for outcome, count in numbers.by("efr_jobs_total", "outcome", queue=lane).items():
            outcomes[outcome] = outcomes.get(outcome, 0) + round(count)
    stages = _stages(numbers)
    return Figures(
        seconds=seconds,
        photos=outcomes.get("done", 0),
        requests=sum(requests.values()),
        failed_requests=sum(count for status, count in requests.items() if status >= "500"),
        limited_requests=requests.get("429", 0),
        upload=_times(numbers, "efr_http_request_seconds", route="/"),
        faces=sum(faces.values()),
        unknown_faces=faces.get("unknown", 0),
        looked_for=sum(repeats.values()),
        seen_before=repeats.get("hit", 0),
        wait=stages.pop("wait", None),
        stages=stages,
        outcomes={outcome: count for outcome, count in outcomes.items() if count},
        errors=_counts(numbers, "efr_errors_total", "code"),
        webhooks=_counts(numbers, "efr_webhooks_total", "outcome"),
    )


def _counts(numbers: Numbers, name: str, label: str) -> dict[str, int]:
    return {value: round(count) for value, count in numbers.by(name, label).items() if count}


def _stages(numbers: Numbers) -> dict[str, Times]:
    for lane in _LANES:
        names = numbers.by(f"{_STAGES}_count", "stage", queue=lane)
        times = {name: _times(numbers, _STAGES, queue=lane, stage=name) for name in names}
        found = {name: each for name, each in times.items() if each is not None}
        if found:
            return found
    return {}


def _times(numbers: Numbers, name: str, **labels: str) -> Times | None:
    p50 = numbers.quantile(0.5, name, **labels)
    p95 = numbers.quantile(0.95, name, **labels)
    return None if p50 is None or p95 is None else Times(p50=round(p50, 4), p95=round(p95, 4))
