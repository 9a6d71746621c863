"""What becomes of unknown faces beside the requests: claims, retention, events, erasures."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.bootstrap.shared import Shared
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
def shared(memory: MemoryInfrastructure) -> Shared:
    shared = memory.shared()
    shared.collections.create("staff")
    return shared


def keep(shared: Shared, *faces: Face) -> None:
    """Keep the faces of a match that named none of them."""
    seen = recognition(*(replace(each, crop=made_up_crop(each)) for each in faces))
    shared.unknown_keeper.keep("staff", seen, [False] * len(faces))
    shared.unknown_keeper.flush()


def test_faces_of_a_job_whose_result_is_gone_are_not_kept(shared: Shared) -> None:
    shared.unknown_keeper.note(JOB, "staff", recognition(face(5.0)), [False])
    shared.unknown_keeper.settle(JOB)

    assert shared.unknown_keeper.flush() == set()
    assert shared.groups.refresh("staff").unnamed == {}


def test_faces_of_a_collection_that_was_made_again_are_not_kept(shared: Shared) -> None:
    shared.unknown_keeper.keep("staff", recognition(face(5.0)), [False])
    shared.erasure.collection("staff")
    shared.collections.create("staff")

    assert shared.unknown_keeper.flush() == set()


@pytest.mark.parametrize("by", ["person", "face"])
def test_people_whom_a_match_left_out_by_their_metadata_are_not_unknown(
    shared: Shared, by: By
) -> None:
    enrol(shared, enrolled("Ada", 5.0), collection_id="staff")
    shown = recognition(face(5.0), face(9.0))
    matching = shared.matching(lambda photo, *, needed: shown, unknowns=shared.unknown_keeper)

    matching.match(
        PHOTO,
        "staff",
        threshold=None,
        max_matches=1,
        all_faces=True,
        by=by,
        metadata={"team": "red"},
    )
    shared.unknown_keeper.flush()

    assert len(shared.groups.refresh("staff").unnamed) == 1


def test_what_s3_refuses_is_kept_later(memory: MemoryInfrastructure, shared: Shared) -> None:
    gallery = memory.bucket(SETTINGS.s3_gallery_bucket)
    shared.unknown_keeper.keep("staff", recognition(face(5.0)), [False])

    gallery.available = False
    assert shared.unknown_keeper.flush() == set()
    gallery.available = True

    assert shared.unknown_keeper.flush() == {"staff"}


def test_old_faces_are_removed_but_no_ignored_ones(
    memory: MemoryInfrastructure, shared: Shared
) -> None:
    keep(shared, face(5.0), face(9.0))
    first, second = shared.group_listing.page("staff", limit=9).groups
    shared.group_naming.ignore("staff", first.group_id)

    memory.clock.advance(timedelta(days=31).total_seconds())
    removed = shared.unknown_retention.sweep(shared.collections.now("staff"))

    assert removed == 1
    assert shared.people.crop("staff", first.face_ids[0])
    assert set(shared.groups.refresh("staff").unnamed) == set(first.face_ids)
    assert set(second.face_ids) & set(first.face_ids) == set()


def test_of_two_who_name_a_group_at_once_one_must_list_again(shared: Shared) -> None:
    keep(shared, face(5.0))
    (group,) = shared.group_listing.page("staff", limit=9).groups
    shared.group_store.claim(shared.collections.now("staff"), group.group_id)

    with pytest.raises(GroupChanged):
        shared.group_naming.name("staff", group.group_id, "Eve")

    assert shared.group_listing.page("staff", limit=9).groups == []


def test_claim_of_someone_who_died_ends(memory: MemoryInfrastructure, shared: Shared) -> None:
    keep(shared, face(5.0))
    (group,) = shared.group_listing.page("staff", limit=9).groups
    shared.group_store.claim(shared.collections.now("staff"), group.group_id)

    memory.clock.advance(301)

    assert shared.group_naming.name("staff", group.group_id, "Eve").faces == 1


def test_group_is_told_of_once_when_it_is_large(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    monkeypatch.setattr(
        type(shared.outbox),
        "unknown_grouped",
        lambda self, collection_id, group_id, *, faces: told.append(faces),
    )

    for number in range(TOLD_FROM + 2):
        keep(shared, face(5.0 + 0.01 * number))
        shared.groups.refresh("staff")

    assert told == [TOLD_FROM]


def test_keeping_writes_nothing_that_makes_answers_stale(shared: Shared) -> None:
    before = shared.collections.version(shared.collections.now("staff"))

    keep(shared, face(5.0))

    assert shared.collections.version(shared.collections.now("staff")) == before
