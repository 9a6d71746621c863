"""The contract of ObjectStore, in memory and on S3."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.aws.clients import s3_client
from core.aws.s3 import S3Store
from core.errors import BucketMissing, FileTooLarge, ObjectMissing, StorageUnavailable
from core.ports import ObjectStore
from harness.localstack import LocalStack
from tests.support.backends import Backends


@pytest.fixture
def store(backends: Backends) -> ObjectStore:
    return backends.inputs


def put(store: ObjectStore, key: str, body: bytes) -> None:
    store.put(key, body, content_type="text/plain")


def put_if(store: ObjectStore, key: str, body: bytes, version: str | None) -> bool:
    return store.put_if(key, body, content_type="text/plain", version=version)


def test_stored_bytes_come_back(store: ObjectStore) -> None:
    put(store, "key", b"\x00bytes\xff")

    assert store.get("key").body == b"\x00bytes\xff"


def test_missing_object_is_an_error_that_names_the_key(store: ObjectStore) -> None:
    with pytest.raises(ObjectMissing, match="nothing-here"):
        store.get("nothing-here")


def test_notes_of_an_object_are_read_without_its_body(store: ObjectStore) -> None:
    before = store.now()
    store.put("key", b"body", content_type="text/plain", metadata={"collection-id": "staff"})

    notes = store.notes("key")

    assert notes.metadata == {"collection-id": "staff"}
    assert before <= notes.modified_at <= store.now()
    assert store.get("key").modified_at == notes.modified_at
    with pytest.raises(ObjectMissing, match="nothing-here"):
        store.notes("nothing-here")


def test_object_over_the_limit_is_refused_and_one_at_it_is_read(store: ObjectStore) -> None:
    put(store, "key", b"12345")

    assert store.get("key", max_bytes=5).body == b"12345"
    with pytest.raises(FileTooLarge, match="5 bytes; at most 4"):
        store.get("key", max_bytes=4)


def test_unchanged_object_is_not_read_again(store: ObjectStore) -> None:
    put(store, "key", b"one")
    version = store.get("key").version

    assert store.get_if_changed("key", version) is None


def test_changed_object_is_read_again(store: ObjectStore) -> None:
    put(store, "key", b"one")
    version = store.get("key").version
    put(store, "key", b"two")

    changed = store.get_if_changed("key", version)

    assert changed is not None
    assert changed.body == b"two"


def test_object_without_known_version_is_read(store: ObjectStore) -> None:
    put(store, "key", b"one")

    changed = store.get_if_changed("key", "")

    assert changed is not None
    assert changed.body == b"one"


def test_first_conditional_writer_wins(store: ObjectStore) -> None:
    assert put_if(store, "key", b"first", None)
    assert not put_if(store, "key", b"second", None)
    assert store.get("key").body == b"first"


def test_conditional_write_over_read_version_is_done(store: ObjectStore) -> None:
    put(store, "key", b"one")

    assert put_if(store, "key", b"two", store.get("key").version)
    assert store.get("key").body == b"two"


def test_conditional_write_over_stale_version_is_refused(store: ObjectStore) -> None:
    put(store, "key", b"one")
    stale = store.get("key").version
    put(store, "key", b"two")

    assert not put_if(store, "key", b"three", stale)
    assert store.get("key").body == b"two"


def test_conditional_write_over_removed_object_is_refused(store: ObjectStore) -> None:
    put(store, "key", b"one")
    version = store.get("key").version
    store.delete("key")

    assert not put_if(store, "key", b"two", version)


def test_swap_tells_the_version_that_it_made(store: ObjectStore) -> None:
    def swap(body: bytes, version: str | None) -> str | None:
        return store.swap("key", body, content_type="text/plain", version=version)

    first = swap(b"one", None)
    assert first == store.get("key").version
    assert swap(b"two", None) is None

    second = swap(b"two", first)
    assert second == store.get("key").version != first
    assert swap(b"three", first) is None
    assert store.get("key").body == b"two"

    store.delete("key")
    assert swap(b"three", second) is None


def test_deleting_what_is_not_there_is_no_error(store: ObjectStore) -> None:
    store.delete("nothing-here")

    assert store.keys("nothing") == []


@pytest.mark.parametrize(
    "key", ["a/b c", "nb\xa0sp\u202f", "ä/é😀", "a%20b+c", "?a#b&c=d", "~{}|^`[]\\"]
)
def test_keys_may_have_any_letters(store: ObjectStore, key: str) -> None:
    put(store, key, b"one")

    assert store.get(key).body == b"one"
    assert store.keys("") == [key]


def test_prefix_is_found_until_its_last_object_is_deleted(store: ObjectStore) -> None:
    put(store, "job_photo.jpg", b"one")
    assert store.keys("job_")

    store.delete("job_photo.jpg")

    assert not store.keys("job_")


def test_keys_come_in_order_and_with_the_prefix_only(store: ObjectStore) -> None:
    for key in ("b/2", "a", "b/10", "b/1", "c", "b/é"):
        put(store, key, b"")

    assert store.keys("b/") == ["b/1", "b/10", "b/2", "b/é"]
    assert store.keys("") == ["a", "b/1", "b/10", "b/2", "b/é", "c"]


def test_keys_go_on_behind_a_key_whether_it_is_there_or_not(store: ObjectStore) -> None:
    for key in ("a/1", "a/2", "a/3", "b"):
        put(store, key, b"")

    assert store.keys("a/", after="a/1") == ["a/2", "a/3"]
    assert store.keys("a/", after="a/15") == ["a/2", "a/3"]
    assert store.keys("a/", after="a/3") == []
    assert store.keys("a/", after="A") == ["a/1", "a/2", "a/3"]


def test_no_more_keys_than_asked_for(store: ObjectStore) -> None:
    for key in ("a", "b", "c"):
        put(store, key, b"")

    assert store.keys("", limit=2) == ["a", "b"]
    assert store.keys("", after="a", limit=1) == ["b"]


def test_page_tells_the_versions_of_the_objects(store: ObjectStore) -> None:
    for key in ("a", "b/1", "b/2", "c"):
        put(store, key, key.encode())

    assert list(store.page("", after="a", limit=2)) == ["b/1", "b/2"]
    assert store.page("b/") == {key: store.get(key).version for key in ("b/1", "b/2")}


def test_version_of_an_object_differs_only_once_it_is_overwritten(store: ObjectStore) -> None:
    for key in ("folder/a", "folder/b", "folder/c/d", "folders/e", "f"):
        put(store, key, b"one")
    before = store.versions("folder/")

    put(store, "folder/b", b"two")
    store.delete("folder/c/d")

    assert before.keys() == {"folder/a", "folder/b", "folder/c/d"}
    after = store.versions("folder/")
    assert after.keys() == {"folder/a", "folder/b"}
    assert after["folder/a"] == before["folder/a"]
    assert after["folder/b"] != before["folder/b"]
    assert store.versions("nothing/") == {}


def test_thousand_keys_come_at_once_and_all_are_deleted_at_once(store: ObjectStore) -> None:
    keys = [f"k/{number:04}" for number in range(1_001)]
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda key: put(store, key, b""), keys))

    assert store.keys("", limit=5_000) == keys[:1000]
    assert sorted(store.versions("k/")) == keys
    store.delete_many(keys)
    assert store.keys("") == []


def test_page_is_full_though_s3_sends_it_in_parts(localstack: LocalStack) -> None:
    client = s3_client(localstack.settings())
    name = f"parts-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=name)
    bucket = S3Store(localstack.settings(), name, client)
    keys = [f"k/{number}" for number in range(8)]
    for key in keys:
        put(bucket, key, b"")

    def send_two_at_most(params: dict[str, Any], **_: object) -> None:
        params["MaxKeys"] = min(2, params["MaxKeys"])

    client.meta.events.register("provide-client-params.s3.ListObjectsV2", send_two_at_most)

    assert bucket.keys("k/", after="k/0", limit=5) == keys[1:6]
    assert bucket.keys("k/", after="k/0") == keys[1:]
    assert bucket.keys("k/", after="k/7") == []


def test_several_objects_are_deleted_and_no_other(store: ObjectStore) -> None:
    for key in ("a", "b & <c>", "é", "d"):
        put(store, key, b"")

    store.delete_many(["a", "b & <c>", "é", "not there"])
    store.delete_many([])

    assert store.keys("") == ["d"]


def test_notes_come_back_with_the_object(store: ObjectStore) -> None:
    store.put("key", b"one", content_type="text/plain", metadata={"collection-id": "a.B-c_1"})

    assert store.get("key").metadata == {"collection-id": "a.B-c_1"}


def test_object_stored_anew_has_only_its_new_notes(store: ObjectStore) -> None:
    store.put("key", b"one", content_type="text/plain", metadata={"a": "note"})
    put(store, "key", b"two")

    assert store.get("key").metadata == {}


def test_conditional_write_leaves_no_notes(store: ObjectStore) -> None:
    store.put("key", b"one", content_type="text/plain", metadata={"a": "note"})
    put_if(store, "key", b"two", store.get("key").version)

    assert store.get("key").metadata == {}


_ODD_KEYS = ["a//b", "/a", "a/", "a/../b", "./a", "a/."]


@pytest.mark.parametrize("key", _ODD_KEYS)
def test_object_under_a_key_that_is_no_path_can_be_read(localstack: LocalStack, key: str) -> None:
    settings = localstack.settings(s3_in_bucket=f"odd-{uuid.uuid4().hex[:12]}")
    s3 = s3_client(settings)
    s3.create_bucket(Bucket=settings.s3_in_bucket)
    store = S3Store(settings, settings.s3_in_bucket, s3)
    put(store, "a", b"another")
    put(store, "a/b", b"another")
    with pytest.raises(ObjectMissing):
        store.get(key)

    s3.put_object(Bucket=settings.s3_in_bucket, Key=key, Body=b"one")

    assert store.get(key).body == b"one"


@pytest.mark.parametrize("key", [*_ODD_KEYS, "a\nb"])
def test_nothing_is_written_under_a_key_that_is_no_path(store: ObjectStore, key: str) -> None:
    for body in (b"one", bytes(2_000_000)):
        with pytest.raises(ValueError, match="key"):
            put(store, key, body)
    with pytest.raises(ValueError, match="key"):
        put_if(store, key, b"one", None)


def test_large_objects_keep_their_notes(store: ObjectStore) -> None:
    body = bytes(2_000_000)

    store.put("key", body, content_type="image/jpeg", metadata={"collection-id": "a"})

    assert store.get("key").body == body
    assert store.get("key").metadata == {"collection-id": "a"}


def test_unknown_bucket_is_missing_and_named(localstack: LocalStack) -> None:
    settings = localstack.settings()
    store = S3Store(settings, "no-such-bucket", s3_client(settings))

    assert store.obstacle() == "it does not exist"
    with pytest.raises(StorageUnavailable, match="no-such-bucket"):
        store.check()
    with pytest.raises(BucketMissing, match="no-such-bucket"):
        store.get("key")
    with pytest.raises(BucketMissing, match="no-such-bucket"):
        store.get("odd//key")
    with pytest.raises(BucketMissing, match="no-such-bucket"):
        put(store, "key", b"one")
    for version in (None, '"a version"'):
        with pytest.raises(BucketMissing, match="no-such-bucket"):
            put_if(store, "key", b"one", version)
    with pytest.raises(BucketMissing, match="no-such-bucket"):
        store.keys("")
    with pytest.raises(BucketMissing, match="no-such-bucket"):
        store.versions("a/")
    with pytest.raises(BucketMissing, match="no-such-bucket"):
        store.delete_many(["key"])
