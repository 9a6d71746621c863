"""Where events are told: a message for each endpoint that wants to hear of one.

Without such an endpoint nothing is sent, and nothing is asked of S3 but a listing every few
seconds.
"""

import hashlib
import hmac
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from core.errors import CallbackNotAllowed, WebhookUrlRefused
from core.ground.realms import Realm, callback_noted
from core.host.tracing import tracing
from core.jobs.batch_records import Batch
from core.jobs.results import JobResult
from core.jobs.webhooks.addresses import Guard, origin_of
from core.jobs.webhooks.endpoint_store import Endpoints
from core.jobs.webhooks.endpoints import Endpoint
from core.jobs.webhooks.events import BatchWatch, DeliveryMessage, Event, of_result
from core.ports import JobQueue


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """Sends the events of a tenant to the queue from which workers deliver them.

    Every method that tells of something may raise ``ServiceUnavailable``.

    Parameters
    ----------
    queue : JobQueue
    endpoints : Endpoints
    realm : Realm
        Noted with the messages.
    now : callable
        Seconds since 1970.
    """

    queue: JobQueue
    endpoints: Endpoints
    realm: Realm
    now: Callable[[], float]

    def job_ended(
        self, result: JobResult, *, batch_id: str | None, notes: Mapping[str, str]
    ) -> None:
        """Tell of a job that has a result, perhaps once more; its message had these notes."""
        event = of_result(result, batch_id, self._time())
        callback = callback_noted(notes)
        called = self._endpoint_of(callback) if callback else None
        listeners = [each for each in self._listeners(event) if each != called]
        self._send(event, listeners)
        if called is not None:
            self._send(event, [called], url=None if callback == called.url else callback)

    def batch_accepted(self, batch: Batch) -> None:
        """Tell of a batch once all its photos are done."""
        # A fresh look: a webhook that another process made a moment ago wants this batch too.
        if any("batch.done" in each.events for each in _enabled(self.endpoints.now())):
            watch = BatchWatch(batch_id=batch.batch_id, since=self.now())
            self.queue.send(watch.model_dump_json(), notes=self.realm.notes)

    def batch_done(self, batch: Batch, *, done: int, failed: int) -> None:
        """Tell of a batch whose photos are all done, perhaps once more."""
        event = Event.of(
            "batch.done",
            {
                "batch_id": batch.batch_id,
                "collection_id": batch.collection_id,
                "total": len(batch.photos),
                "done": done,
                "failed": failed,
            },
            subject=batch.batch_id,
            now=self._time(),
        )
        self._send(event, self._listeners(event))

    def person_erased(
        self, collection_id: str, person: str, *, receipt_id: str, faces: int, jobs: int
    ) -> None:
        """Tell of a person who was erased."""
        event = Event.of(
            "person.erased",
            {
                "collection_id": collection_id,
                "receipt_id": receipt_id,
                "faces": faces,
                "jobs": jobs,
            },
            subject=receipt_id,
            now=self._time(),
        )
        for endpoint in self._listeners(event):
            data = event.data
            if endpoint.details:
                data = {**data, "person_hash": person_hash(endpoint, collection_id, person)}
            self._send(event.model_copy(update={"data": data}), [endpoint])

    def unknown_grouped(self, collection_id: str, group_id: str, *, faces: int) -> None:
        event = Event.of(
            "unknown.grouped",
            {"collection_id": collection_id, "group_id": group_id, "faces": faces},
            subject=group_id,
            now=self._time(),
        )
        self._send(event, self._listeners(event))

    def check_callback(self, url: str, guard: Guard) -> None:
        """Refuse an address to which no event of this tenant may be sent.

        Raises
        ------
        WebhookUrlRefused
            If events are never sent there.
        CallbackNotAllowed
            If its host is not that of an endpoint of the tenant.
        """
        guard.check(url)
        if self._endpoint_of(url) is None and self._endpoint_of(url, fresh=True) is None:
            raise CallbackNotAllowed("callback_url: no webhook has this scheme, host and port")

    def send_test(self, endpoint: Endpoint) -> str:
        """Send an event that tells of nothing to one endpoint; return its id."""
        event = Event.of("webhook.test", {}, subject=str(uuid.uuid4()), now=self._time())
        self._send(event, [endpoint])
        return event.event_id

    def send_again(self, message: DeliveryMessage) -> None:
        """Send a delivery that failed before."""
        again = message.model_copy(
            update={"attempts": 0, "deferred": 0, "due_at": 0, "is_replay": True}
        )
        self.queue.send(again.model_dump_json(), notes=self.realm.notes)

    def _send(self, event: Event, to: Iterable[Endpoint], *, url: str | None = None) -> None:
        bodies = [
            DeliveryMessage(webhook_id=each.webhook_id, event=event, url=url).model_dump_json()
            for each in to
        ]
        if bodies:
            with tracing().span("send event"):
                notes = {**self.realm.notes, **tracing().notes()}
                self.queue.send_many(bodies, notes=[notes] * len(bodies))

    def _listeners(self, event: Event) -> list[Endpoint]:
        collection_id = event.data.get("collection_id")
        known = collection_id if isinstance(collection_id, str) else None
        enabled = _enabled(self.endpoints.known())
        return [each for each in enabled if event.type in each.events and each.hears(known)]

    def _endpoint_of(self, url: str, *, fresh: bool = False) -> Endpoint | None:
        """Return the oldest endpoint with the scheme, host and port of a URL, if any is enabled."""
        try:
            origin = origin_of(url)
        except WebhookUrlRefused:
            return None
        known = self.endpoints.now() if fresh else self.endpoints.known()
        known.sort(key=lambda each: each.disabled_at is not None)
        return next((each for each in known if origin_of(each.url) == origin), None)

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)


def _enabled(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    return [each for each in endpoints if each.disabled_at is None]


def person_hash(endpoint: Endpoint, collection_id: str, person: str) -> str:
    """Return what stands for an erased person's name: only the endpoint's owner can tell whose.

    It is the HMAC-SHA256 of ``collection_id/person`` with the endpoint's newest secret, the text
    behind ``whsec_``, in hexadecimal.
    """
    key = endpoint.secrets[-1].secret.removeprefix("whsec_").encode()
    return hmac.new(key, f"{collection_id}/{person}".encode(), hashlib.sha256).hexdigest()
