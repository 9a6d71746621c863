"""Single photos whose faces are to be added."""

import pytest

from core.bootstrap.web import build_web
from core.errors import CollectionNotFound, QueueUnavailable
from core.ground.realms import WHOLE
from core.jobs.index_job import IndexJob, IndexRequest
from tests.support.infrastructure import MemoryInfrastructure
from tests.support.photos import made_photo

PHOTO = made_photo()
REQUEST = IndexRequest(
    collection_id="family", max_faces=3, person="Ada", metadata={"album": "summer"}
)


class Web:
    def __init__(self) -> None:
        memory = MemoryInfrastructure()
        self.inputs = memory.bucket(memory.settings.s3_in_bucket)
        self.queue = memory.queue(memory.settings.sqs_index_queue_name)
        parts = build_web(memory.settings, memory.joined()).of(WHOLE)
        parts.collections.create("family")
        self.index_requests = parts.index_requests

    def submit(self, request: IndexRequest = REQUEST) -> str:
        return self.index_requests.submit(PHOTO, "image 1", "dir/my photo.jpg", request)


@pytest.fixture
def web() -> Web:
    return Web()


def test_job_says_all_that_the_caller_said_and_where_the_photo_is(web: Web) -> None:
    job_id = web.submit()

    (body,) = web.queue.bodies
    assert IndexJob.from_body(body) == IndexJob(
        **dict(REQUEST),
        job_id=job_id,
        image_id="image 1",
        s3_bucket="input-bucket",
        s3_key=f"{job_id}_my_photo.jpg",
    )
    assert web.inputs.objects == {f"{job_id}_my_photo.jpg": PHOTO}


@pytest.mark.parametrize("away", ["queue", "collection"])
def test_refused_photo_leaves_nothing_behind(web: Web, away: str) -> None:
    web.queue.available = away != "queue"
    collection_id = "nobody-made-it" if away == "collection" else "family"

    with pytest.raises((QueueUnavailable, CollectionNotFound)):
        web.submit(REQUEST.model_copy(update={"collection_id": collection_id}))

    assert not web.inputs.objects
    assert not web.queue.bodies
