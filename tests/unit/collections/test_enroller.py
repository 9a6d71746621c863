"""Which faces of a photo are added, and that doing it again changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.bootstrap.use_cases.enrolling import build_enroller, build_writer
from core.collections.enrolment.face_choice import BACKGROUND_FACE_RATIO
from core.collections.enrolment.face_ids import face_id
from core.errors import CollectionNotFound, Erased, ModelMismatch, NoFaceInBox
from core.faces.results import Model, Recognition
from core.gallery.changes import StoredChanges
from core.ground.ids import new_id
from core.jobs.index_job import IndexDone, IndexJob
from core.ports import EnrolledFace, Match
from core.testing import ManualClock, MemoryFaceIndex
from tests.support.faces import MODEL, OTHER_MODEL, enrolled, face, recognition
from tests.support.infrastructure import MemoryInfrastructure

NOW = datetime.fromtimestamp(ManualClock()(), UTC)
"""By the clock of the buckets, which no test lets go on."""


@dataclass(kw_only=True)
class EnrolmentFixture:
    index: MemoryFaceIndex = field(default_factory=MemoryFaceIndex)
    sleeps: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        memory = MemoryInfrastructure(index=self.index, sleep=self.sleeps.append)
        self.gallery = memory.bucket(memory.settings.s3_gallery_bucket)
        shared = memory.shared()
        self.collections, self.people = shared.collections, shared.people
        self.enroller, self.writer = build_enroller(shared), build_writer(shared)
        self.collections.create("family")

    def enrol(self, recognition: Recognition, job: IndexJob | None = None) -> IndexDone:
        return self.enroller.enrol(job or job_of(), recognition)

    def faces(self) -> list[EnrolledFace]:
        return self.people.faces("family", limit=100)


@pytest.fixture
def enrolment() -> EnrolmentFixture:
    return EnrolmentFixture()


def job_of(
    person: str | None = None,
    *,
    image_id: str = "ada.jpg",
    max_faces: int = 5,
    largest: bool = False,
    box: str | None = None,
) -> IndexJob:
    return IndexJob(
        collection_id="family",
        max_faces=max_faces,
        person=person,
        largest=largest,
        box=box,
        metadata={"album": "summer"},
        job_id=new_id(),
        image_id=image_id,
        s3_bucket="in",
        s3_key="key",
    )


def reasons(done: IndexDone | Erased) -> list[str]:
    assert isinstance(done, IndexDone)
    return [unindexed.reason for unindexed in done.unindexed_faces]


def test_faces_are_stored_with_all_that_the_job_says(enrolment: EnrolmentFixture) -> None:
    job = job_of("Ada")

    done = enrolment.enrol(recognition(face(0.5)), job)

    (stored,) = enrolment.faces()
    assert stored.embedding[0] == 0.5
    assert (stored.person, stored.image_id, stored.metadata, stored.job_id) == (
        "Ada",
        "ada.jpg",
        {"album": "summer"},
        job.job_id,
    )
    assert [(record.face_id, record.person) for record in done.face_records] == [
        (stored.face_id, "Ada")
    ]


def test_result_describes_faces_image_and_model(enrolment: EnrolmentFixture) -> None:
    done = enrolment.enrol(recognition(face(0.5)))

    assert done.face_records[0].face.box.width == 100
    assert done.image.model_dump() == {"width": 640, "height": 480}
    assert done.model == Model(name="test-model", version="1")


def test_largest_faces_up_to_the_limit_are_added(enrolment: EnrolmentFixture) -> None:
    done = enrolment.enrol(recognition(face(0), face(1), face(2)), job_of(max_faces=2))

    assert sorted(stored.embedding[0] for stored in enrolment.faces()) == [0, 1]
    assert reasons(done) == ["EXCEEDS_MAX_FACES"]


def test_of_a_named_person_only_the_largest_face_is_added(enrolment: EnrolmentFixture) -> None:
    small = (100 / BACKGROUND_FACE_RATIO) ** 0.5 * 4
    done = enrolment.enrol(recognition(face(0), face(1, side_px=small)), job_of("Ada"))

    assert [stored.person for stored in enrolment.faces()] == ["Ada"]
    assert reasons(done) == ["NOT_THE_LARGEST_FACE"]


def test_of_two_large_faces_nobody_knows_which_is_the_named_person(
    enrolment: EnrolmentFixture,
) -> None:
    done = enrolment.enrol(recognition(face(0), face(1, side_px=60)), job_of("Ada"))

    assert enrolment.faces() == []
    assert reasons(done) == ["SEVERAL_LARGE_FACES"] * 2


def test_photo_without_a_face_is_done_with_empty_lists(enrolment: EnrolmentFixture) -> None:
    done = enrolment.enrol(recognition())

    assert (done.face_records, done.unindexed_faces) == ([], [])


def test_same_job_again_changes_nothing(enrolment: EnrolmentFixture) -> None:
    job = job_of("Ada")
    first = enrolment.enrol(recognition(face(0)), job)
    stored = enrolment.faces()

    assert enrolment.enrol(recognition(face(0)), job) == first
    (one,), (other,) = stored, enrolment.faces()
    assert replace(one, embedding=other.embedding) == other


def test_face_id_depends_on_collection_image_and_position_only() -> None:
    ids = {face_id("a", "b", 0), face_id("a", "b", 1), face_id("a", "c", 0), face_id("b", "b", 0)}

    assert len(ids) == 4
    assert face_id("a", "b", 0) in ids
    assert face_id('a", "b', "c", 0) != face_id("a", 'b", "c', 0)


def test_rejected_person_does_not_come_back_with_another_attempt(
    enrolment: EnrolmentFixture,
) -> None:
    job = job_of("Ada")
    (record,) = enrolment.enrol(recognition(face(0)), job).face_records
    enrolment.people.reject("family", record.face_id, "Ada")

    again = enrolment.enrol(recognition(face(0)), job)

    (stored,) = enrolment.faces()
    assert stored.person is None
    assert stored.rejected == {"Ada"}
    assert again.face_records[0].person is None


def test_name_given_by_users_survives_another_attempt(enrolment: EnrolmentFixture) -> None:
    job = job_of("Ada")
    enrolment.enrol(recognition(face(0)), job)
    enrolment.people.rename("family", "Ada", "Ada Lovelace")

    again = enrolment.enrol(recognition(face(0)), job)

    assert [stored.person for stored in enrolment.faces()] == ["Ada Lovelace"]
    assert again.face_records[0].person == "Ada Lovelace"


def test_name_given_by_users_survives_a_job_that_says_none(enrolment: EnrolmentFixture) -> None:
    (record,) = enrolment.enrol(recognition(face(0))).face_records
    enrolment.people.reassign("family", record.face_id, "Ada")

    enrolment.enrol(recognition(face(0)))

    assert [stored.person for stored in enrolment.faces()] == ["Ada"]


def test_face_of_a_version_that_noted_no_time_gets_that_of_its_next_enrolment(
    enrolment: EnrolmentFixture,
) -> None:
    enrolment.enrol(recognition(face(0)), job_of("Ada"))
    (stored,) = enrolment.faces()
    gallery_id = enrolment.collections.get("family").gallery_id
    enrolment.index.put(gallery_id, [replace(stored, enrolled_at=None)])

    enrolment.enrol(recognition(face(0)), job_of("Ada"))
    (again,) = enrolment.faces()
    assert again.enrolled_at == stored.enrolled_at is not None

    enrolment.index.put(gallery_id, [replace(stored, enrolled_at=NOW - timedelta(days=9))])
    enrolment.enrol(recognition(face(0)), job_of("Ada"))
    (first,) = enrolment.faces()
    assert first.enrolled_at == NOW - timedelta(days=9), "which is known, stays"


def test_later_job_with_another_name_renames(enrolment: EnrolmentFixture) -> None:
    enrolment.enrol(recognition(face(0)), job_of("Adda"))

    enrolment.enrol(recognition(face(0)), job_of("Ada"))

    assert [stored.person for stored in enrolment.faces()] == ["Ada"]


def test_several_photos_are_stored_together(enrolment: EnrolmentFixture) -> None:
    photos = [
        (job_of("Ada", image_id="1"), recognition(face(0))),
        (job_of("Bob", image_id="2"), recognition(face(1), face(2))),
        (job_of("Cyd", image_id="3"), recognition(face(3))),
    ]

    done = enrolment.enroller.enrol_all(photos)

    answers = [one for one in done if isinstance(one, IndexDone)]
    assert [[record.person for record in one.face_records] for one in answers] == [
        ["Ada"],
        [],
        ["Cyd"],
    ]
    assert sorted(str(stored.person) for stored in enrolment.faces()) == ["Ada", "Cyd"]


@pytest.mark.parametrize("faces", [0, 1])
def test_unknown_collection_is_not_found(enrolment: EnrolmentFixture, faces: int) -> None:
    job = job_of().model_copy(update={"collection_id": "nobody-made-it"})

    with pytest.raises(CollectionNotFound):
        enrolment.enrol(recognition(*[face()] * faces), job)


def test_other_model_is_refused_and_nothing_added(enrolment: EnrolmentFixture) -> None:
    enrolment.enrol(recognition(face(0)))

    with pytest.raises(ModelMismatch):
        enrolment.enrol(replace(recognition(face(1)), model=OTHER_MODEL), job_of(image_id="2"))

    assert len(enrolment.faces()) == 1


def test_collection_erased_while_a_face_is_added_stays_erased() -> None:
    class ErasedDuringPut(MemoryFaceIndex):
        def put(self, gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
            super().put(gallery_id, faces)
            erased.collections.begin_erasure("family")

    erased = EnrolmentFixture(index=ErasedDuringPut())

    with pytest.raises(CollectionNotFound, match="no collection"):
        erased.enrol(recognition(face(0)))

    assert erased.index.galleries == {}


TWO_LARGE = recognition(face(0.1, left=0, side_px=100), face(0.9, left=200, side_px=90))


@pytest.mark.parametrize("person", ["Ada", None])
def test_largest_of_several_large_faces_is_added_where_that_is_asked_for(
    enrolment: EnrolmentFixture, person: str | None
) -> None:
    done = enrolment.enrol(TWO_LARGE, job_of(person, largest=True))

    (stored,) = enrolment.faces()
    assert (stored.person, stored.embedding[0]) == (person, pytest.approx(0.1))
    assert reasons(done) == ["NOT_THE_LARGEST_FACE"]


@pytest.mark.parametrize("box", ["200,20,90,90", "190.5,10,110,105.25"])
@pytest.mark.parametrize("largest", [False, True])
def test_face_in_the_box_is_added_and_no_other(
    enrolment: EnrolmentFixture, box: str, *, largest: bool
) -> None:
    done = enrolment.enrol(TWO_LARGE, job_of("Ada", box=box, largest=largest))

    (stored,) = enrolment.faces()
    assert (stored.person, stored.embedding[0]) == ("Ada", pytest.approx(0.9))
    assert done.face_records[0].face_id == stored.face_id == face_id("family", "ada.jpg", 1)
    assert done.face_records[0].face.box.left == 200
    assert [(each.reason, each.face.box.left) for each in done.unindexed_faces] == [
        ("NOT_IN_BOX", 0)
    ]


def test_two_people_of_one_photo_are_added_by_their_boxes(enrolment: EnrolmentFixture) -> None:
    enrolment.enrol(TWO_LARGE, job_of("Ada", box="0,20,100,100"))
    enrolment.enrol(TWO_LARGE, job_of("Bob", box="200,20,90,90"))

    assert {face.person: round(float(face.embedding[0]), 1) for face in enrolment.faces()} == {
        "Ada": 0.1,
        "Bob": 0.9,
    }


@pytest.mark.parametrize("box", ["400,20,90,90", "0,0,0,0", "95,20,100,100"])
def test_box_without_a_face_is_an_error(enrolment: EnrolmentFixture, box: str) -> None:
    with pytest.raises(NoFaceInBox):
        enrolment.enrol(TWO_LARGE, job_of("Ada", box=box))
    with pytest.raises(NoFaceInBox):
        enrolment.enrol(recognition(), job_of("Ada", box=box))

    assert enrolment.faces() == []


def test_photo_that_has_one_persons_name_gets_no_other(enrolment: EnrolmentFixture) -> None:
    enrolment.enrol(recognition(face(0.5)), job_of("Ada"))

    done = enrolment.enrol(recognition(face(0.5)), job_of("Bob", image_id="copy.jpg"))

    assert [face.person for face in enrolment.faces()] == ["Ada"]
    assert done.face_records == []
    assert reasons(done) == ["SAME_PHOTO"]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (job_of("Ada"), job_of("Ada", image_id="copy.jpg")),
        (job_of("Ada"), job_of("Bob")),
        (job_of("Ada"), job_of(None, image_id="copy.jpg")),
        (job_of(None), job_of("Ada", image_id="copy.jpg")),
    ],
    ids=["same person", "same image, corrected", "then nobody", "nobody before"],
)
def test_photo_that_comes_twice_is_refused_under_two_names_only(
    enrolment: EnrolmentFixture, first: IndexJob, then: IndexJob
) -> None:
    enrolment.enrol(recognition(face(0.5)), first)

    done = enrolment.enrol(recognition(face(0.5)), then)

    assert [record.person for record in done.face_records] == [then.person]
    assert reasons(done) == []


def test_same_photo_is_noticed_within_one_write(enrolment: EnrolmentFixture) -> None:
    one, two, other = (
        (job_of(name, image_id=f"{name}.jpg"), recognition(face(position)))
        for name, position in (("Ada", 0.5), ("Bob", 0.5), ("Eve", 0.7))
    )

    done = enrolment.enroller.enrol_all([one, two, other])

    assert [reasons(each) for each in done] == [[], ["SAME_PHOTO"], []]
    assert {face.person for face in enrolment.faces()} == {"Ada", "Eve"}


class Behind(MemoryFaceIndex):
    """Searches what was there at the first search, as a process does that did not look since."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: list[list[Match]] | None = None

    def search(
        self, gallery_id: str, probes: NDArray[np.float32], *, limit: int
    ) -> list[list[Match]]:
        if self._seen is None:
            self._seen = super().search(gallery_id, probes, limit=limit)
        return self._seen


@pytest.mark.parametrize("change", ["erase", "reassign"])
def test_photo_is_free_again_at_once_when_the_first_name_is_gone(change: str) -> None:
    enrolment = EnrolmentFixture(index=Behind())
    enrolment.enrol(recognition(face(0.5)), job_of("Ada"))
    copy = job_of("Bob", image_id="copy.jpg")
    assert reasons(enrolment.enrol(recognition(face(0.5)), copy)) == ["SAME_PHOTO"]
    (known,) = enrolment.faces()

    if change == "erase":
        enrolment.index.erase(enrolment.collections.get("family").gallery_id, [known.face_id])
    else:
        enrolment.people.reassign("family", known.face_id, "Bob")

    assert reasons(enrolment.enrol(recognition(face(0.5)), copy)) == []


def test_job_that_runs_twice_tells_the_others_again(enrolment: EnrolmentFixture) -> None:
    job = job_of("Ada")
    enrolment.enrol(recognition(face(0.5)), job)
    others = StoredChanges(enrolment.gallery)
    others.look()

    enrolment.enrol(recognition(face(0.5)), job)

    assert others.look() == {enrolment.collections.get("family").gallery_id}


def test_poor_faces_are_not_added_and_the_others_keep_their_places(
    enrolment: EnrolmentFixture,
) -> None:
    job = job_of(max_faces=3)
    faces = face(0, quality=49.9), face(1, quality=50), face(2), face(3, quality=10)

    done = enrolment.enrol(recognition(*faces), job)

    assert reasons(done) == ["LOW_QUALITY", "EXCEEDS_MAX_FACES"]
    assert done.unindexed_faces[0].face.quality_reasons == ["LOW_SHARPNESS"]
    assert [record.face_id for record in done.face_records] == [
        face_id("family", job.image_id, place) for place in (1, 2)
    ]
    assert sorted(stored.embedding[0] for stored in enrolment.faces()) == [1, 2]


@pytest.mark.parametrize(("asked", "added"), [(None, 0), (0, 1), (20, 1), (60, 0)])
def test_job_may_ask_for_another_quality(
    enrolment: EnrolmentFixture, asked: float | None, added: int
) -> None:
    job = job_of("Ada").model_copy(update={"min_quality": asked})

    done = enrolment.enrol(recognition(face(0, quality=30)), job)

    assert len(done.face_records) == len(enrolment.faces()) == added
    assert reasons(done) == ["LOW_QUALITY"] * (1 - added)


def erase(enrolment: EnrolmentFixture, **what: Any) -> None:
    """Do what an erasure does before it looks for faces."""
    enrolment.collections.record(
        "family", lambda log, now: log.with_record("a record", at=now, **what)
    )


def accepted(job: IndexJob, *, seconds_later: float = 0) -> IndexJob:
    at = NOW + timedelta(seconds=seconds_later)
    return job.model_copy(update={"accepted_at": at})


@pytest.mark.parametrize(
    "what",
    [
        {"person": "Ada"},
        {"face_ids": [face_id("family", "ada.jpg", 0)]},
        {"everything": True},
    ],
)
def test_photo_of_before_an_erasure_is_not_enrolled(
    enrolment: EnrolmentFixture, what: dict[str, Any]
) -> None:
    late = accepted(job_of("Ada"), seconds_later=-100)
    erase(enrolment, **what)

    with pytest.raises(Erased):
        enrolment.enrol(recognition(face(0)), late)

    assert enrolment.faces() == []
    enrolment.enrol(recognition(face(0)), accepted(job_of("Ada"), seconds_later=5))
    assert len(enrolment.faces()) == 1


def test_photo_of_others_is_enrolled_beside_one_of_an_erased_person(
    enrolment: EnrolmentFixture,
) -> None:
    erase(enrolment, person="Ada")
    photos = [
        (accepted(job_of(person, image_id=person)), recognition(face(float(n))))
        for n, person in enumerate(("Ada", "Bob"))
    ]

    ada, bob = enrolment.enroller.enrol_all(photos)

    assert isinstance(ada, Erased)
    assert isinstance(bob, IndexDone)
    assert [stored.person for stored in enrolment.faces()] == ["Bob"]


def test_faces_that_were_stored_while_their_person_was_erased_are_taken_away(
    enrolment: EnrolmentFixture,
) -> None:
    photos = [
        (accepted(job_of(person, image_id=person)), recognition(face(float(n))))
        for n, person in enumerate(("Ada", "Bob"))
    ]
    put = enrolment.index.put

    def put_then_erase(gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        put(gallery_id, faces)
        enrolment.index.put = put  # type: ignore[method-assign]
        erase(enrolment, person="Ada")

    enrolment.index.put = put_then_erase  # type: ignore[method-assign]

    ada, bob = enrolment.enroller.enrol_all(photos)

    assert isinstance(ada, Erased)
    assert isinstance(bob, IndexDone)
    assert [stored.person for stored in enrolment.faces()] == ["Bob"]


def test_what_a_broken_attempt_of_an_erased_job_had_enrolled_is_taken_away(
    enrolment: EnrolmentFixture,
) -> None:
    job = accepted(job_of("Ada"), seconds_later=-100)
    enrolment.enrol(recognition(face(0)), job)
    erase(enrolment, person="Ada")

    with pytest.raises(Erased):
        enrolment.enroller.refuse_erased(job)

    assert enrolment.faces() == []


def test_erased_job_leaves_alone_what_a_later_job_enrolled(enrolment: EnrolmentFixture) -> None:
    late = accepted(job_of("Ada"), seconds_later=-100)
    erase(enrolment, person="Ada")
    enrolment.enrol(recognition(face(0)), accepted(job_of("Ada"), seconds_later=5))

    with pytest.raises(Erased):
        enrolment.enroller.refuse_erased(late)

    assert [stored.person for stored in enrolment.faces()] == ["Ada"]


def test_faces_added_without_a_job_are_new_unless_their_person_is_erased_meanwhile(
    enrolment: EnrolmentFixture,
) -> None:
    began_at = NOW - timedelta(seconds=100)
    faces = [enrolled("Ada", 0, "1"), enrolled("Bob", 1, "2")]
    erase(enrolment, person="Ada")

    added = enrolment.writer.add("family", faces, model=MODEL, accepted_at=began_at)

    assert [stored.person for stored in added.faces] == ["Bob"]
    assert [stored.person for stored in enrolment.faces()] == ["Bob"]


def test_photo_of_an_erased_collection_is_refused_by_the_next_one_of_its_id(
    enrolment: EnrolmentFixture,
) -> None:
    late = accepted(job_of("Ada"), seconds_later=-100)
    erase(enrolment, everything=True)
    enrolment.collections.delete_record(enrolment.collections.begin_erasure("family"))

    with pytest.raises(Erased):
        enrolment.enroller.refuse_erased(late)
    enrolment.collections.create("family")
    with pytest.raises(Erased):
        enrolment.enrol(recognition(face(0)), late)


def test_photo_that_waited_while_its_person_was_renamed_gets_the_new_name(
    enrolment: EnrolmentFixture,
) -> None:
    enrolment.enrol(recognition(face(0)), accepted(job_of("Ada")))
    late = accepted(job_of("Ada", image_id="late.jpg"), seconds_later=-100)
    enrolment.people.rename("family", "Ada", "Ada King")

    done = enrolment.enrol(recognition(face(1)), late)

    assert [record.person for record in done.face_records] == ["Ada King"]
    assert {stored.person for stored in enrolment.faces()} == {"Ada King"}
    enrolment.enrol(recognition(face(2)), accepted(job_of("Ada", image_id="new"), seconds_later=5))
    assert {stored.person for stored in enrolment.faces()} == {"Ada King", "Ada"}


def test_photo_that_is_accepted_after_a_renaming_keeps_the_former_name(
    enrolment: EnrolmentFixture,
) -> None:
    enrolment.enrol(recognition(face(0)), accepted(job_of("Ada")))
    enrolment.people.rename("family", "Ada", "Ada King")
    (slept_s,) = enrolment.sleeps
    at_the_earliest = NOW + timedelta(seconds=int(slept_s))

    other = job_of("Ada", image_id="new").model_copy(update={"accepted_at": at_the_earliest})
    enrolment.enrol(recognition(face(1)), other)

    assert {stored.person for stored in enrolment.faces()} == {"Ada King", "Ada"}


def test_photo_that_is_stored_while_its_person_is_renamed_gets_the_new_name(
    enrolment: EnrolmentFixture,
) -> None:
    enrolment.enrol(recognition(face(0)), accepted(job_of("Ada")))
    put = enrolment.index.put

    def rename_then_put(gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        enrolment.index.put = put  # type: ignore[method-assign]
        enrolment.people.rename("family", "Ada", "Ada King")
        put(gallery_id, faces)

    enrolment.index.put = rename_then_put  # type: ignore[method-assign]

    enrolment.enrol(
        recognition(face(1)), accepted(job_of("Ada", image_id="late"), seconds_later=-9)
    )

    assert {stored.person for stored in enrolment.faces()} == {"Ada King"}


@pytest.mark.parametrize(("seconds_later", "name"), [(-100, "Bob"), (5, "Ada")])
def test_photo_that_waited_while_its_face_was_reassigned_does_not_take_it_back(
    enrolment: EnrolmentFixture, seconds_later: float, name: str
) -> None:
    enrolment.enrol(recognition(face(0)), accepted(job_of("Ada")))
    (known,) = enrolment.faces()
    enrolment.people.reassign("family", known.face_id, "Bob")

    again = accepted(job_of("Ada"), seconds_later=seconds_later)
    done = enrolment.enrol(recognition(face(0)), again)

    assert [record.person for record in done.face_records] == [name]
    assert [stored.person for stored in enrolment.faces()] == [name]


@pytest.mark.parametrize("is_same_job", [True, False])
def test_face_that_is_stored_again_while_it_is_reassigned_stays_so(
    enrolment: EnrolmentFixture, is_same_job: bool
) -> None:
    job = accepted(job_of("Ada"))
    enrolment.enrol(recognition(face(0)), job)
    (known,) = enrolment.faces()
    put = enrolment.index.put

    def reassign_then_put(gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        enrolment.index.put = put  # type: ignore[method-assign]
        enrolment.people.reassign("family", known.face_id, "Bob")
        put(gallery_id, faces)

    enrolment.index.put = reassign_then_put  # type: ignore[method-assign]

    again = job if is_same_job else accepted(job_of("Ada"))
    done = enrolment.enrol(recognition(face(0.1)), again)

    assert [stored.person for stored in enrolment.faces()] == ["Bob"]
    assert [record.person for record in done.face_records] == ["Bob"]


def test_face_that_is_stored_again_while_it_is_rejected_stays_rejected(
    enrolment: EnrolmentFixture,
) -> None:
    enrolment.enrol(recognition(face(0)), accepted(job_of("Ada")))
    (known,) = enrolment.faces()
    put = enrolment.index.put

    def reject_then_put(gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        enrolment.index.put = put  # type: ignore[method-assign]
        enrolment.people.reject("family", known.face_id, "Ada")
        put(gallery_id, faces)

    enrolment.index.put = reject_then_put  # type: ignore[method-assign]

    done = enrolment.enrol(recognition(face(0.1)), accepted(job_of("Ada")))

    (stored,) = enrolment.faces()
    assert (stored.person, stored.rejected) == (None, frozenset({"Ada"}))
    assert [record.person for record in done.face_records] == [None]
