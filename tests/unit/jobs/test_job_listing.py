"""All jobs of a bucket are listed, however many they are and whatever lies among them."""

import pytest

from core.ground.ids import is_job_id, new_id
from core.ground.storage_keys import batch_mark_key
from core.jobs import job_listing
from core.jobs.job_listing import listed_jobs
from core.testing import MemoryStore


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    monkeypatch.setattr(job_listing, "PAGE", 10)
    return MemoryStore()


def put(bucket: MemoryStore, keys: list[str]) -> None:
    for key in keys:
        bucket.put(key, key.encode(), content_type="text/plain")


@pytest.mark.parametrize("jobs", [0, 1, 9, 10, 11, 200, 400])
def test_every_job_is_listed_with_its_version(bucket: MemoryStore, jobs: int) -> None:
    ids = [new_id() for _ in range(jobs)]
    put(bucket, [*ids, "idempotency/key"])

    listed = listed_jobs(bucket)

    assert {key: listed[key] for key in listed if is_job_id(key)} == {
        job_id: bucket.get(job_id).version for job_id in ids
    }


@pytest.mark.parametrize("first", ["0", "b", "ba", "bb", "f"])
def test_jobs_whose_ids_begin_alike_are_all_listed(bucket: MemoryStore, first: str) -> None:
    ids = [first + new_id()[len(first) :] for _ in range(35)]
    put(bucket, ids)

    assert listed_jobs(bucket).keys() == set(ids)


def test_few_jobs_are_listed_at_once(bucket: MemoryStore) -> None:
    put(bucket, [new_id() for _ in range(9)])

    listed_jobs(bucket)

    assert bucket.listings == 1


def test_marks_of_batches_are_passed_over(bucket: MemoryStore) -> None:
    ids = ["b" + new_id()[1:] for _ in range(30)]
    put(bucket, ids)
    put(bucket, [batch_mark_key(new_id(), position, "done") for position in range(1_000)])

    listed = listed_jobs(bucket)

    assert set(ids) <= listed.keys()
    assert bucket.listings < 10
