"""Answers about webhooks."""

from datetime import datetime
from typing import Literal, Self

from core.ground.records import Frozen
from core.jobs.webhooks.endpoints import DisabledReason, Endpoint, EventType, State
from core.jobs.webhooks.events import AnyType
from core.jobs.webhooks.failures import FailedDelivery


class WebhookDescription(Frozen):
    """A webhook: an address and the events of which it is told."""

    webhook_id: str
    url: str
    events: list[EventType]
    details: bool
    state: State
    created_at: datetime
    failing_since: datetime | None
    disabled_reason: DisabledReason | None

    @classmethod
    def of(cls, endpoint: Endpoint, **more: object) -> Self:
        """Return what callers see of a webhook."""
        own = set(WebhookDescription.model_fields)
        shown = endpoint.model_dump(include=own) | {"state": endpoint.state}
        return cls.model_validate(shown | more)


class WebhookWithSecret(WebhookDescription):
    """A webhook and its newest secret, which is shown this once."""

    secret: str


class WebhookList(Frozen):
    """All webhooks, the oldest first."""

    webhooks: list[WebhookDescription]


class EventSent(Frozen):
    """An event is on its way to a webhook."""

    event_id: str
    status: Literal["SENT"] = "SENT"


class FailedDeliveryDescription(Frozen):
    """An event that a webhook did not accept; `outcome` is what the last attempt met."""

    event_id: str
    type: AnyType
    data: dict[str, str | int | None]
    state: Literal["retrying", "given_up"]
    attempts: int
    outcome: str
    attempted_at: datetime
    next_attempt_at: datetime | None

    @classmethod
    def of(cls, failed: FailedDelivery) -> Self:
        """Return what callers see of a failed delivery."""
        event = failed.message.event
        return cls(
            event_id=event.event_id,
            type=event.type,
            data=event.data,
            attempts=failed.message.attempts,
            state=failed.state,
            outcome=failed.outcome,
            attempted_at=failed.attempted_at,
            next_attempt_at=failed.next_attempt_at,
        )


class FailedDeliveryList(Frozen):
    """A page of failed deliveries; `next_token` is null on the last one."""

    deliveries: list[FailedDeliveryDescription]
    next_token: str | None
