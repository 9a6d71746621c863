"""Webhooks: make, list, describe, remove, rotate and test them; what failed, and once more."""

from datetime import timedelta

from flask import jsonify, url_for
from flask.typing import ResponseReturnValue

from core.access.audit_trail import Action
from core.bootstrap.web import WebParts
from core.errors import (
    EventNotFound,
    InvalidRequest,
    QueueUnavailable,
    StorageUnavailable,
    TooManyWebhooks,
    WebhookNotFound,
    WebhookUrlRefused,
)
from core.ground.ids import is_face_id
from core.jobs.webhooks.endpoints import Endpoint
from efr_web.caller import caller, visible
from efr_web.openapi.operation import JSON_BODY, Answer, Api, Body, Operation, curl_json
from efr_web.requests.models.pages import PageQuery
from efr_web.requests.models.webhooks import CreateWebhook, RotateSecret
from efr_web.requests.pagination import decode_cursor, encode_cursor
from efr_web.requests.parsing import read_json, read_query
from efr_web.schemas.webhooks import (
    EventSent,
    FailedDeliveryDescription,
    FailedDeliveryList,
    WebhookDescription,
    WebhookList,
    WebhookWithSecret,
)

_WEBHOOK = "/webhooks/<webhook_id>"
_EXAMPLE = "/webhooks/3f2b8c1e-6a55-4d0c-9d3e-0f6b3c1a2b4d"


def add_webhook_routes(api: Api, parts: WebParts) -> None:
    """Add ``/webhooks`` and all below it."""
    _add_own_routes(api, parts)
    _add_event_routes(api, parts)


def _add_own_routes(api: Api, parts: WebParts) -> None:
    @api.route("POST", "/webhooks", CREATE)
    def create_webhook() -> ResponseReturnValue:
        body = read_json(CreateWebhook)
        made = visible(parts).webhooks.create(body.url, events=body.events, details=body.details)
        _audit(parts, "create_webhook", made.webhook_id)
        response = jsonify(_with_secret(made).model_dump(mode="json"))
        response.status_code = 201
        response.headers["Location"] = url_for("describe_webhook", webhook_id=made.webhook_id)
        return response

    @api.route("GET", "/webhooks", LIST)
    def list_webhooks() -> ResponseReturnValue:
        found = [WebhookDescription.of(each) for each in visible(parts).webhooks.all()]
        return WebhookList(webhooks=found).model_dump(mode="json")

    @api.route("GET", _WEBHOOK, DESCRIBE)
    def describe_webhook(webhook_id: str) -> ResponseReturnValue:
        found = visible(parts).webhooks.get(webhook_id)
        return WebhookDescription.of(found).model_dump(mode="json")

    @api.route("DELETE", _WEBHOOK, DELETE)
    def delete_webhook(webhook_id: str) -> ResponseReturnValue:
        visible(parts).webhooks.remove(webhook_id)
        _audit(parts, "remove_webhook", webhook_id)
        return "", 204

    @api.route("POST", f"{_WEBHOOK}/secret", ROTATE)
    def rotate_webhook_secret(webhook_id: str) -> ResponseReturnValue:
        keep = timedelta(hours=read_json(RotateSecret).keep_hours)
        rotated = visible(parts).webhooks.rotate(webhook_id, keep=keep)
        _audit(parts, "rotate_webhook", webhook_id)
        return _with_secret(rotated).model_dump(mode="json")


def _add_event_routes(api: Api, parts: WebParts) -> None:
    @api.route("POST", f"{_WEBHOOK}/test", TEST)
    def test_webhook(webhook_id: str) -> ResponseReturnValue:
        event_id = visible(parts).webhooks.test(webhook_id)
        return EventSent(event_id=event_id).model_dump(mode="json"), 202

    @api.route("GET", f"{_WEBHOOK}/deliveries", FAILED)
    def list_failed_deliveries(webhook_id: str) -> ResponseReturnValue:
        page = read_query(PageQuery)
        after = decode_cursor(page.next_token, is_face_id)
        found = visible(parts).webhooks.failed(webhook_id, limit=page.limit, after=after)
        end = found[-1].message.event.event_id if found else ""
        goes_on = bool(found) and bool(
            visible(parts).webhooks.failed(webhook_id, limit=1, after=end)
        )
        return FailedDeliveryList(
            deliveries=[FailedDeliveryDescription.of(each) for each in found],
            next_token=encode_cursor(end) if goes_on else None,
        ).model_dump(mode="json")

    @api.route("POST", f"{_WEBHOOK}/deliveries/<event_id>/replay", REPLAY)
    def replay_delivery(webhook_id: str, event_id: str) -> ResponseReturnValue:
        visible(parts).webhooks.replay(webhook_id, event_id)
        return EventSent(event_id=event_id).model_dump(mode="json"), 202


def _audit(parts: WebParts, action: Action, webhook_id: str) -> None:
    visible(parts).audit.add(action, caller().author, webhook_id=webhook_id)


def _with_secret(endpoint: Endpoint) -> WebhookWithSecret:
    described = WebhookDescription.of(endpoint)
    return WebhookWithSecret(secret=endpoint.secrets[-1].secret, **dict(described))


CREATE = Operation(
    tag="Webhooks",
    access="admin",
    summary="Create a webhook",
    text=(
        "The service tells the address of events, signed by Standard Webhooks with the `secret` "
        "of the answer. With `details` it tells names too. A key for some collections makes a "
        "webhook for these."
    ),
    body=Body(json=CreateWebhook),
    actions=("create_webhook",),
    answers={
        201: Answer(
            text="The webhook was created.", models=(WebhookWithSecret,), headers=("Location",)
        )
    },
    errors=(*JSON_BODY, WebhookUrlRefused, TooManyWebhooks, StorageUnavailable),
    curl=curl_json(
        "/webhooks", {"url": "https://example.org/faces", "events": ["job.done", "job.failed"]}
    ),
)
LIST = Operation(
    tag="Webhooks",
    access="admin",
    summary="List the webhooks",
    answers={200: Answer(text="All of them, the oldest first.", models=(WebhookList,))},
    errors=(StorageUnavailable,),
    curl="/webhooks",
)
DESCRIBE = Operation(
    tag="Webhooks",
    access="admin",
    summary="Describe a webhook",
    text=(
        "`failing` has accepted nothing for some time. `disabled` is told no more: it answered "
        "410 (`GONE`), or has accepted nothing for five days (`FAILING`)."
    ),
    answers={200: Answer(text="The webhook.", models=(WebhookDescription,))},
    errors=(WebhookNotFound, StorageUnavailable),
    curl=_EXAMPLE,
)
DELETE = Operation(
    tag="Webhooks",
    access="admin",
    summary="Remove a webhook",
    text="Events that are on their way to it are dropped, within five seconds.",
    actions=("remove_webhook",),
    answers={204: Answer(text="The webhook is gone.")},
    errors=(WebhookNotFound, StorageUnavailable),
    curl=f"-X DELETE {_EXAMPLE}",
)
ROTATE = Operation(
    tag="Webhooks",
    access="admin",
    summary="Give a webhook another secret",
    text="Until `keep_hours` have passed, both secrets sign.",
    body=Body(json=RotateSecret),
    actions=("rotate_webhook",),
    answers={200: Answer(text="The webhook and its secret.", models=(WebhookWithSecret,))},
    errors=(*JSON_BODY, WebhookNotFound, StorageUnavailable),
    curl=curl_json(f"{_EXAMPLE}/secret", {"keep_hours": 48}),
)
TEST = Operation(
    tag="Webhooks",
    access="admin",
    summary="Send a test to a webhook",
    text=(
        "The event is `webhook.test`. It is tried once; if it fails, it is among the failed "
        "deliveries. If it is accepted, a disabled webhook is enabled again."
    ),
    answers={202: Answer(text="The event is on its way.", models=(EventSent,))},
    errors=(WebhookNotFound, StorageUnavailable, QueueUnavailable),
    curl=f"-X POST {_EXAMPLE}/test",
)
FAILED = Operation(
    tag="Webhooks",
    access="admin",
    summary="List failed deliveries",
    text="The list is in the order of the events' ids. It forgets what is delivered later.",
    query=PageQuery,
    answers={200: Answer(text="A page of the list.", models=(FailedDeliveryList,))},
    errors=(InvalidRequest, WebhookNotFound, StorageUnavailable),
    curl=f"{_EXAMPLE}/deliveries?limit=10",
)
REPLAY = Operation(
    tag="Webhooks",
    access="admin",
    summary="Send an event again",
    text="The event has the same id as before, and a new series of attempts.",
    answers={202: Answer(text="The event is on its way.", models=(EventSent,))},
    errors=(WebhookNotFound, EventNotFound, StorageUnavailable, QueueUnavailable),
    curl=f"-X POST {_EXAMPLE}/deliveries/8f323fc7-d47f-5792-bd59-413577fc04bf/replay",
)
