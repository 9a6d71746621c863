"""Galleries in a bucket: several processes, erasure, and S3 that goes away."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from core.aws.clients import s3_client
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.errors import CollectionNotFound, StorageUnavailable
from core.gallery.lance import storage as lance_storage
from core.gallery.lance.index import LanceFaceIndex
from core.ground.storage_keys import BELL
from core.ports import EnrolledFace
from core.settings import Settings
from harness.localstack import LocalStack
from harness.waiting import wait_until
from tests.support.photos import ROOT

WRITERS = int(os.environ.get("INDEX_WRITERS", "4"))  # noqa: TID251 - how large a run is wanted
FACES = int(os.environ.get("INDEX_FACES", "400"))  # noqa: TID251 - of all writers together
KILLED = 2
FACES_A_PUT = 10
SECONDS_A_FACE = 0.2
LENGTH = 128
REFRESH_S = 0.2
GALLERY = uuid.uuid4().hex
random = np.random.default_rng(5)

# Every fifth face of a writer is one that all of them put.
WRITER = """
import sys, uuid
import numpy as np
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.ports import EnrolledFace
from core.settings import Settings

gallery = sys.argv[1]
writer, faces, faces_a_put = map(int, sys.argv[2:])
settings = Settings(_env_file=None)
index = Shared(settings, Infrastructure.on_aws(settings)).index
for first in range(0, faces, faces_a_put):
    ids = [
        str(uuid.uuid5(uuid.NAMESPACE_OID, f"{number} of {writer if number % 5 else 'all'}"))
        for number in range(first, first + faces_a_put)
    ]
    index.put(gallery, [
        EnrolledFace(face_id=face_id, person="Ada", image_id="a.jpg",
                     embedding=np.random.rand(128).astype(np.float32))
        for face_id in ids
    ])
    print("\\n".join(ids), flush=True)
"""


@pytest.fixture
def settings(localstack: LocalStack) -> Settings:
    settings = localstack.settings(
        s3_gallery_bucket=f"gallery-{uuid.uuid4().hex[:12]}", gallery_refresh_seconds=REFRESH_S
    )
    s3_client(settings).create_bucket(Bucket=settings.s3_gallery_bucket)
    return settings


@pytest.fixture
def new_index() -> Iterator[Callable[[Settings], LanceFaceIndex]]:
    made: list[LanceFaceIndex] = []

    def make(settings: Settings) -> LanceFaceIndex:
        shared = Shared(settings, Infrastructure.on_aws(settings))
        index = cast(LanceFaceIndex, shared.index)  # behind the gate that writers pass
        made.append(index)
        return index

    yield make
    for index in made:
        index.close()


def a_face(person: str = "Ada") -> EnrolledFace:
    return EnrolledFace(
        face_id=str(uuid.uuid4()),
        person=person,
        image_id="a.jpg",
        embedding=random.normal(size=LENGTH).astype(np.float32),
    )


def found(index: LanceFaceIndex, face: EnrolledFace) -> bool:
    matches = index.search(GALLERY, face.embedding[np.newaxis], limit=1)[0]
    return bool(matches) and matches[0].face_id == face.face_id


def objects_with(settings: Settings, trace: bytes) -> list[str]:
    s3, bucket = s3_client(settings), settings.s3_gallery_bucket
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    bodies = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
    return [key for key, body in bodies.items() if trace in body]


def test_changes_reach_the_other_processes_within_the_refresh_time(
    settings: Settings, new_index: Callable[[Settings], LanceFaceIndex]
) -> None:
    one, other = new_index(settings), new_index(settings)
    one.create(GALLERY, length=LENGTH)
    first, second = a_face(), a_face()
    one.put(GALLERY, [first])
    assert found(other, first)

    one.put(GALLERY, [second])
    wait_until(lambda: found(other, second), seconds=REFRESH_S + 1, what="the new face")

    one.erase(GALLERY, [first.face_id])
    wait_until(lambda: not found(other, first), seconds=REFRESH_S + 1, what="the face to go")

    one.drop(GALLERY)
    wait_until(lambda: not other.states(), seconds=REFRESH_S + 1, what="the gallery to go")
    with pytest.raises(CollectionNotFound):
        found(other, second)


def test_erased_face_leaves_no_trace_in_the_bucket(
    settings: Settings, new_index: Callable[[Settings], LanceFaceIndex]
) -> None:
    index = new_index(settings)
    index.create(GALLERY, length=LENGTH)
    face = a_face("Somebody Unusual")
    index.put(GALLERY, [face, *(a_face() for _ in range(200))])
    index.put(GALLERY, [a_face()])
    traces = (face.embedding.tobytes(), b"Somebody Unusual")
    assert all(objects_with(settings, trace) for trace in traces)

    index.erase(GALLERY, [face.face_id])

    assert [objects_with(settings, trace) for trace in traces] == [[], []]
    assert index.count(GALLERY) == 201


def test_dropped_gallery_leaves_no_object(
    settings: Settings, new_index: Callable[[Settings], LanceFaceIndex]
) -> None:
    index = new_index(settings)
    index.create(GALLERY, length=LENGTH)
    index.put(GALLERY, [a_face()])

    index.drop(GALLERY)

    assert set(objects_with(settings, b"")) == {BELL}


def test_writers_and_their_deaths_lose_and_double_nothing(
    settings: Settings, new_index: Callable[[Settings], LanceFaceIndex], tmp_path: Path
) -> None:
    index = new_index(settings)
    index.create(GALLERY, length=LENGTH)
    logs = [tmp_path / f"writer-{number}.log" for number in range(WRITERS)]
    writers = [start_writer(settings, number, logs[number]) for number in range(WRITERS)]
    try:
        for log in logs[-KILLED:]:
            wait_until(log.read_text, seconds=60 + 5 * WRITERS, what="a writer's first face")
        for writer in writers[-KILLED:]:
            writer.kill()
        waited_s = 60 + SECONDS_A_FACE * FACES
        last_words = [writer.communicate(timeout=waited_s)[1] for writer in writers]
    finally:
        for writer in writers:
            writer.kill()

    assert [words for words in last_words[:-KILLED] if words] == []
    acknowledged = {face_id for log in logs for face_id in log.read_text().split()}
    stored = all_ids(index)
    assert len(stored) == len(set(stored)) == index.count(GALLERY)
    assert acknowledged <= set(stored)
    assert len(acknowledged) >= FACES // WRITERS * (WRITERS - KILLED) * 4 // 5


def start_writer(settings: Settings, number: int, log: Path) -> subprocess.Popen[bytes]:
    arguments = [GALLERY, str(number), str(FACES // WRITERS), str(FACES_A_PUT)]
    environment = {
        "PATH": os.environ["PATH"],  # noqa: TID251 - handed on, not read
        "AWS_ENDPOINT_URL": str(settings.aws_endpoint_url),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "S3_GALLERY_BUCKET": settings.s3_gallery_bucket,
    }
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-c", WRITER, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.PIPE,
        )


def all_ids(index: LanceFaceIndex) -> list[str]:
    ids: list[str] = []
    while page := index.page(GALLERY, limit=1000, after=ids[-1] if ids else ""):
        ids += [face.face_id for face in page]
    return ids


def test_erasure_and_writers_do_not_harm_each_other(
    settings: Settings, new_index: Callable[[Settings], LanceFaceIndex], tmp_path: Path
) -> None:
    index = new_index(settings)
    index.create(GALLERY, length=LENGTH)
    own = [a_face("Somebody Unusual") for _ in range(3)]
    index.put(GALLERY, own)
    log = tmp_path / "writer.log"
    writer = start_writer(settings, 0, log)
    wait_until(log.read_text, seconds=60, what="the writer's first face")

    for face in own:
        index.erase(GALLERY, [face.face_id])
        assert objects_with(settings, face.embedding.tobytes()) == []

    assert writer.communicate(timeout=120)[1] == b""
    assert set(all_ids(index)) == set(log.read_text().split())


def test_search_goes_on_while_s3_is_away(
    own_localstack: LocalStack,
    new_index: Callable[[Settings], LanceFaceIndex],
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = own_localstack.settings(gallery_refresh_seconds=REFRESH_S)
    s3_client(settings).create_bucket(Bucket=settings.s3_gallery_bucket)
    warm, cold = new_index(settings), new_index(settings)
    warm.create(GALLERY, length=LENGTH)
    face = a_face()
    warm.put(GALLERY, [face])
    assert found(warm, face)
    own_localstack.stop()

    wait_until(lambda: caplog.records, seconds=20, what="the outage to be noticed")
    assert all(found(warm, face) for _ in range(100))
    with pytest.raises(StorageUnavailable):
        found(cold, face)
    assert cold.states() == {}
    assert [record.message for record in caplog.records] == ["galleries can't be refreshed"]


def test_bucket_that_hangs_is_given_up(
    own_localstack: LocalStack,
    new_index: Callable[[Settings], LanceFaceIndex],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = own_localstack.settings()
    s3_client(settings).create_bucket(Bucket=settings.s3_gallery_bucket)
    index = new_index(settings)
    index.create(GALLERY, length=LENGTH)
    monkeypatch.setattr(lance_storage, "_HANGS_AFTER_S", 1)
    own_localstack.pause()

    with pytest.raises(StorageUnavailable, match="no answer for 1 s"):
        index.put(GALLERY, [a_face()])
    own_localstack.resume()
