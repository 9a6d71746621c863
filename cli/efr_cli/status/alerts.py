"""What is wrong with a service, in words, from two looks at it.

Each alert has the name and the bound of one of ``deploy/prometheus/rules.yml``, and
``docs/metrics.md`` tells what to do about it. Prometheus waits until it lasts; two looks can't.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from core.host.alert_bounds import (
    ERROR_BUDGET,
    FAST_BURN,
    LONG_WAIT_S,
    OUTAGES,
    STALE_GALLERY_S,
)
from efr_cli.status.figures import Figures
from efr_cli.status.look import Look, Queue
from efr_cli.words import counted

_WORKER_STARTS_S: Final = 10.0
"""A message that waits no longer may wait for a worker that is starting."""


AlertName = Literal[
    "CacheAway",
    "DeadLetters",
    "DependencyAway",
    "GalleryStale",
    "MessagesWaitLong",
    "NoWorkerTakesMessages",
    "RequestsFailFast",
    "WebhookGivenUp",
]
"""Those of the rules that two looks can tell."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something that is wrong, and the command that tells more, if there is one."""

    alert: AlertName
    says: str
    command: str | None = None


def alerts(before: Look, now: Look, lately: Figures) -> list[Alert]:
    """Return what is wrong, the worst first."""
    return [
        *_dependencies(now, lately),
        *_idle(before, now),
        *_requests(lately),
        *_waits(now),
        *_state(now),
        *_webhooks(lately),
        *_given_up(now),
    ]


def _dependencies(now: Look, lately: Figures) -> Iterator[Alert]:
    if now.queue_problem is not None:
        error = now.queue_problem
        yield Alert(alert="DependencyAway", says=f"{error.code}: {' '.join(str(error).split())}")
    for code, count in lately.errors.items():
        if code in OUTAGES:
            times = counted(count, "time")
            yield Alert(alert="DependencyAway", says=f"The service met {code} {times}.")


def _idle(before: Look, now: Look) -> Iterator[Alert]:
    earlier = {queue.queue: queue for queue in before.queues}
    for queue in now.queues:
        if (
            queue.queue != "webhook"
            and _waits_idly(queue)
            and _waits_idly(earlier.get(queue.queue))
        ):
            messages = counted(queue.waiting, "message")
            of = f"of {messages}" if queue.waiting > 1 else "the message"
            says = f"No worker takes {'any ' if queue.waiting > 1 else ''}{of}"
            yield Alert(alert="NoWorkerTakesMessages", says=f"{says} of the {queue.queue} queue.")


def _waits_idly(queue: Queue | None) -> bool:
    return (
        queue is not None
        and queue.waiting > 0
        and queue.in_flight == 0
        and (queue.oldest_s is None or queue.oldest_s >= _WORKER_STARTS_S)
    )


def _requests(lately: Figures) -> Iterator[Alert]:
    if lately.failed_requests > FAST_BURN * ERROR_BUDGET * lately.requests:
        says = f"{lately.failed_requests} of {counted(lately.requests, 'request')} failed (5xx)."
        yield Alert(alert="RequestsFailFast", says=says)


def _waits(now: Look) -> Iterator[Alert]:
    for queue in now.queues:
        if queue.queue == "request" and (queue.oldest_s or 0) > LONG_WAIT_S:
            says = f"Uploads have waited for up to {queue.oldest_s:.0f} s for a worker."
            yield Alert(alert="MessagesWaitLong", says=says)


def _state(now: Look) -> Iterator[Alert]:
    for use in ("limits", "answers"):
        if now.most("efr_cache_away", use=use):
            what = "limits" if use == "limits" else "earlier answers"
            yield Alert(alert="CacheAway", says=f"Redis can't be reached for {what}.")
    stale_s = now.most("efr_gallery_stale_seconds") or 0
    if stale_s > STALE_GALLERY_S:
        says = f"Enrolments and erasures have been unknown for {stale_s:.0f} s."
        yield Alert(alert="GalleryStale", says=says)


def _webhooks(lately: Figures) -> Iterator[Alert]:
    given_up = lately.webhooks.get("given_up", 0)
    if given_up:
        says = f"{counted(given_up, 'event')} of webhooks {'was' if given_up == 1 else 'were'}"
        yield Alert(alert="WebhookGivenUp", says=f"{says} given up.")


def _given_up(now: Look) -> Iterator[Alert]:
    for queue in now.queues:
        if queue.dead_letters:
            was = "was" if queue.dead_letters == 1 else "were"
            messages = f"{counted(queue.dead_letters, 'message')} of the {queue.queue} queue"
            yield Alert(
                alert="DeadLetters",
                says=f"{messages} {was} given up.",
                command=f"efr dead-letters list --queue {queue.queue}",
            )
