"""Photos that callers name by bucket and key."""

import pytest

from core.errors import (
    BucketNotAllowed,
    BucketNotFound,
    FileTooLarge,
    InvalidRequest,
    ObjectMissing,
    SourceUnavailable,
    StorageUnavailable,
    UnsupportedImage,
)
from core.jobs.photo_sources import PhotoSources, check_is_no_other_file
from core.testing import MemoryStore
from tests.support.half_away import HalfAway

LIMIT = 10


def sources(*names: str) -> PhotoSources:
    return PhotoSources(allowed={name: MemoryStore() for name in names}, max_file_bytes=LIMIT)


def test_only_bucket_need_not_be_named() -> None:
    assert sources("one").bucket(None) == "one"


@pytest.mark.parametrize("names", [[], ["one", "two"]])
def test_bucket_must_be_named_unless_there_is_one(names: list[str]) -> None:
    with pytest.raises(InvalidRequest, match="s3_bucket"):
        sources(*names).bucket(None)


def test_other_bucket_is_refused_before_it_is_read() -> None:
    with pytest.raises(BucketNotAllowed, match="foreign"):
        sources("one").photo("foreign", "key")


def test_photo_comes_from_its_bucket() -> None:
    both = sources("one", "two")
    both.allowed["two"].put("key", b"x" * LIMIT, content_type="image/jpeg")

    assert both.photo("two", "key").body == b"x" * LIMIT
    with pytest.raises(ObjectMissing):
        both.photo("one", "key")


def test_photo_over_the_limit_is_refused() -> None:
    one = sources("one")
    one.allowed["one"].put("key", b"x" * (LIMIT + 1), content_type="image/jpeg")

    with pytest.raises(FileTooLarge, match="11 bytes; at most 10"):
        one.photo("one", "key")


@pytest.mark.parametrize(
    "key", ["a/IMG_1.MOV", "b.mp4", "notes.txt", "list.csv", "x.json", "d.pdf", "e.tar.gz"]
)
def test_key_of_another_kind_of_file_is_no_photo(key: str) -> None:
    with pytest.raises(UnsupportedImage, match="no photo"):
        check_is_no_other_file(key)


@pytest.mark.parametrize(
    "key", ["a.jpg", "b.HEIC", "c.webp", "d.png", "IMG_0001", "photo.1", "a.mov/b", "raw.bin", "a."]
)
def test_key_that_may_be_a_photo_is_one(key: str) -> None:
    check_is_no_other_file(key)


def test_bucket_that_refuses_is_told_apart_from_the_services_own() -> None:
    store = HalfAway(MemoryStore(), StorageUnavailable)
    store.refuses = lambda method, asked: method == "get"
    of_both = PhotoSources(
        allowed={"album": store, "own": store}, max_file_bytes=LIMIT, own=frozenset({"own"})
    )

    with pytest.raises(SourceUnavailable):
        of_both.photo("album", "a.jpg")
    with pytest.raises(StorageUnavailable) as refused:
        of_both.photo("own", "a.jpg")
    assert refused.type is StorageUnavailable


def test_bucket_that_does_not_exist_is_told_apart_from_an_outage() -> None:
    store = MemoryStore()
    store.exists = False
    of_both = PhotoSources(
        allowed={"album": store, "own": store}, max_file_bytes=LIMIT, own=frozenset({"own"})
    )

    with pytest.raises(BucketNotFound, match="bucket 'album' does not exist"):
        of_both.photo("album", "a.jpg")
    with pytest.raises(StorageUnavailable):
        of_both.photo("own", "a.jpg")
