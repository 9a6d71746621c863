"""Requests about webhooks."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from core.jobs.index_job import WHOLE
from core.jobs.webhooks.addresses import MAX_URL
from core.jobs.webhooks.endpoints import EVENT_TYPES, EventType
from efr_web.requests.models.base import RequestModel

WebhookUrl = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_URL, pattern=r"^https?://[!-~]+$"),
    Field(description="An address on the internet that begins with `https://`."),
]


def _each_once(events: tuple[EventType, ...]) -> tuple[EventType, ...]:
    if len(set(events)) < len(events):
        raise ValueError("an event comes twice")
    return events


class CreateWebhook(RequestModel):
    """An address that is told of events; with `details` it is told names too."""

    url: WebhookUrl
    events: Annotated[
        tuple[EventType, ...],
        Field(min_length=1, max_length=len(EVENT_TYPES), json_schema_extra={"uniqueItems": True}),
        AfterValidator(_each_once),
    ]
    details: bool = False


class RotateSecret(RequestModel):
    """For how many hours the former secret signs too."""

    keep_hours: Annotated[int, Field(ge=0, le=168), WHOLE] = 24
