"""What the service answers is what its OpenAPI document says: checked by schemathesis.

Requests are made from the document and sent to the application between
in-memory services. Sound ones get photos, collections and faces that exist,
and must be served; damaged ones must be refused.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import APIOperation, CheckFunction, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import negative_data_rejection

from core.access.key_store import KeyStore
from core.ground.realms import WHOLE
from core.jobs.webhooks.events import DeliveryMessage, Event
from core.jobs.webhooks.failures import FailedDelivery
from tests.support.faces import face
from tests.unit.web.test_door import KEYS, headers
from tests.unit.web.web_fixture import PHOTO, WebFixture, base64_of

_EXAMPLES: Final = 6
_SETTINGS: Final = settings(
    max_examples=_EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class StockedWebFixture(WebFixture):
    """A web tier that has what sound requests name, also after they erased it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _, key = KeyStore(store=self.gallery).create("test", scopes=["admin"])
        self.key = headers(key)
        self.receipts: list[str] = []
        self.strangers = 0
        self.client.environ_base["HTTP_AUTHORIZATION"] = self.key["Authorization"]

    def stock(self) -> dict[str, Any]:
        """Return the values of fields and parameters that exist."""
        if "collections/known.json" not in self.gallery.objects:
            self.create("known")
        self.album.objects["k.jpg"] = PHOTO
        self.index_all()
        indexed = self.enrol("known", "ada-1", face(), person="Ada")
        if not self.receipts:
            gone = self.enrol("known", "bob-1", face(5), person="Bob").face_records[0].face_id
            erased = self.client.delete(f"/collections/known/faces/{gone}")
            self.receipts.append(erased.headers["Receipt"].rpartition("/")[2])
        batch = self.client.post(
            "/faces/index/batch", json={"collection_id": "known", "s3_keys": ["k.jpg"]}
        )
        webhook_id, event_id = self.failed_delivery()
        return {
            "group_id": self.group(),
            "webhook_id": webhook_id,
            "event_id": event_id,
            "url": "https://example.org/faces",
            "callback_url": "https://example.org/other",
            "collection_id": "known",
            "face_id": indexed.face_records[0].face_id,
            "job_id": indexed.job_id,
            "batch_id": batch.get_json()["batch_id"],
            "name": "Ada",
            "receipt_id": self.receipts[0],
            "person": "Ada",
            "image_id": "ada-1",
            "s3_key": "k.jpg",
            "other_s3_key": "k.jpg",
            "s3_bucket": "album",
            "other_s3_bucket": "album",
            "s3_keys": ["k.jpg"],
            "s3_prefix": "k",
            "next_token": "",
        }

    def group(self) -> str:
        """Return a group of unknown people, of a stranger who is new if there is none."""
        listed = self.client.get("/collections/known/groups").get_json()["groups"]
        if not listed:
            self.strangers += 1
            self.enrol("known", f"stranger-{self.strangers}", face(100.0 * self.strangers))
            listed = self.client.get("/collections/known/groups").get_json()["groups"]
        group_id: str = listed[0]["group_id"]
        return group_id

    def failed_delivery(self) -> tuple[str, str]:
        """Return a webhook and an event that it has not accepted."""
        webhooks = self.parts.of(WHOLE).webhooks
        for each in webhooks.all()[1:]:
            webhooks.remove(each.webhook_id)
        known = webhooks.all() or [
            webhooks.create("https://example.org/faces", events=("job.done",), details=False)
        ]
        event = Event.of("job.done", {}, subject="job", now=datetime.now(UTC))
        message = DeliveryMessage(webhook_id=known[0].webhook_id, event=event)
        webhooks.failures.note(
            FailedDelivery(
                message=message, state="given_up", outcome="HTTP_500", attempted_at=event.timestamp
            )
        )
        return message.webhook_id, event.event_id


@pytest.fixture
def web() -> StockedWebFixture:
    return StockedWebFixture(settings=KEYS)


def _known(made: Any, stock: dict[str, Any], *, as_file: bool = False) -> Any:
    """Return what was made up with what exists in its place."""
    if not isinstance(made, dict):
        return made
    photo = PHOTO if as_file else base64_of(PHOTO)
    stock = {**stock, "image": photo, "other_image": photo, "inputFile": photo}
    return {
        name: stock.get(name, value) if value is not None else None for name, value in made.items()
    }


def _operations(web: WebFixture) -> Iterator[APIOperation[Any, Any, Any, Any]]:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", web.app)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


def test_sound_requests_are_served_as_described(
    web: StockedWebFixture, subtests: pytest.Subtests
) -> None:

    statuses: dict[str, set[int]] = defaultdict(set)
    for operation in _operations(web):

        @_SETTINGS
        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
        def conforms(case: schemathesis.Case[Any]) -> None:
            stock = web.stock()
            if case.operation.label == "POST /collections":
                del stock["collection_id"]
            case.path_parameters = _known(case.path_parameters, stock)
            case.query = _known(case.query, stock)
            as_file = case.media_type == "multipart/form-data"
            case.body = _known(case.body, stock, as_file=as_file)
            response = case.call(headers=web.key)
            statuses[case.operation.label].add(response.status_code)
            case.validate_response(
                response, headers=web.key, excluded_checks=[negative_data_rejection]
            )

        with subtests.test(operation.label):
            conforms()

    never_served = {label for label, seen in statuses.items() if min(seen) >= 300}
    assert not never_served
    # The document itself, and the pages at / and /docs and their files, are not in the document.
    assert len(statuses) == len(web.app.view_functions) - 6


def test_damaged_requests_are_refused_as_described(
    web: StockedWebFixture, subtests: pytest.Subtests
) -> None:

    web.stock()
    for operation in _operations(web):
        if not (operation.body or operation.path_parameters or operation.query):
            continue

        @_SETTINGS
        @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        def conforms(case: schemathesis.Case[Any]) -> None:
            # Of a form with alternatives it takes one for all, and counts the others as damage.
            is_form = case.media_type == "multipart/form-data"
            skipped: list[CheckFunction] = [negative_data_rejection] if is_form else []
            case.call_and_validate(headers=web.key, excluded_checks=skipped)

        with subtests.test(operation.label):
            conforms()
