"""What a log of erasures covers, and that it names nobody."""

from datetime import UTC, datetime, timedelta

import pytest

from core.collections.erased.erasure_log import KEPT_FOR, MARGIN, ErasureLog
from core.collections.erased.erasure_records import ErasureLogs
from core.errors import StorageUnavailable
from core.testing import MemoryStore

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
EARLIER, LATER = AT - timedelta(days=3), AT + MARGIN + timedelta(seconds=1)
ADA = ErasureLog().with_record("1", at=AT, person="Ada", face_ids=["face-1"])


def covers(log: ErasureLog, accepted_at: datetime | None, person: str = "Ada") -> bool:
    return log.covers(person=person, accepted_at=accepted_at)


def test_photo_of_the_person_is_covered_until_the_erasure_and_not_later() -> None:
    assert covers(ADA, EARLIER)
    assert covers(ADA, AT)
    assert not covers(ADA, LATER)


def test_photo_that_came_in_the_seconds_by_which_clocks_may_differ_counts_as_before() -> None:
    assert covers(ADA, AT + MARGIN)


def test_photo_of_unknown_age_is_covered() -> None:
    assert covers(ADA, None)


def test_photos_of_others_are_not_covered() -> None:
    assert not covers(ADA, EARLIER, person="Bob")
    assert not ADA.covers(person=None, face_ids=["face-2"], accepted_at=EARLIER)


def test_erased_face_is_covered_whosever_it_is_said_to_be() -> None:
    assert ADA.covers(person="Bob", face_ids=["face-2", "face-1"], accepted_at=EARLIER)


def test_erased_collection_covers_everything_before() -> None:
    log = ErasureLog().with_record("1", at=AT, everything=True)

    assert log.covers(person=None, accepted_at=EARLIER)
    assert not log.covers(person=None, accepted_at=LATER)


def test_record_of_the_same_id_takes_the_place_of_the_former() -> None:
    again = ADA.with_record("1", at=LATER, person="Ada")

    assert len(again.records) == 1
    assert covers(again, LATER)


def test_last_of_several_erasures_counts() -> None:
    twice = ADA.with_record("2", at=LATER, person="Ada").with_record("3", at=AT, person="Ada")

    assert covers(twice, LATER)


def test_records_that_no_message_can_be_older_than_are_dropped() -> None:
    later = ADA.with_record("2", at=AT + KEPT_FOR, person="Bob")

    assert not covers(later, EARLIER)
    assert covers(later, EARLIER, person="Bob")


def test_restore_knows_erasures_that_no_message_can_be_older_than() -> None:
    store = MemoryStore()
    logs = ErasureLogs(store)
    logs.add("family", lambda log: log.with_record("1", at=AT, person="Ada"))
    logs.add("family", lambda log: log.with_renaming(at=AT, person="Eve", new_name="Evelyn"))
    logs.add("family", lambda log: log.with_record("2", at=AT + KEPT_FOR, person="Bob"))
    logs.add("family", lambda log: log.with_record("3", at=AT + 2 * KEPT_FOR, person="Cem"))

    assert not covers(logs.now("family"), EARLIER)
    for person in ("Ada", "Bob", "Cem"):
        assert covers(logs.ever("family"), EARLIER, person)
    assert not covers(logs.ever("family"), LATER)
    assert not covers(logs.ever("family"), EARLIER, "Eve")
    kept = b"".join(body for key, body in store.objects.items() if key.startswith("past-erasures/"))
    assert not any(name in kept for name in (b"Ada", b"Bob", b"Eve"))


def test_two_writers_at_once_lose_no_erasure_of_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    logs = ErasureLogs(store)
    first, second = EARLIER - KEPT_FOR, EARLIER - KEPT_FOR + timedelta(seconds=1)
    logs.add("staff", lambda log: log.with_record("1", at=first, person="Ada"))
    logs.add("staff", lambda log: log.with_record("2", at=second, person="Bob"))
    put, todo = store.put, [lambda: logs.add("staff", lambda log: renamed(log, at=AT))]

    def overtaken(key: str, body: bytes, *, content_type: str) -> None:
        if todo:
            todo.pop()()
        put(key, body, content_type=content_type)

    def renamed(log: ErasureLog, *, at: datetime) -> ErasureLog:
        return log.with_renaming(at=at, person="Eve", new_name="Zoe")

    monkeypatch.setattr(store, "put", overtaken)

    # For this one, which is a little earlier, the second record is not too old yet.
    logs.add("staff", lambda log: renamed(log, at=first + KEPT_FOR))

    assert covers(logs.ever("staff"), second, person="Bob")
    assert covers(logs.ever("staff"), first, person="Ada")


def test_log_of_another_key_is_no_past() -> None:
    assert not covers(ErasureLog().with_past([ADA]), EARLIER)


def test_records_that_came_since_are_told_apart() -> None:
    log = ADA.with_record("2", at=AT, person="Bob")

    assert covers(log.since(ADA), EARLIER, person="Bob")
    assert not covers(log.since(ADA), EARLIER)


def test_log_holds_no_name_and_no_face_id() -> None:
    stored = ADA.model_dump_json()

    assert "Ada" not in stored
    assert "face-1" not in stored


def test_same_name_has_another_mark_in_every_log() -> None:
    (other,) = ErasureLog().with_record("1", at=AT, person="Ada").records

    assert not set(other.marks) & set(ADA.records[0].marks)


def test_log_is_read_once_for_each_version_and_never_without_one() -> None:
    store = MemoryStore()
    logs = ErasureLogs(store)
    logs.add("family", lambda log: log.with_record("1", at=AT, person="Ada"))
    store.gets = 0

    assert not covers(logs.of("family", ""), EARLIER)
    assert store.gets == 0
    for version in ("a", "a", "b", "b"):
        assert covers(logs.of("family", version), EARLIER)
    assert store.gets == 2


def test_erasures_at_once_are_all_recorded() -> None:
    logs = ErasureLogs(MemoryStore())

    def with_another_between(log: ErasureLog) -> ErasureLog:
        if not log.records:
            logs.add("family", lambda other: other.with_record("2", at=AT, person="Bob"))
        return log.with_record("1", at=AT, person="Ada")

    logs.add("family", with_another_between)

    assert covers(logs.now("family"), EARLIER)
    assert covers(logs.now("family"), EARLIER, person="Bob")


def test_log_that_others_change_all_the_time_is_given_up() -> None:
    logs = ErasureLogs(MemoryStore())

    def always_late(log: ErasureLog) -> ErasureLog:
        logs.add("family", lambda other: other.with_record(str(len(other.records)), at=AT))
        return log.with_record("1", at=AT, person="Ada")

    with pytest.raises(StorageUnavailable, match="family"):
        logs.add("family", always_late)


RENAMED = ErasureLog().with_renaming(at=AT, person="Ada", new_name="Ada King")


def test_photo_of_before_a_renaming_gets_the_new_name_and_a_later_one_keeps_its_own() -> None:
    assert RENAMED.name_now("Ada", EARLIER) == "Ada King"
    assert RENAMED.name_now("Ada", LATER) == "Ada"
    assert RENAMED.name_now("Bob", EARLIER) == "Bob"
    assert RENAMED.name_now(None, EARLIER) is None
    assert not covers(RENAMED, EARLIER)


def test_renamings_are_followed_in_their_order() -> None:
    twice = RENAMED.with_renaming(at=LATER, person="Ada King", new_name="Countess")

    assert twice.name_now("Ada", EARLIER) == "Countess"
    assert twice.name_now("Ada King", EARLIER) == "Countess"
    earlier = RENAMED.with_renaming(at=EARLIER, person="Ada King", new_name="Countess")
    assert earlier.name_now("Ada", EARLIER) == "Ada King"


def test_photo_under_a_former_name_is_covered_once_its_person_is_erased() -> None:
    log = RENAMED.with_renaming(at=LATER, person="Ada King", new_name="Countess")

    erased = log.with_record("1", at=LATER, person="Countess")

    assert covers(erased, EARLIER)
    assert covers(erased, EARLIER, person="Ada King")
    assert not covers(erased, LATER, person="Ada")
    assert "Countess" not in erased.model_dump_json()
    assert "Ada" not in erased.model_dump_json()


def test_renaming_to_somebody_else_of_a_former_name_is_kept() -> None:
    log = RENAMED.with_renaming(at=LATER, person="Bob", new_name="Ada")

    erased = log.with_record("1", at=LATER, person="Ada King")

    assert erased.name_now("Bob", EARLIER) == "Ada"
    assert covers(erased, EARLIER)


def test_rejection_is_known_by_face_and_person_and_erases_nothing() -> None:
    log = ErasureLog().with_rejection(at=AT, face_id="face-1", person="Ada")

    assert log.rejects("face-1", "Ada", EARLIER)
    assert not log.rejects("face-1", "Ada", LATER)
    assert not log.rejects("face-1", "Bob", EARLIER)
    assert not log.rejects("face-2", "Ada", EARLIER)
    assert not log.covers(person="Ada", face_ids=["face-1"], accepted_at=EARLIER)
    assert "Ada" not in log.model_dump_json()


REASSIGNED = ErasureLog().with_reassignment(at=AT, face_id="face-1", person="Bob")


def test_face_of_before_a_reassignment_is_whose_it_was_said_to_be() -> None:
    assert REASSIGNED.name_now("Ada", EARLIER, face_id="face-1") == "Bob"
    assert REASSIGNED.name_now(None, EARLIER, face_id="face-1") == "Bob"
    assert REASSIGNED.name_now("Ada", LATER, face_id="face-1") == "Ada"
    assert REASSIGNED.name_now("Ada", EARLIER, face_id="face-2") == "Ada"
    assert REASSIGNED.name_now("Ada", EARLIER) == "Ada"
    assert not REASSIGNED.covers(person="Ada", face_ids=["face-1"], accepted_at=EARLIER)


def test_last_reassignment_of_a_face_counts_and_the_former_name_is_forgotten() -> None:
    twice = REASSIGNED.with_reassignment(at=LATER, face_id="face-1", person="Eve")

    assert twice.name_now("Ada", EARLIER, face_id="face-1") == "Eve"
    assert "Bob" not in twice.model_dump_json()


def test_renaming_after_a_reassignment_is_followed() -> None:
    log = REASSIGNED.with_renaming(at=LATER, person="Bob", new_name="Bob King")

    assert log.name_now("Ada", EARLIER, face_id="face-1") == "Bob King"


def test_name_of_a_reassignment_goes_with_its_person() -> None:
    erased = REASSIGNED.with_record("1", at=LATER, person="Bob", face_ids=["face-1"])

    assert "Bob" not in erased.model_dump_json()
    assert erased.covers(person="Ada", face_ids=["face-1"], accepted_at=EARLIER)
    assert not covers(erased, EARLIER)
