"""What becomes of one message of the queue of events.

===================================  ===========================  ==============================
what happened                        what is kept                 message
===================================  ===========================  ==============================
the receiver answered 2xx            nothing                      deleted after the answer
it answered otherwise, or not        the failure, with the time   sent again with a pause, then
within 15 s                          of the next attempt          deleted
the same at the last attempt         the failure, given up        deleted
it answered 410                      the same; the endpoint is    deleted
                                     disabled
the endpoint is disabled             the failure, given up        deleted
the endpoint was removed             nothing                      deleted
its pause is not over                nothing                      sent again with the rest of the
                                                                  pause, then deleted
the endpoint has enough under way    nothing                      the same, with a short pause
a batch is not done                  nothing                      the same
worker killed                        nothing                      comes back after the visibility
                                                                  timeout; delivered once more
S3 or SQS is away                    nothing                      kept hidden; tried again by the
                                                                  same worker
body is none of these messages       nothing                      a dead letter, with the reason
===================================  ===========================  ==============================

A message is sent again before it is deleted. A worker that is killed in between leaves two, which
bring the same id.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from core.errors import MalformedMessage, ServiceUnavailable, WebhookNotFound
from core.host.logs import log_fields
from core.host.metrics import metrics
from core.host.tracing import tracing
from core.jobs.batch_records import BatchLists, ended_photos
from core.jobs.results import Results
from core.jobs.webhooks.endpoint_store import Endpoints
from core.jobs.webhooks.endpoints import Endpoint
from core.jobs.webhooks.events import (
    TEST,
    BatchWatch,
    DeliveryMessage,
    WebhookMessage,
    message_from,
)
from core.jobs.webhooks.failures import FailedDelivery, Failures
from core.jobs.webhooks.outbox import Outbox
from core.jobs.webhooks.sender import Post, Reply
from core.worker.delivery import Delivery
from core.worker.job_metrics import EVENTS, count_outcome
from core.worker.outcomes import Outcome
from core.worker.webhooks.posting import asked_s, post_event, told
from core.worker.webhooks.retries import LONGEST_HOP_S, no_room_s, pause_s, watch_s
from core.worker.webhooks.turns import Turns

log = logging.getLogger(__name__)

_EARLY_S: Final = 0.5
_FAILING_FROM: Final = 3
"""Failed attempts of one event after which its endpoint counts as failing: five minutes."""
_GIVEN_BACK_S: Final = 300.0
_MAX_WATCHED_S: Final = 7 * 24 * 3600.0
"""Longer than messages of jobs are kept, so that no photo of the batch will be done any more."""
_GONE: Final = 410
_DISABLED: Final = "WEBHOOK_DISABLED"


@dataclass(frozen=True, kw_only=True)
class EventHandler:
    """Handles the messages of one tenant; safe to call from several threads.

    Parameters
    ----------
    outbox : Outbox
        Where messages are sent again; its endpoints are the tenant's.
    results : Results
        Where details are looked up.
    failures : Failures
    lists : BatchLists
    post : Post
        Sends to receivers.
    turns : Turns
        Of all tenants.
    pauses_s : sequence of float
        Pauses before the second attempt, the third, and so on.
    now : callable
        Seconds since 1970.
    jitter : callable
        Returns numbers from 0 to 1.
    """

    outbox: Outbox
    results: Results
    failures: Failures
    lists: BatchLists
    post: Post
    turns: Turns
    pauses_s: Sequence[float]
    now: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random

    @property
    def _endpoints(self) -> Endpoints:
        return self.outbox.endpoints

    def handle(self, delivery: Delivery, *, again: bool = False, give_up: bool = False) -> Outcome:
        """Bring a message one step on, as the table above says.

        Parameters
        ----------
        give_up : bool
            Whether the worker keeps it no longer if S3 or SQS is away now too.
        """
        try:
            outcome = self._handle(delivery)
        except ServiceUnavailable as error:
            log.warning("event was left alone", extra={"code": error.code, "reason": str(error)})
            outcome = Outcome.LEFT_ALONE
            if give_up:
                delivery.retry(after_s=_GIVEN_BACK_S)
                outcome = Outcome.RETRIED
        count_outcome(EVENTS, outcome.value)
        return outcome

    def _handle(self, delivery: Delivery) -> Outcome:
        try:
            message = message_from(delivery.body)
        except MalformedMessage:
            delivery.dead_letter("it is no event: another program or version may have sent it")
            log.error("message that is no event was dead-lettered")  # noqa: TRY400 - nothing to trace
            return Outcome.DISCARDED
        if message.due_at - self.now() > _EARLY_S:
            return self._later(message, delivery)
        if isinstance(message, BatchWatch):
            return self._look_at_batch(message, delivery)
        event = message.event
        about = {"webhook_id": message.webhook_id, "event_id": event.event_id}
        if isinstance(job_id := event.data.get("job_id"), str):
            about["job_id"] = job_id
        with log_fields(**about):
            return self._deliver(message, delivery)

    def _deliver(self, message: DeliveryMessage, delivery: Delivery) -> Outcome:
        endpoint = self._endpoints.find(message.webhook_id)
        if endpoint is None:
            log.info("event was dropped: its webhook was removed")
            delivery.acknowledge()
            return Outcome.DISCARDED
        if endpoint.disabled_at is not None and message.event.type != TEST:
            return self._give_up(message, _DISABLED, delivery)
        place = _place(message)
        with self.turns.turn(place, tenant=self.outbox.realm.tenant) as has_room:
            if not has_room:
                wait_s = no_room_s(message.deferred, jitter=self.jitter())
                update = {"deferred": message.deferred + 1, "due_at": self.now() + wait_s}
                return self._later(message.model_copy(update=update), delivery)
            with tracing().span("deliver") as span:
                reply = post_event(
                    message, endpoint, post=self.post, results=self.results, now=self.now
                )
                span.set(told(message, reply), failed=not reply.is_accepted)
            self.turns.ended(place, well=reply.is_accepted, quiet_s=asked_s(reply))
        log.info(
            "event was sent",
            extra={
                "reply": reply.text,
                "attempt": message.attempts + 1,
                "type": message.event.type,
            },
        )
        if reply.is_accepted:
            return self._settle(endpoint, message, delivery)
        return self._failed(endpoint, message, reply, delivery)

    def _settle(self, endpoint: Endpoint, message: DeliveryMessage, delivery: Delivery) -> Outcome:
        """Note a success. What an earlier attempt left is removed, and the endpoint is well."""
        metrics().webhooks.labels("delivered").inc()
        delivery.acknowledge()
        if message.attempts or message.is_replay:
            _tidy(lambda: self.failures.forget(endpoint.webhook_id, message.event.event_id))
        if message.url is None and endpoint.state != "active":
            self._change(endpoint, Endpoint.well)
        return Outcome.DONE

    def _failed(
        self, endpoint: Endpoint, message: DeliveryMessage, reply: Reply, delivery: Delivery
    ) -> Outcome:
        attempts = message.attempts + 1
        tried = message.model_copy(update={"attempts": attempts, "deferred": 0})
        # Who may upload chooses a callback, and no such caller may disable a webhook.
        is_own = message.url is None
        if reply.status == _GONE:
            if is_own:
                self._change(endpoint, lambda each: each.disabled(self._time(), "GONE"))
            return self._give_up(tried, reply.text, delivery)
        if is_own and attempts >= _FAILING_FROM:
            self._change(endpoint, lambda each: each.failed(self._time()))
        wait_s = pause_s(self.pauses_s, attempts, asked_s=asked_s(reply), jitter=self.jitter())
        if wait_s is None or message.event.type == TEST:
            return self._give_up(tried, reply.text, delivery)
        metrics().webhooks.labels("retried").inc()
        due_at = self.now() + wait_s
        next_at = datetime.fromtimestamp(due_at, UTC)
        _tidy(lambda: self._note(tried, reply.text, next_attempt_at=next_at))
        return self._later(tried.model_copy(update={"due_at": due_at}), delivery)

    def _give_up(self, message: DeliveryMessage, reason: str, delivery: Delivery) -> Outcome:
        self._note(message, reason)
        metrics().webhooks.labels("given_up").inc()
        log.warning("event was given up", extra={"reason": reason})
        delivery.acknowledge()
        return Outcome.FAILED

    def _note(
        self, message: DeliveryMessage, outcome: str, *, next_attempt_at: datetime | None = None
    ) -> None:
        failed = FailedDelivery(
            message=message,
            state="given_up" if next_attempt_at is None else "retrying",
            outcome=outcome,
            attempted_at=self._time(),
            next_attempt_at=next_attempt_at,
        )
        self.failures.note(failed)

    def _change(self, endpoint: Endpoint, change: Callable[[Endpoint], Endpoint]) -> None:
        try:
            changed = self._endpoints.change(endpoint.webhook_id, change)
        except WebhookNotFound:
            log.info("webhook was removed meanwhile")
            return
        except ServiceUnavailable as error:
            log.warning("webhook was not changed", extra={"reason": str(error)})
            return
        if changed.state != endpoint.state:
            log.warning(
                "webhook changed its state",
                extra={"state": changed.state, "reason": changed.disabled_reason},
            )

    def _later(self, message: WebhookMessage, delivery: Delivery) -> Outcome:
        """Send a message again with its pause, as much of it as SQS allows; then delete it."""
        left_s = max(0.0, message.due_at - self.now())
        delivery.inbox.queue.send(
            message.model_dump_json(),
            notes=delivery.message.notes,
            delay_s=min(LONGEST_HOP_S, left_s),
        )
        delivery.acknowledge()
        return Outcome.RETRIED

    def _look_at_batch(self, message: BatchWatch, delivery: Delivery) -> Outcome:
        batch = self.lists.read(message.batch_id)
        age_s = self.now() - message.since
        if batch is None or age_s > _MAX_WATCHED_S:
            log.info("batch is watched no more", extra={"batch_id": message.batch_id})
            delivery.acknowledge()
            return Outcome.DISCARDED
        ended = list(ended_photos(self.lists.outputs, message.batch_id).values())
        if len(ended) < len(batch.photos):
            due_at = self.now() + watch_s(age_s)
            return self._later(message.model_copy(update={"due_at": due_at}), delivery)
        done = ended.count("done")
        self.outbox.batch_done(batch, done=done, failed=len(ended) - done)
        delivery.acknowledge()
        return Outcome.DONE

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)


def _place(message: DeliveryMessage) -> str:
    """Return what waits in turns of its own: a webhook, or the callbacks that it signs."""
    return message.webhook_id if message.url is None else f"{message.webhook_id} callbacks"


def _tidy(action: Callable[[], None]) -> None:
    """Do what must not send an event once more if S3 is away."""
    try:
        action()
    except ServiceUnavailable as error:
        log.warning("failure of an event was not noted", extra={"reason": str(error)})
