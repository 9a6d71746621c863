"""What the processes count and measure, under the names that Prometheus knows them by.

``docs/metrics.md`` lists them. No label names a person, a collection, a file, a job or a key, and
each label has few values, so that a process never has more than some hundred series.
"""

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.host.alert_bounds import OUTAGES

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram

_DELIVERIES: Final = ("delivered", "retried", "given_up")
_ANSWER_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STAGE_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300)
_SIMILARITIES: Final = (10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 95, 100)
_QUALITIES: Final = (10, 20, 30, 40, 50, 60, 70, 80, 90, 100)


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """The metrics of a process. Those that it never touches it does not show."""

    requests: "Counter"
    request_seconds: "Histogram"
    errors: "Counter"
    repeats: "Counter"
    rate_limited: "Counter"
    cache_away: "Gauge"
    jobs: "Counter"
    stage_seconds: "Histogram"
    faces: "Counter"
    similarity: "Histogram"
    quality: "Histogram"
    waited: "Gauge"
    children: "Gauge"
    children_busy: "Gauge"
    engine: "Gauge"
    webhooks: "Counter"
    notices: "Counter"
    gallery_faces: "Gauge"
    gallery_stale: "Gauge"
    aws_requests: "Counter"
    queue_messages: "Gauge"
    dead_letters: "Gauge"
    workers: "Gauge"


@functools.cache
def metrics() -> Metrics:
    """Return the metrics of this process.

    The library is imported here, and not before a process knows whether it shares a folder of
    numbers with others: it looks for ``PROMETHEUS_MULTIPROC_DIR`` when it is imported.
    """
    from prometheus_client import Counter, Gauge, Histogram

    from core.host.number_files import use_number_files

    use_number_files()

    def gauge(name: str, text: str, *labels: str, mode: str = "livesum") -> Gauge:
        return Gauge(name, text, labels, multiprocess_mode=mode)  # type: ignore[arg-type]

    made = Metrics(
        requests=Counter(
            "efr_http_requests", "Requests that were answered.", ["route", "method", "status"]
        ),
        request_seconds=Histogram(
            "efr_http_request_seconds",
            "Time from a request's headers to its answer.",
            ["route"],
            buckets=_ANSWER_S,
        ),
        errors=Counter("efr_errors", "Errors that a client or a job met.", ["code"]),
        repeats=Counter(
            "efr_repeats", "Photos that were looked for among earlier ones.", ["result"]
        ),
        rate_limited=Counter("efr_rate_limited", "Requests over a limit.", ["limit"]),
        cache_away=gauge(
            "efr_cache_away",
            "1 while Redis can't be reached for the limits, or for earlier answers.",
            "use",
            mode="livemax",
        ),
        jobs=Counter("efr_jobs", "Messages that were handled.", ["queue", "outcome"]),
        stage_seconds=Histogram(
            "efr_job_stage_seconds",
            "Time that a job spent in a stage.",
            ["queue", "stage"],
            buckets=_STAGE_S,
        ),
        faces=Counter("efr_faces", "Faces of photos whose people were looked for.", ["outcome"]),
        similarity=Histogram(
            "efr_match_similarity",
            "Similarity of faces that were given a name, 0 to 100.",
            buckets=_SIMILARITIES,
        ),
        quality=Histogram("efr_face_quality", "Quality of faces, 0 to 100.", buckets=_QUALITIES),
        waited=gauge(
            "efr_oldest_message_seconds",
            "How long the oldest message has waited; on SQS, as a worker last saw it.",
            "queue",
            mode="livemax",
        ),
        children=gauge("efr_children", "Child processes that recognise photos."),
        children_busy=gauge("efr_children_busy", "Child processes that have a photo."),
        engine=gauge(
            "efr_engine_info",
            "Workers, by the engine, executor and device that their settings ask for.",
            "engine",
            "executor",
            "device",
        ),
        webhooks=Counter("efr_webhooks", "Deliveries of events to webhooks.", ["outcome"]),
        notices=Counter("efr_spot_notices", "Notices that this machine ends."),
        gallery_faces=gauge("efr_gallery_faces", "Enrolled faces that are held in memory."),
        gallery_stale=gauge(
            "efr_gallery_stale_seconds",
            "Time since the newest faces of a gallery could last be read; 0 if all are fresh.",
            mode="livemax",
        ),
        aws_requests=Counter(
            "efr_aws_requests",
            "Requests to S3 and SQS, by what AWS bills them as.",
            ["service", "billed"],
        ),
        queue_messages=gauge(
            "efr_queue_messages", "Messages in a queue.", "queue", "state", mode="livemostrecent"
        ),
        dead_letters=gauge(
            "efr_dead_letters", "Messages in a dead-letter queue.", "queue", mode="livemostrecent"
        ),
        workers=gauge("efr_workers", "Workers by state.", "state", mode="livemostrecent"),
    )
    _begin_at_zero(made)
    return made


def _begin_at_zero(made: Metrics) -> None:
    """Show what alerts look for from the start: a first time is no rise if nothing was there."""
    for code in OUTAGES:
        made.errors.labels(code)
    for outcome in _DELIVERIES:
        made.webhooks.labels(outcome)
