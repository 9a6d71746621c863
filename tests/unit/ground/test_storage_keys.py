from datetime import UTC, datetime

import pytest

from core.ground import storage_keys
from core.ground.realms import WHOLE, Realm
from core.ground.storage_keys import (
    audit_key,
    batch_list_key,
    batch_mark_key,
    batch_prefix,
    collection_key,
    collection_of,
    erasures_key,
    gallery_prefix,
    idempotency_record_key,
    is_photo_key,
    job_of_photo,
    journal_key,
    marker_key,
    past_erasures_key,
    photo_key,
    photo_prefix,
)

JOB = "8f323fc7-d47f-4792-bd59-413577fc04bf"
GALLERY = "0123456789abcdef0123456789abcdef"
ERASED_AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("made", "stored"),
    [
        (photo_key(JOB, "ada.jpg"), f"{JOB}_ada.jpg"),
        (photo_prefix(JOB), f"{JOB}_"),
        (idempotency_record_key("abc"), f"idempotency/{SHA256_OF_ABC}"),
        (batch_prefix(JOB), f"batches/{JOB}/"),
        (batch_list_key(JOB), f"batches/{JOB}/photos.json"),
        (batch_mark_key(JOB, 7, "done"), f"batches/{JOB}/000007.done"),
        (batch_mark_key(JOB, 9_999, "failed"), f"batches/{JOB}/009999.failed"),
        (collection_key("staff.1"), "collections/staff.1.json"),
        (erasures_key("staff.1"), "erasures/staff.1.json"),
        (past_erasures_key("staff.1", GALLERY), f"past-erasures/staff.1.of/{GALLERY}.json"),
        (audit_key(ERASED_AT, JOB), f"audit/2026-01-02T03-04-05-{JOB}.json"),
        (gallery_prefix(GALLERY), f"galleries/{GALLERY}.lance/"),
        (marker_key(GALLERY), f"changes/galleries/{GALLERY}"),
        (journal_key(GALLERY), f"changes/journals/{GALLERY}"),
        (storage_keys.BATCHES, "batches/"),
        (storage_keys.COLLECTIONS, "collections/"),
        (storage_keys.ERASURES, "erasures/"),
        (storage_keys.AUDIT, "audit/"),
        (storage_keys.NAMES_SECRET, "secrets/names"),
        (storage_keys.GALLERIES, "galleries"),
        (storage_keys.BELL, "changes/bell"),
        (storage_keys.MARKERS, "changes/galleries/"),
        (storage_keys.JOURNALS, "changes/journals/"),
        (storage_keys.RECENT_COLLECTIONS, "recent/collections.json"),
        (storage_keys.RECENT_TENANTS, "recent/tenants.json"),
        (storage_keys.LAST_WORK, "fleet/last-work"),
    ],
)
def test_objects_stay_where_former_versions_stored_them(made: str, stored: str) -> None:
    assert made == stored


def test_photo_is_told_from_other_objects_and_leads_to_its_job() -> None:
    key = photo_key(JOB, "a_b.jpg")

    assert is_photo_key(key)
    assert job_of_photo(key) == JOB
    assert not any(map(is_photo_key, [JOB, f"{JOB}-a.jpg", idempotency_record_key("a"), "a.jpg"]))


def test_idempotency_keys_of_two_realms_are_noted_apart() -> None:
    realms = [
        WHOLE,
        Realm("acme"),
        Realm("acme", ("a*",)),
        Realm("acme", ("a*", "b*")),
        Realm("", ("a*",)),
        Realm("", ("acme",)),
    ]

    assert len({idempotency_record_key("1", realm) for realm in realms}) == len(realms)


def test_idempotency_keys_of_one_realm_are_noted_in_one_place() -> None:
    same = [Realm("acme", ("b*", "a*")), Realm("acme", ("a*", "b*"))]
    all_collections = [Realm("acme"), Realm("acme", ("a*", "*"))]

    assert len({idempotency_record_key("1", realm) for realm in same}) == 1
    assert len({idempotency_record_key("1", realm) for realm in all_collections}) == 1


@pytest.mark.parametrize("collection_id", ["staff", "a.json", ".", "collections"])
def test_collection_is_found_by_its_key(collection_id: str) -> None:
    assert collection_of(collection_key(collection_id)) == collection_id
