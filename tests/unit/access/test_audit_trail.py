"""What the audit trail keeps, and how names are hashed in it."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from core.access.audit_trail import AuditTrail
from core.access.name_hashes import NameHashes
from core.errors import StorageUnavailable
from core.ground.authors import NOBODY, TYPIST, Author
from core.ground.storage_keys import AUDIT, NAMES_SECRET
from core.testing import MemoryStore

BEGIN = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Office:
    """A trail whose clock goes on by a tenth of a second with each record."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.time = BEGIN
        self.trail = self.another_process()

    def another_process(self) -> AuditTrail:
        return AuditTrail(store=self.store, names=NameHashes(self.store), now=self.now)

    def now(self) -> datetime:
        self.time += timedelta(seconds=0.1)
        return self.time

    def actions(self, **since: datetime) -> list[str]:
        return [record.action for _, record in self.trail.records(**since)]


@pytest.fixture
def office() -> Office:
    return Office()


def test_records_come_in_the_order_in_which_they_were_added(office: Office) -> None:
    added = ["enrol", "rename", "reject", "reassign", "merge", "export", "import"] * 3
    for action in added:
        office.trail.add(action, TYPIST)  # type: ignore[arg-type]

    assert office.actions() == added


def test_records_since_a_time_leave_out_earlier_ones(office: Office) -> None:
    office.trail.add("enrol", TYPIST)
    office.time += timedelta(hours=1)
    office.trail.add("rename", TYPIST)

    assert office.actions(since=BEGIN + timedelta(minutes=30)) == ["rename"]
    assert office.actions(since=BEGIN) == ["enrol", "rename"]


def test_record_is_never_replaced(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.access.audit_trail.uuid.uuid4", lambda: "the same")
    monkeypatch.setattr(office, "time", BEGIN)
    office.trail.add("enrol", TYPIST)
    before = dict(office.store.objects)
    office.time = BEGIN

    with pytest.raises(StorageUnavailable):
        office.trail.add("rename", TYPIST)

    assert office.store.objects == before


def test_names_are_in_no_record_and_no_log(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        office.trail.add("rename", TYPIST, people=["Ada", "Ada King"], counts={"faces": 2})

    assert b"Ada" not in b"".join(office.store.objects.values())
    logged = str([vars(line) for line in caplog.records])
    assert "'faces': 2" in logged
    assert "Ada" not in logged
    assert office.trail.names.of("Ada") not in logged


def test_name_has_one_hash_in_all_processes_and_spellings(office: Office) -> None:
    hashed = office.trail.names.of("Zo\u00eb")

    assert office.another_process().names.of("Zoe\u0308") == hashed
    assert office.trail.names.of("Zoe") != hashed
    assert len(office.store.objects) == 1


def test_hashes_of_another_tenant_differ(office: Office) -> None:
    assert Office().trail.names.of("Ada") != office.trail.names.of("Ada")


def test_secret_of_whoever_was_first_is_used(office: Office) -> None:
    office.store.objects[NAMES_SECRET] = b"k" * 32

    assert office.trail.names.of("Ada") == office.another_process().names.of("Ada")
    assert office.store.objects[NAMES_SECRET] == b"k" * 32


def test_record_of_an_erasure_by_a_former_version_is_read(office: Office) -> None:
    office.store.objects[f"{AUDIT}2026-01-02T03-04-05-{'0' * 36}.json"] = json.dumps(
        {
            "erased": "person", "collection_id": "staff", "faces": 2, "jobs": 3,
            "erased_at": "2026-01-02T03:04:05Z",
        }
    ).encode()  # fmt: skip

    ((_, record),) = office.trail.records()

    assert (record.action, record.actor) == ("erase_person", "unknown")
    assert record.counts == {"faces": 2, "jobs": 3}


@pytest.mark.parametrize(
    "author", [Author(), TYPIST, Author("0123456789ab", "order-17"), Author(NOBODY, "order-17")]
)
def test_author_is_read_again_from_notes(author: Author) -> None:
    assert Author.noted(author.notes) == author


def test_nobody_leaves_no_notes() -> None:
    assert Author().notes == {}
