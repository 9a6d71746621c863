"""What becomes of unknown faces beside the requests: claims, retention, events, erasures."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.bootstrap.use_cases.erasing import build_erasure
from core.bootstrap.use_cases.searching import build_matching
from core.bootstrap.use_cases.unknown_faces import UnknownFaces
from core.collections.matches import By
from core.collections.unknown.groups import TOLD_FROM
from core.errors import GroupChanged
from core.faces.results import Face
from core.testing.recognizer import made_up_crop
from tests.support.faces import enrol, enrolled, face, recognition
from tests.support.infrastructure import MemoryInfrastructure
from tests.unit.web.web_fixture import PHOTO, SETTINGS

JOB = "edf9b0aa-9c6c-4187-b9ad-8de95d1c257e"


@pytest.fixture
def memory() -> MemoryInfrastructure:
    return MemoryInfrastructure(settings=SETTINGS.model_copy(update={"keep_unknown": True}))


@pytest.fixture
def unknown(memory: MemoryInfrastructure) -> UnknownFaces:
    shared = memory.shared()
    shared.collections.create("staff")
    return UnknownFaces(shared)


def keep(unknown: UnknownFaces, *faces: Face) -> None:
    """Keep the faces of a match that named none of them."""
    seen = recognition(*(replace(each, crop=made_up_crop(each)) for each in faces))
    unknown.keeper.keep("staff", seen, [False] * len(faces))
    unknown.keeper.flush()


def test_faces_of_a_job_whose_result_is_gone_are_not_kept(unknown: UnknownFaces) -> None:
    unknown.keeper.note(JOB, "staff", recognition(face(5.0)), [False])
    unknown.keeper.settle(JOB)

    assert unknown.keeper.flush() == set()
    assert unknown.groups.refresh("staff").unnamed == {}


def test_faces_of_a_collection_that_was_made_again_are_not_kept(unknown: UnknownFaces) -> None:
    unknown.keeper.keep("staff", recognition(face(5.0)), [False])
    build_erasure(unknown.shared).collection("staff")
    unknown.collections.create("staff")

    assert unknown.keeper.flush() == set()


@pytest.mark.parametrize("by", ["person", "face"])
def test_people_whom_a_match_left_out_by_their_metadata_are_not_unknown(
    unknown: UnknownFaces, by: By
) -> None:
    enrol(unknown.shared, enrolled("Ada", 5.0), collection_id="staff")
    shown = recognition(face(5.0), face(9.0))
    matching = build_matching(
        unknown.shared, lambda photo, *, needed: shown, unknowns=unknown.keeper
    )

    matching.match(
        PHOTO,
        "staff",
        threshold=None,
        max_matches=1,
        all_faces=True,
        by=by,
        metadata={"team": "red"},
    )
    unknown.keeper.flush()

    assert len(unknown.groups.refresh("staff").unnamed) == 1


def test_what_s3_refuses_is_kept_later(memory: MemoryInfrastructure, unknown: UnknownFaces) -> None:
    gallery = memory.bucket(SETTINGS.s3_gallery_bucket)
    unknown.keeper.keep("staff", recognition(face(5.0)), [False])

    gallery.available = False
    assert unknown.keeper.flush() == set()
    gallery.available = True

    assert unknown.keeper.flush() == {"staff"}


def test_old_faces_are_removed_but_no_ignored_ones(
    memory: MemoryInfrastructure, unknown: UnknownFaces
) -> None:
    keep(unknown, face(5.0), face(9.0))
    first, second = unknown.listing.page("staff", limit=9).groups
    unknown.naming.ignore("staff", first.group_id)

    memory.clock.advance(timedelta(days=31).total_seconds())
    removed = unknown.retention.sweep(unknown.collections.now("staff"))

    assert removed == 1
    assert unknown.shared.people.crop("staff", first.face_ids[0])
    assert set(unknown.groups.refresh("staff").unnamed) == set(first.face_ids)
    assert set(second.face_ids) & set(first.face_ids) == set()


def test_of_two_who_name_a_group_at_once_one_must_list_again(unknown: UnknownFaces) -> None:
    keep(unknown, face(5.0))
    (group,) = unknown.listing.page("staff", limit=9).groups
    unknown.shared.group_store.claim(unknown.collections.now("staff"), group.group_id)

    with pytest.raises(GroupChanged):
        unknown.naming.name("staff", group.group_id, "Eve")

    assert unknown.listing.page("staff", limit=9).groups == []


def test_claim_of_someone_who_died_ends(
    memory: MemoryInfrastructure, unknown: UnknownFaces
) -> None:
    keep(unknown, face(5.0))
    (group,) = unknown.listing.page("staff", limit=9).groups
    unknown.shared.group_store.claim(unknown.collections.now("staff"), group.group_id)

    memory.clock.advance(301)

    assert unknown.naming.name("staff", group.group_id, "Eve").faces == 1


def test_group_is_told_of_once_when_it_is_large(
    unknown: UnknownFaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    monkeypatch.setattr(
        type(unknown.shared.outbox),
        "unknown_grouped",
        lambda self, collection_id, group_id, *, faces: told.append(faces),
    )

    for number in range(TOLD_FROM + 2):
        keep(unknown, face(5.0 + 0.01 * number))
        unknown.groups.refresh("staff")

    assert told == [TOLD_FROM]


def test_keeping_writes_nothing_that_makes_answers_stale(unknown: UnknownFaces) -> None:
    before = unknown.collections.version(unknown.collections.now("staff"))

    keep(unknown, face(5.0))

    assert unknown.collections.version(unknown.collections.now("staff")) == before
