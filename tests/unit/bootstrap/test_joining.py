"""The web tier and the worker as production joins them, on memory instead of AWS."""

import threading
import time
from dataclasses import dataclass, replace

import pytest

from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.bootstrap.web import build_web
from core.bootstrap.worker import build_worker
from core.errors import StorageUnavailable
from core.ground.realms import WHOLE, Realm
from core.ground.storage_keys import FORMAT
from core.jobs.index_job import IndexDone, IndexRequest
from core.jobs.recognition_job import JobDone
from core.jobs.results import Results
from core.ports import StoredObject
from core.settings import Settings
from core.testing import MemoryStore
from core.worker.outcomes import Outcome
from tests.support.faces import RecognizerByPhoto, face, recognition
from tests.support.infrastructure import MemoryInfrastructure
from tests.support.photos import made_photo

PHOTO = made_photo()
SETTINGS = Settings(
    _env_file=None, worker_processes=2, web_recognizer_processes=1, allowed_buckets=("album",)
)


@dataclass(kw_only=True)
class Service:
    """A web process and a worker on one infrastructure."""

    settings: Settings = SETTINGS

    def __post_init__(self) -> None:
        recognizer = RecognizerByPhoto(shown={PHOTO: recognition(face(0.1))})
        self.memory = MemoryInfrastructure(settings=self.settings, recognizer=recognizer)
        self.web_tier = build_web(self.settings, self.memory.joined())
        self.web = self.web_tier.of(WHOLE)
        self.worker = build_worker(self.settings, self.memory.joined())
        self.results = Results(self.memory.bucket("output-bucket"))

    def work(self) -> list[Outcome]:
        return self.worker.worker.run_once()


def test_uploaded_photo_is_recognised_by_who_was_enrolled_before() -> None:
    service = Service()
    request = IndexRequest(collection_id="default", person="Ada")
    indexed = service.web.index_requests.submit(PHOTO, "ada", "ada.jpg", request)
    assert service.work() == [Outcome.DONE]

    job = service.web.uploads.submit(PHOTO, "photo.jpg")
    assert service.work() == [Outcome.DONE]

    assert isinstance(service.results.read(indexed), IndexDone)
    result = service.web.uploads.status(job.job_id)
    assert isinstance(result, JobDone)
    assert result.result == "Ada"


def test_photos_of_an_allowed_bucket_are_indexed_and_counted() -> None:
    service = Service()
    service.memory.bucket("album").objects["1.jpg"] = PHOTO
    batch_id = service.web.batch_requests.submit_keys(
        None, ["1.jpg", "2.jpg"], IndexRequest(collection_id="default")
    )

    assert service.work() == [Outcome.DONE, Outcome.FAILED]

    status = service.web.batches.status(batch_id, limit=10)
    assert (status.done, status.failed, status.pending) == (1, 1, 0)


def test_worker_counts_its_children_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([3, 4, 5])
    monkeypatch.setattr(Settings, "worker_process_count", property(lambda _: next(counts)))
    memory = MemoryInfrastructure(settings=SETTINGS, recognizer=RecognizerByPhoto(shown={}))

    build_worker(SETTINGS, memory.joined())

    assert len(memory.children) == 3
    assert next(counts) == 4


@pytest.mark.parametrize("enabled", [False, True])
def test_results_are_copied_only_if_the_setting_says_so(enabled: bool) -> None:
    service = Service(settings=SETTINGS.model_copy(update={"sqs_resp_enabled": enabled}))
    service.web.uploads.submit(PHOTO, "photo.jpg")

    service.work()

    assert len(service.memory.queue("response-queue").bodies) == enabled


def test_each_queue_has_dead_letters_and_a_sweep_of_its_own() -> None:
    service = Service()
    upload = service.web.uploads.submit(PHOTO, "photo.jpg")
    indexed = service.web.index_requests.submit(
        PHOTO, "ada", "ada.jpg", IndexRequest(collection_id="default")
    )
    for name in ("request-queue", "index-queue"):
        queue = service.memory.queue(name)
        (body,) = queue.bodies
        queue.delete_many(queue.receive(limit=1, wait_s=0))
        service.memory.queue(f"{name}-dlq").send(body)

    service.work()

    for job_id in (upload.job_id, indexed):
        result = service.results.read(job_id)
        assert result is not None
        assert result.status == "failed"


def test_ready_asks_for_every_bucket_and_queue_of_the_settings() -> None:
    service = Service()
    service.memory.bucket("gallery-bucket").available = False

    for name, check in service.web_tier.checks.items():
        if name == "S3 bucket gallery-bucket":
            with pytest.raises(StorageUnavailable):
                check()
        else:
            check()
    assert len(service.web_tier.checks) == 10


def test_web_process_starts_its_children_and_warms_in_the_background() -> None:
    service = Service()

    service.web_tier.start()

    assert [child.launched for child in service.memory.children] == [1, 0, 0]
    assert service.memory.tasks == ["versions", "sources", "warm-up"]


def test_worker_leaves_its_children_to_its_main() -> None:
    service = Service()

    service.worker.start()

    assert service.memory.tasks == ["versions", "sources", "warm-up"]
    assert [child.launched for child in service.memory.children] == [0, 0, 0]


class StuckStore(MemoryStore):
    """A bucket that answers nothing but the format of its data until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def get(self, key: str, *, max_bytes: int | None = None) -> StoredObject:
        if key != FORMAT:
            self.asked.set()
            assert self.go_on.wait(30)
        return super().get(key, max_bytes=max_bytes)


def test_web_process_starts_before_any_gallery_is_loaded() -> None:
    stuck = StuckStore()
    memory = MemoryInfrastructure(
        settings=SETTINGS, recognizer=RecognizerByPhoto(), buckets={"gallery-bucket": stuck}
    )
    with_threads = replace(
        memory.joined(), run_in_background=Infrastructure.run_in_background, sleep=time.sleep
    )
    web = build_web(SETTINGS, with_threads)

    web.start()

    assert memory.children[0].launched == 1
    assert stuck.asked.wait(30), "the galleries are loaded in the background"
    assert web.of(WHOLE).index_states() == {}
    stuck.available = False
    stuck.go_on.set()


def test_use_of_each_tenants_collections_is_noted_in_one_order() -> None:
    shared = Shared(SETTINGS, MemoryInfrastructure().joined())
    for tenant in ("acme", "", "beta"):
        shared.of(Realm(tenant)).collections.create("staff")
        shared.of(Realm(tenant)).collections.get("staff")

    assert shared.process.uses.last_first() == [("beta", "staff"), ("", "staff"), ("acme", "staff")]


def test_one_name_gives_one_bucket_and_one_queue_on_aws() -> None:
    settings = Settings(_env_file=None, aws_endpoint_url="http://localhost:1")
    aws = Infrastructure.on_aws(settings)

    assert aws.bucket("a-bucket") is aws.bucket("a-bucket")
    assert aws.queue("a-queue") is aws.queue("a-queue")
    assert Shared(settings, aws).inputs is aws.bucket(settings.s3_in_bucket)
