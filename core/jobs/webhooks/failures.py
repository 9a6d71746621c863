"""Deliveries that failed, in the output bucket, where they expire with the results."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import AwareDatetime

from core.errors import EventNotFound, ObjectMissing
from core.ground.ids import is_face_id
from core.ground.records import Frozen
from core.ground.storage_keys import deliveries_prefix, delivery_key
from core.jobs.webhooks.events import DeliveryMessage
from core.ports import ObjectStore


class FailedDelivery(Frozen):
    """A delivery whose last attempt failed; ``outcome`` is an HTTP status or a word."""

    message: DeliveryMessage
    state: Literal["retrying", "given_up"]
    outcome: str
    attempted_at: AwareDatetime
    next_attempt_at: AwareDatetime | None = None


@dataclass(frozen=True, kw_only=True)
class Failures:
    """The failed deliveries of an output bucket. May raise ``StorageUnavailable``."""

    outputs: ObjectStore

    def note(self, failed: FailedDelivery) -> None:
        """Keep a failure, in place of that of an earlier attempt."""
        self.outputs.put(
            delivery_key(failed.message.webhook_id, failed.message.event.event_id),
            failed.model_dump_json().encode(),
            content_type="application/json",
        )

    def get(self, webhook_id: str, event_id: str) -> FailedDelivery:
        """Return a failure.

        Raises
        ------
        EventNotFound
            If there is none.
        """
        if not is_face_id(event_id):
            raise EventNotFound("an event's id is a UUID in lower case")
        try:
            stored = self.outputs.get(delivery_key(webhook_id, event_id))
        except ObjectMissing:
            raise EventNotFound(f"no failed delivery of event {event_id} is kept") from None
        return FailedDelivery.model_validate_json(stored.body)

    def page(self, webhook_id: str, *, limit: int, after: str = "") -> Iterator[FailedDelivery]:
        """Yield the next failures of a webhook behind an event's id, in the order of these."""
        behind = delivery_key(webhook_id, after) if after else ""
        prefix = deliveries_prefix(webhook_id)
        for key in self.outputs.keys(prefix, after=behind, limit=limit):
            try:
                stored = self.outputs.get(key)
            except ObjectMissing:  # delivered just now
                continue
            yield FailedDelivery.model_validate_json(stored.body)

    def forget(self, webhook_id: str, event_id: str) -> None:
        """Forget a failure: the event was delivered."""
        self.outputs.delete(delivery_key(webhook_id, event_id))

    def forget_all(self, webhook_id: str) -> None:
        """Forget all failures of a webhook."""
        while keys := self.outputs.keys(deliveries_prefix(webhook_id)):
            self.outputs.delete_many(keys)
