import re
import uuid

import pytest

from core.ground.ids import (
    COLLECTION_ID,
    JOB_ID,
    JOB_ID_LENGTH,
    is_collection_id,
    is_face_id,
    is_gallery_id,
    is_job_id,
    new_gallery_id,
    new_id,
)

VERSION_4 = "8f323fc7-d47f-4792-bd59-413577fc04bf"
VERSION_5 = "6f1dbf0e-6b0f-5d0b-9f0a-6f6f4d1a7c11"


def test_new_ids_have_their_form_and_differ() -> None:
    assert is_job_id(new_id())
    assert is_gallery_id(new_gallery_id())
    assert new_id() != new_id()
    assert new_gallery_id() != new_gallery_id()


def test_job_id_is_a_uuid_of_version_4_and_face_id_one_of_any() -> None:
    assert (is_job_id(VERSION_4), is_face_id(VERSION_4)) == (True, True)
    assert (is_job_id(VERSION_5), is_face_id(VERSION_5)) == (False, True)
    assert len(VERSION_4) == JOB_ID_LENGTH


@pytest.mark.parametrize("spoilt", ["{}\n", " {}", "{}0", "urn:uuid:{}"])
def test_an_id_is_the_whole_text(spoilt: str) -> None:
    assert not is_job_id(spoilt.format(VERSION_4))
    assert not is_face_id(spoilt.format(VERSION_4))
    assert not is_gallery_id(spoilt.format(uuid.UUID(VERSION_4).hex))


def test_ids_are_in_lower_case() -> None:
    assert not is_job_id(VERSION_4.upper())
    assert not is_face_id(VERSION_4.upper())
    assert not is_gallery_id("A" * 32)


def test_collection_id_is_1_to_100_characters_without_a_slash() -> None:
    assert all(map(is_collection_id, ["a", "A_z.9-", "..", "x" * 100]))
    assert not any(map(is_collection_id, ["", "x" * 101, "a/b", "a b", "ä", "a\n"]))


def test_forms_for_schemas_stay_what_stored_ids_and_clients_have() -> None:
    assert COLLECTION_ID == "[A-Za-z0-9_.-]{1,100}"
    assert re.fullmatch(JOB_ID, VERSION_4)
    assert JOB_ID == "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
