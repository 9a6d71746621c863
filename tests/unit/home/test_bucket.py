"""What a bucket in a folder promises beyond the contract of buckets."""

import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import NoDirectUploads, ObjectMissing, StorageUnavailable
from core.home import folders
from core.home.bucket import FolderBucket, make_bucket
from core.home.folders import locked
from core.home.object_paths import object_path
from harness.waiting import wait_until
from tests.support.homes.forgetful_disk import ForgetfulDisk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_bucket(tmp_path / "bucket")
    return tmp_path / "bucket"


@pytest.fixture
def bucket(folder: Path) -> FolderBucket:
    return FolderBucket(folder)


def put(bucket: FolderBucket, key: str, body: bytes) -> None:
    bucket.put(key, body, content_type="image/jpeg")


def file_of(folder: Path, key: str) -> Path:
    return object_path(folder / "objects", key)


def test_only_the_user_reads_what_is_stored(folder: Path, bucket: FolderBucket) -> None:
    umask = os.umask(0)
    try:
        put(bucket, "people/ada.jpg", b"a photo")
    finally:
        os.umask(umask)

    for path in [folder, *folder.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("left", [0, 1, 40, -1])
def test_truncated_file_is_an_error_and_never_an_object(
    folder: Path, bucket: FolderBucket, left: int
) -> None:
    put(bucket, "key", b"a photo")
    file = file_of(folder, "key")

    os.truncate(file, left % file.stat().st_size)

    with pytest.raises(StorageUnavailable, match="damaged"):
        bucket.get("key")


def test_other_bytes_are_an_error(folder: Path, bucket: FolderBucket) -> None:
    put(bucket, "key", b"a photo")
    file = file_of(folder, "key")
    file.write_bytes(file.read_bytes().replace(b"photo", b"ph0to"))

    with pytest.raises(StorageUnavailable, match="damaged"):
        bucket.get("key")


def test_folders_go_with_their_last_object(folder: Path, bucket: FolderBucket) -> None:
    put(bucket, "crops/ada/1.jpg", b"")
    put(bucket, "crops/bob/1.jpg", b"")

    bucket.delete("crops/ada/1.jpg")
    assert bucket.keys("") == ["crops/bob/1.jpg"]
    bucket.delete("crops/bob/1.jpg")

    assert list((folder / "objects").iterdir()) == []
    assert list((folder / "writing").iterdir()) == []


def test_an_object_may_lie_where_others_lie_below_it(bucket: FolderBucket) -> None:
    for key in ("a/b/c", "a", "a/b", "a-b"):
        put(bucket, key, key.encode())

    assert bucket.keys("") == ["a", "a-b", "a/b", "a/b/c"]
    bucket.delete("a/b")
    assert bucket.get("a/b/c").body == b"a/b/c"


def test_longest_key_of_s3_is_kept_and_none_is_too_long_to_ask_for(bucket: FolderBucket) -> None:
    key = "a" * 512 + "/" + "b" * 511
    put(bucket, key, b"one")

    assert bucket.get(key).body == b"one"
    with pytest.raises(ObjectMissing):
        bucket.get("é" * 5_000)


def test_full_disk_leaves_nothing_and_is_told(
    folder: Path, bucket: FolderBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    put(bucket, "key", b"one")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(StorageUnavailable, match="No space left"):
            put(bucket, "key", b"two")

    assert bucket.get("key").body == b"one"
    assert list((folder / "writing").iterdir()) == []


def test_of_many_conditional_writers_none_overwrites_another(folder: Path) -> None:
    def count(_: int) -> None:
        bucket = FolderBucket(folder)
        for _ in range(20):
            while True:
                stored = bucket.get("count")
                more = str(int(stored.body) + 1).encode()
                if bucket.swap("count", more, content_type="", version=stored.version):
                    break

    FolderBucket(folder).put("count", b"0", content_type="")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(4)))

    assert FolderBucket(folder).get("count").body == b"80"


def test_first_objects_and_last_ones_of_a_folder_may_meet(folder: Path) -> None:
    def come_and_go(name: str) -> None:
        bucket = FolderBucket(folder)
        for _ in range(100):
            put(bucket, f"folder/deep/{name}", name.encode())
            assert bucket.get(f"folder/deep/{name}").body == name.encode()
            bucket.delete(f"folder/deep/{name}")

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(come_and_go, "abc"))

    assert list((folder / "objects").iterdir()) == []


def test_process_that_stands_still_with_a_lock_holds_nobody_up_for_ever(
    folder: Path, bucket: FolderBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "LOCKED_FOR_S", 0.2)
    lock_of_key = folder / "locks" / "2c"
    with locked(lock_of_key), pytest.raises(StorageUnavailable, match="stands still"):
        put(bucket, "key", b"one")

    put(bucket, "key", b"one")


WRITER = """
import sys
from pathlib import Path
from core.home.bucket import FolderBucket
bucket = FolderBucket(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    key = f"{number % 7}/{number}"
    bucket.put(key, str(number).encode() * 20_000, content_type="")
    print(number, flush=True)
"""


def test_what_was_stored_before_a_kill_is_whole_and_nothing_else_is_seen(folder: Path) -> None:
    for _ in range(3):
        command = [sys.executable, "-c", WRITER, str(folder)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
        wait_until(lambda: any(folder.glob("objects/*/*")), seconds=60)
        time.sleep(0.2)  # at any moment of a write
        writer.send_signal(signal.SIGKILL)
        told = [int(line) for line in writer.communicate()[0].split()]

        bucket = FolderBucket(folder)
        stored = {key: bucket.get(key).body for key in bucket.keys("")}
        assert all(stored[f"{n % 7}/{n}"] == str(n).encode() * 20_000 for n in told)
        assert len(stored) - len(told) in (0, 1)
        bucket.delete_many(list(stored))


def test_what_was_stored_is_there_after_a_loss_of_power(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = ForgetfulDisk(monkeypatch, folder)
    bucket = FolderBucket(folder)
    put(bucket, "jobs/1", b"first")
    put(bucket, "jobs/2", bytes(100_000))
    put(bucket, "jobs/1", b"second")
    put(bucket, "other/3", b"gone")
    bucket.delete("other/3")
    assert bucket.put_if("jobs/4", b"claimed", content_type="", version=None)

    after = FolderBucket(disk.after_loss_of_power())

    assert {key: after.get(key).body for key in after.keys("")} == {
        "jobs/1": b"second",
        "jobs/2": bytes(100_000),
        "jobs/4": b"claimed",
    }


def test_nobody_can_send_photos_to_a_folder(bucket: FolderBucket) -> None:
    with pytest.raises(NoDirectUploads, match="folder"):
        bucket.upload_form("key", metadata={}, max_bytes=1, seconds=1)
