"""Single photos whose faces are to be added."""

from dataclasses import dataclass, field

import pytest

from core.collections.registry import Collections
from core.errors import CollectionNotFound, QueueUnavailable
from core.jobs.index_job import IndexJob, IndexRequest
from core.submission.index_requests import IndexRequests
from core.submission.photo_intake import Intake
from core.testing import ManualClock, MemoryFaceIndex, MemoryQueue, MemoryStore
from tests.support.photos import made_photo

PHOTO = made_photo()
REQUEST = IndexRequest(
    collection_id="family", max_faces=3, person="Ada", metadata={"album": "summer"}
)


@dataclass(kw_only=True)
class Web:
    inputs: MemoryStore = field(default_factory=MemoryStore)
    queue: MemoryQueue = field(default_factory=lambda: MemoryQueue(clock=ManualClock()))

    def __post_init__(self) -> None:
        collections = Collections(MemoryStore(), MemoryFaceIndex(), refresh_s=0)
        collections.create("family")
        self.index_requests = IndexRequests(
            intake=Intake(
                queue=self.queue, inputs=self.inputs, max_file_bytes=len(PHOTO), max_pixels=10_000
            ),
            collections=collections,
            bucket="input-bucket",
        )

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
