"""Pictures of faces go with their faces, wherever a process dies in between."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.enrolling import build_enroller, build_writer
from core.bootstrap.use_cases.erasing import build_erasure
from core.collections.enrolment.face_ids import face_id
from core.errors import CollectionNotFound, CropNotKept, Erased, FaceNotFound, PersonNotFound
from core.faces.results import Face
from core.ground.ids import new_gallery_id, new_id
from core.ground.storage_keys import CROPS
from core.jobs.index_job import IndexJob
from core.settings import Settings
from core.testing import MemoryFaceIndex
from tests.support.faces import MODEL, face, recognition
from tests.support.infrastructure import MemoryInfrastructure

JPEG = b"\xff\xd8\xff of "


class Killed(BaseException):
    """What a process does not survive."""


class Service:
    """Processes of one service; each may be killed at any of its writes."""

    def __init__(self, **settings: object) -> None:
        self.memory = MemoryInfrastructure(
            settings=Settings(_env_file=None, **settings),  # type: ignore[arg-type]
            index=MemoryFaceIndex(),
        )
        self.gallery = self.memory.bucket(self.memory.settings.s3_gallery_bucket)
        self.index = self.memory.index
        self.shared = self.process()
        self.shared.collections.create("family")

    def process(self) -> Shared:
        return self.memory.shared()

    def job(self, person: str | None = "Ada", image_id: str = "a.jpg") -> IndexJob:
        return IndexJob(
            collection_id="family",
            person=person,
            job_id=new_id(),
            image_id=image_id,
            s3_bucket="in",
            s3_key="key",
            accepted_at=self.gallery.now(),
        )

    def enrol(self, job: IndexJob, position: float = 1.0) -> str:
        shown = replace(face(position), crop=JPEG + str(position).encode())
        build_enroller(self.process()).enrol(job, recognition(shown))
        return face_id("family", job.image_id, 0)

    def dies_at(self, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
        """Let the next process that enrols die before a face is put, or before the mark goes."""
        what: tuple[object, str] = {
            "put": (self.index, "put"),
            "mark": (self.gallery, "delete"),
        }[place]

        def die(*_: object, **__: object) -> None:
            raise Killed

        monkeypatch.setattr(*what, die)

    @property
    def crops(self) -> dict[str, bytes]:
        """The objects of crops, without their collection's folder."""
        return {
            key.rpartition("/")[2]: body
            for key, body in self.gallery.objects.items()
            if key.startswith(CROPS)
        }

    def pass_hours(self, hours: float) -> None:
        self.memory.clock.advance(3600 * hours)


@pytest.fixture
def service() -> Service:
    return Service()


def test_crop_of_an_enrolled_face_is_shown(service: Service) -> None:
    face_id = service.enrol(service.job())

    assert service.shared.people.crop("family", face_id) == JPEG + b"1.0"
    assert list(service.crops) == [f"{face_id}.jpg"]


def test_face_without_a_crop_and_no_face_are_told_apart(service: Service) -> None:
    off = Service(keep_face_crops=False)
    face_id = off.enrol(off.job())

    with pytest.raises(CropNotKept):
        off.shared.people.crop("family", face_id)
    with pytest.raises(FaceNotFound):
        off.shared.people.crop("family", str(uuid.uuid4()))
    assert off.crops == {}


def test_crop_of_a_photo_that_is_indexed_anew_is_the_new_one(service: Service) -> None:
    service.enrol(service.job())
    face_id = service.enrol(service.job(), 2.0)

    assert service.shared.people.crop("family", face_id) == JPEG + b"2.0"


def test_crop_of_the_former_photo_goes_if_the_new_one_has_none(service: Service) -> None:
    service.enrol(service.job())

    bare = replace(face(2.0), crop=None)
    build_enroller(service.process()).enrol(service.job(), recognition(bare))

    assert service.crops == {}


def test_crop_stays_while_only_what_is_said_of_its_face_changes(service: Service) -> None:
    face_id = service.enrol(service.job())
    (stored,) = service.shared.people.faces("family", limit=1)

    said = replace(stored, metadata={"album": "summer"})
    build_writer(service.process()).add("family", [said], model=MODEL)
    service.shared.people.rename("family", "Ada", "Ada King")

    assert service.shared.people.crop("family", face_id) == JPEG + b"1.0"


def test_crop_is_found_after_the_collection_got_another_gallery(service: Service) -> None:
    face_id = service.enrol(service.job())
    collections = service.shared.collections
    for _ in range(2):
        former = collections.now("family")
        fresh = new_gallery_id()
        service.index.create(fresh, length=128)
        service.index.put(fresh, service.index.page(former.gallery_id, limit=9))
        assert collections.swap_gallery(former, fresh)
        service.index.drop(former.gallery_id)

    assert service.process().people.crop("family", face_id) == JPEG + b"1.0"
    build_erasure(service.process()).collection("family")
    assert service.crops == {}


@pytest.mark.parametrize(
    "erase",
    [
        lambda shared, face_id: build_erasure(shared).face("family", face_id),
        lambda shared, _: build_erasure(shared).person("family", "Ada"),
        lambda shared, _: build_erasure(shared).collection("family"),
    ],
    ids=["face", "person", "collection"],
)
def test_crop_is_erased_with(service: Service, erase: Callable[[Shared, str], object]) -> None:
    face_id = service.enrol(service.job())
    assert service.crops

    erase(service.process(), face_id)

    assert service.crops == {}


def test_erasure_that_dies_after_the_crops_can_be_asked_for_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.enrol(service.job())
    with monkeypatch.context() as patched:
        patched.setattr(service.index, "erase", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            build_erasure(service.process()).person("family", "Ada")

    build_erasure(service.process()).person("family", "Ada")

    assert service.crops == {}
    assert service.shared.people.faces("family", limit=9) == []


@pytest.mark.parametrize("place", ["put", "mark"])
def test_job_that_runs_again_after_its_worker_died_loses_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    job = service.job()
    with monkeypatch.context() as patched:
        service.dies_at(patched, place)
        with pytest.raises(Killed):
            service.enrol(job)

    face_id = service.enrol(job)
    service.pass_hours(2)
    service.enrol(service.job("Bob", "b.jpg"), 5.0)

    assert sorted(service.crops) == sorted(
        [f"{face_id}.jpg", f"{service.enrol(service.job('Bob', 'b.jpg'), 5.0)}.jpg"]
    )


def test_crop_whose_face_was_never_put_goes_with_its_person(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.enrol(service.job("Bob", "b.jpg"), 5.0)
    with monkeypatch.context() as patched:
        service.dies_at(patched, "put")
        with pytest.raises(Killed):
            service.enrol(service.job())
    assert JPEG + b"1.0" in service.crops.values()

    build_erasure(service.process()).person("family", "Ada")

    assert JPEG + b"1.0" not in service.crops.values()
    assert JPEG + b"5.0" in service.crops.values()
    assert not [body for body in service.crops.values() if b"Ada" in body]


def test_crop_whose_face_was_never_put_goes_with_the_job_that_is_withdrawn(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.enrol(service.job("Bob", "b.jpg"), 5.0)
    job = service.job("Ada")
    with monkeypatch.context() as patched:
        service.dies_at(patched, "put")
        with pytest.raises(Killed):
            service.enrol(job)
    record = service.shared.collections.record
    record("family", lambda log, now: log.with_record("x", at=now, person="Ada"))

    with pytest.raises(Erased):
        build_enroller(service.process()).refuse_erased(job)

    assert JPEG + b"1.0" not in service.crops.values()
    assert JPEG + b"5.0" in service.crops.values()


def test_crop_whose_face_was_never_put_is_swept_an_hour_later(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        service.dies_at(patched, "put")
        with pytest.raises(Killed):
            service.enrol(service.job(None))

    service.enrol(service.job("Bob", "b.jpg"), 5.0)
    assert JPEG + b"1.0" in service.crops.values()
    service.pass_hours(1.1)
    face_id = service.enrol(service.job("Eve", "e.jpg"), 9.0)

    assert sorted(service.crops.values()) == [JPEG + b"5.0", JPEG + b"9.0"]
    assert f"{face_id}.jpg" in service.crops


def test_collection_that_is_erased_before_the_face_is_put_leaves_no_crop(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = service.index.put
    service.enrol(service.job("Bob", "b.jpg"), 5.0)

    def erase_first(gallery_id: str, faces: list[object]) -> None:
        monkeypatch.setattr(service.index, "put", put)
        build_erasure(service.process()).collection("family")
        put(gallery_id, faces)  # type: ignore[arg-type]

    monkeypatch.setattr(service.index, "put", erase_first)
    with pytest.raises(CollectionNotFound):
        service.enrol(service.job())

    assert service.crops == {}


def test_person_who_is_erased_before_the_face_is_put_leaves_no_crop(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = service.index.put
    service.enrol(service.job("Ada", "b.jpg"), 5.0)

    def erase_first(gallery_id: str, faces: list[object]) -> None:
        monkeypatch.setattr(service.index, "put", put)
        build_erasure(service.process()).person("family", "Ada")
        put(gallery_id, faces)  # type: ignore[arg-type]

    monkeypatch.setattr(service.index, "put", erase_first)
    with pytest.raises(Erased):
        service.enrol(service.job())

    assert service.crops == {}
    with pytest.raises(PersonNotFound):
        service.shared.people.faces_of("family", "Ada")


def test_faces_over_the_quota_leave_no_crop() -> None:
    service = Service(max_faces=1)
    faces = [replace(face(number * 1.0), crop=JPEG) for number in (1, 2)]

    build_enroller(service.process()).enrol(service.job(None), recognition(*faces))

    assert list(service.crops) == [f"{face_id('family', 'a.jpg', 0)}.jpg"]


def test_crops_of_a_group_cost_a_mark_for_all_of_them(service: Service) -> None:
    written: list[str] = []
    put = service.gallery.put
    service.enrol(service.job("Bob", "b.jpg"), 5.0)

    def noting(key: str, *rest: Any, **more: Any) -> None:
        written.append(key)
        put(key, *rest, **more)

    service.gallery.put = noting  # type: ignore[method-assign]
    faces: list[Face] = [replace(face(float(number)), crop=JPEG) for number in range(4)]

    build_enroller(service.process()).enrol(service.job(None), recognition(*faces))

    assert len([key for key in written if "/writing/" in key]) == 1
    assert len([key for key in written if key.endswith(".jpg")]) == 4
