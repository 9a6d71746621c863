"""What is deleted or replaced in a versioned bucket is gone, in raw listings of all versions."""

import uuid
from typing import Any

import pytest

from core.aws.clients import s3_client
from core.aws.s3 import S3Store
from core.settings import Settings
from harness.localstack import LocalStack

TEXT = "text/plain"


class Bucket:
    """A bucket of its own, its store, and the requests that boto3 sends."""

    def __init__(self, settings: Settings, versioning: str | None) -> None:
        self.name = f"versions-{uuid.uuid4().hex[:12]}"
        self.client = s3_client(settings)
        self.client.create_bucket(Bucket=self.name)
        if versioning is not None:
            self.set_versioning("Enabled")
        self.store = S3Store(settings, self.name, self.client)
        self.requests: list[str] = []
        self.client.meta.events.register("before-send.s3", self._note)

    def set_versioning(self, status: Any) -> None:
        self.client.put_bucket_versioning(
            Bucket=self.name, VersioningConfiguration={"Status": status}
        )

    def put(self, *keys: str, body: bytes = b"one") -> None:
        for key in keys:
            self.store.put(key, body, content_type=TEXT)

    def all_versions(self) -> list[str]:
        """Return the keys of all versions, and of all delete markers with a star."""
        found = self.client.list_object_versions(Bucket=self.name)
        versions = [each["Key"] for each in found.get("Versions", [])]
        return versions + [f"{each['Key']}*" for each in found.get("DeleteMarkers", [])]

    def _note(self, request: Any, **_: object) -> None:
        self.requests.append(request.method)


@pytest.fixture(params=["Enabled", "Suspended"])
def bucket(request: pytest.FixtureRequest, localstack: LocalStack) -> Bucket:
    made = Bucket(localstack.settings(), request.param)
    made.put("a", "a/b", "ab", "c")
    made.set_versioning(request.param)
    assert made.store.keeps_versions()  # as every process asks at its start
    return made


def test_deleted_object_leaves_no_version_and_no_marker(bucket: Bucket) -> None:
    bucket.store.delete("a")

    assert bucket.all_versions() == ["a/b", "ab", "c"]


def test_deleted_objects_leave_no_version_and_no_marker(bucket: Bucket) -> None:
    bucket.store.delete_many(["a", "c", "never there"])

    assert bucket.all_versions() == ["a/b", "ab"]


def test_replaced_object_leaves_its_newest_version_only(bucket: Bucket) -> None:
    bucket.put("a", body=b"two")
    version = bucket.store.get("a").version
    assert bucket.store.put_if("a", b"three", content_type=TEXT, version=version)
    bucket.put("c", body=b"x" * 1_000_001)

    assert bucket.all_versions() == ["a", "a/b", "ab", "c"]
    assert bucket.store.get("a").body == b"three"


def test_object_that_is_there_again_stays(bucket: Bucket) -> None:
    bucket.client.delete_object(Bucket=bucket.name, Key="a")
    bucket.put("a", body=b"again")

    bucket.store.forget_old_below("")

    assert bucket.all_versions() == ["a", "a/b", "ab", "c"]
    assert bucket.store.get("a").body == b"again"


def test_what_others_deleted_below_a_prefix_is_forgotten(bucket: Bucket) -> None:
    for key in ("a/b", "c"):
        bucket.client.delete_object(Bucket=bucket.name, Key=key)

    bucket.store.forget_old_below("a/")

    assert [key for key in bucket.all_versions() if key.startswith("a/")] == []
    assert "c*" in bucket.all_versions()


def test_store_tells_whether_versions_are_kept(localstack: LocalStack) -> None:
    assert not Bucket(localstack.settings(), None).store.keeps_versions()


def test_answers_to_writes_tell_that_versions_are_kept(localstack: LocalStack) -> None:
    bucket = Bucket(localstack.settings(), "Enabled")

    bucket.put("a", "a")

    assert bucket.all_versions() == ["a"]


def test_bucket_without_versions_costs_no_further_request(localstack: LocalStack) -> None:
    bucket = Bucket(localstack.settings(), None)
    bucket.put("a", "b", "c", "a")
    version = bucket.store.get("a").version
    bucket.store.put_if("a", b"two", content_type=TEXT, version=version)
    assert bucket.requests == []

    bucket.store.delete("a")
    bucket.store.delete_many(["b", "c"])

    assert bucket.requests == ["DELETE", "POST"]
