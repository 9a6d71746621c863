"""Who did what: each call that changes something leaves a record, and erasures a receipt."""

from typing import Any

import pytest
from efr_web.openapi.operation import Api
from efr_web.routes.direct_upload_routes import OFFER
from efr_web.routes.webhook_routes import REPLAY, TEST

from core.access.audit_trail import AuditRecord, AuditTrail
from core.access.name_hashes import NameHashes
from core.bootstrap.tenant_store import TenantStore
from core.ground.storage_keys import AUDIT, NAMES_SECRET, tenant_prefix
from core.testing import MemoryStore
from tests.support.faces import face
from tests.unit.web.test_door import KEYS
from tests.unit.web.test_tenants import Tenant
from tests.unit.web.web_fixture import (
    PHOTO,
    WebFixture,
    assert_error,
    base64_of,
    json_of,
    photo_number,
)

SETTINGS = KEYS.model_copy(update={"allowed_buckets": ("ours:album",)})
CONSENT = {"text": "Ada agrees", "date": "2026-04-01", "source": "Form 17"}
FACE = "/collections/staff/faces/{face}"
GROUP = "/collections/staff/groups/"
PERSON = "/collections/staff/persons/{person}"


class Audited(Tenant):
    """A tenant's client, and what its trail says."""

    def __init__(self, web: WebFixture, name: str = "ours", **key: Any) -> None:
        super().__init__(web, name, **key)
        self.key_id = self.key["Authorization"].split("_")[1]
        own = TenantStore(web.gallery, tenant_prefix(name))
        self.trail = AuditTrail(store=own, names=NameHashes(own))

    def records(self) -> list[AuditRecord]:
        return [record for _, record in self.trail.records()]

    def face_of(self, person: str) -> str:
        found = json_of(self.call("GET", PERSON.format(person=person)))
        face_id: str = found["faces"][0]["face_id"]
        return face_id

    def image_of(self, person: str) -> str:
        found = json_of(self.call("GET", PERSON.format(person=person)))
        image_id: str = found["faces"][0]["image_id"]
        return image_id

    def receipt(self, path: str) -> dict[str, Any]:
        """Erase what lies at a path; return the receipt."""
        erased = self.call("DELETE", path)
        assert erased.status_code == 204
        return json_of(self.call("GET", erased.headers["Receipt"]))


@pytest.fixture
def web() -> WebFixture:
    found = WebFixture(settings=SETTINGS, answers_after_s=None)
    found.shows(PHOTO, face())
    return found


@pytest.fixture
def ours(web: WebFixture) -> Audited:
    tenant = Audited(web)
    tenant.create("staff")
    return tenant


def everything_done(ours: Audited) -> None:
    """Make each call that changes something."""
    web = ours.web
    ours.enrol("Ada")
    web.album.objects["1.jpg"] = photo_number(1)
    web.album.objects["2.jpg"] = photo_number(2)
    web.shows(photo_number(1), face(5))
    web.shows(photo_number(2), face(9))
    batch = {"collection_id": "staff", "s3_keys": ["1.jpg"], "person": "Bob"}
    assert ours.call("POST", "/faces/index/batch", json=batch).status_code == 202
    web.worker.run_once()
    ours.call("POST", "/faces/index/batch", json=batch | {"person": None, "s3_keys": ["2.jpg"]})
    web.worker.run_once()
    ada = ours.face_of("Ada")
    ours.call("PUT", "/collections/staff/consents/Ada", json=CONSENT)
    ours.call("PATCH", PERSON.format(person="Ada"), json={"name": "Eve"})
    ours.call("PATCH", PERSON.format(person="Eve"), json={"metadata": {"team": "A"}})
    ours.call("PATCH", PERSON.format(person="Eve"), json={"name": "Bob"})
    ours.call("POST", FACE.format(face=ada) + "/reassign", json={"person": "Ada"})
    ours.call("POST", FACE.format(face=ada) + "/reject", json={"person": "Zoe"})
    ours.call("PATCH", "/collections/staff", json={"false_name_rate": 0.02})
    (group,) = json_of(ours.call("GET", "/collections/staff/groups"))["groups"]
    for verb in ("ignore", "unignore"):
        assert ours.call("POST", f"{GROUP}{group['group_id']}/{verb}").status_code == 200
    bob = {"person": "Bob"}
    assert ours.call("POST", f"{GROUP}{group['group_id']}/name", json=bob).status_code == 200
    image = f"/collections/staff/images/{ours.image_of('Bob')}"
    for path in (FACE.format(face=ada), image, PERSON.format(person="Bob"), "/collections/staff"):
        assert ours.call("DELETE", path).status_code == 204


def test_each_call_that_changes_something_leaves_a_record(ours: Audited) -> None:
    everything_done(ours)

    records = ours.records()
    assert [record.action for record in records] == [
        "create_collection",
        "enrol",
        "enrol_batch",
        "enrol_batch",
        "consent",
        "rename",
        "describe_person",
        "merge",
        "reassign",
        "reject",
        "change_collection",
        "ignore_group",
        "unignore_group",
        "name_group",
        "erase_face",
        "erase_image",
        "erase_person",
        "erase_collection",
    ]
    assert {(record.actor, record.tenant, record.collection_id) for record in records} == {
        (ours.key_id, "ours", "staff")
    }
    assert all(record.request_id for record in records)


def test_webhook_leaves_a_record_when_it_is_made_rotated_and_removed(ours: Audited) -> None:
    made = webhook_done(ours)

    records = ours.records()[-3:]
    assert [(record.action, record.webhook_id, record.actor) for record in records] == [
        (action, made["webhook_id"], ours.key_id)
        for action in ("create_webhook", "rotate_webhook", "remove_webhook")
    ]
    assert made["secret"] not in "".join(record.model_dump_json() for record in records)


def webhook_done(ours: Audited) -> dict[str, Any]:
    """Make a webhook, rotate and remove it; return what was made."""
    asked = {"url": "https://example.org/", "events": ["job.done"]}
    made = json_of(ours.call("POST", "/webhooks", json=asked), 201)
    path = f"/webhooks/{made['webhook_id']}"
    assert ours.call("POST", f"{path}/secret", json={}).status_code == 200
    assert ours.call("DELETE", path).status_code == 204
    return made


def test_every_operation_that_may_change_something_says_what_it_leaves(ours: Audited) -> None:
    everything_done(ours)
    webhook_done(ours)
    done = {record.action for record in ours.records()}

    for operation, methods in operations(ours.web):
        changes = methods & {"POST", "PUT", "PATCH", "DELETE"}
        is_audited = operation.access in ("enrol", "erase", "admin") and bool(changes)
        # The batch that indexes the photo is audited; the others only send events.
        is_audited &= operation not in (OFFER, REPLAY, TEST)
        assert bool(operation.actions) == is_audited, operation.summary
        assert set(operation.actions) <= done


def operations(web: WebFixture) -> list[tuple[Any, set[str]]]:
    """Return the operations of the application and the methods of each."""
    api: Api = web.app.extensions["api"]
    return [
        (api.operations[rule.endpoint], rule.methods or set())
        for rule in web.app.url_map.iter_rules()
        if rule.endpoint in api.operations
    ]


def test_records_tell_how_much_and_whom_by_hashes(ours: Audited) -> None:
    job_id = ours.enrol("Ada")
    ours.call("PATCH", PERSON.format(person="Ada"), json={"name": "Ada King"})

    _, enrolled, renamed = ours.records()
    hashes = [ours.trail.names.of(name) for name in ("Ada", "Ada King")]
    assert (enrolled.job_id, enrolled.counts) == (job_id, {"faces": 1})
    assert list(enrolled.people) == hashes[:1]
    assert list(renamed.people) == hashes
    assert renamed.counts == {"faces": 1}


def test_record_has_the_id_of_the_request(ours: Audited) -> None:
    ours.key["X-Request-ID"] = "order-17"
    ours.enrol("Ada")

    assert ours.records()[-1].request_id == "order-17"


def test_enrolment_costs_one_write_more_and_a_photo_of_a_batch_none(
    ours: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours.enrol("Ada")  # the secret is known now
    writes: list[str] = []
    put_if = MemoryStore.put_if

    def noting(store: MemoryStore, key: str, *args: Any, **options: Any) -> bool:
        writes.append(key)
        return put_if(store, key, *args, **options)

    monkeypatch.setattr(MemoryStore, "put_if", noting)
    ours.enrol("Ada")
    audited = [key for key in writes if AUDIT in key]
    assert len(audited) == 1
    writes.clear()
    ours.web.album.objects |= {f"{number}.jpg": PHOTO for number in range(3)}
    body = {"collection_id": "staff", "s3_prefix": ""}
    ours.call("POST", "/faces/index/batch", json=body)
    submitted = [key for key in writes if AUDIT in key]
    ours.web.worker.run_once()

    assert len(submitted) == 1
    assert [key for key in writes if AUDIT in key] == submitted
    assert ours.records()[-1].counts == {"photos": 3}


def test_photo_without_a_face_leaves_no_record(ours: Audited) -> None:
    ours.web.shows(PHOTO)
    ours.enrol("Ada")

    assert [record.action for record in ours.records()] == ["create_collection"]


def test_uploads_for_recognition_are_not_audited(ours: Audited) -> None:
    ours.upload()
    ours.web.worker.run_once()

    assert [record.action for record in ours.records()] == ["create_collection"]


def test_author_travels_beside_the_body(ours: Audited) -> None:
    body = {"collection_id": "staff", "image_id": "1", "image": base64_of(PHOTO)}
    ours.key["X-Request-ID"] = "order-17"
    ours.call("POST", "/faces/index", json=body)

    (message,) = ours.web.index_queue.messages
    assert message.notes == {
        "tenant": "ours", "actor": ours.key_id, "request-id": "order-17"
    }  # fmt: skip
    assert ours.key_id not in message.body


def test_without_keys_nobody_is_named() -> None:
    web = WebFixture()
    web.create("staff")
    web.enrol("staff", "1", person="Ada")

    trail = AuditTrail(store=web.gallery, names=NameHashes(web.gallery))
    assert [record.actor for _, record in trail.records()] == ["nobody", "nobody"]


def test_receipt_of_a_person_can_be_filed(ours: Audited) -> None:
    ours.enrol("Ada")
    ours.upload()
    ours.web.worker.run_once()
    ours.key["X-Request-ID"] = "order-17"

    receipt = ours.receipt(PERSON.format(person="Ada"))

    assert receipt.pop("begun_at") < receipt.pop("finished_at")
    assert receipt.pop("receipt_id")
    assert "Nothing of the person was found" in receipt.pop("statement")
    assert receipt == {
        "erased": "person",
        "tenant": "ours",
        "collection_id": "staff",
        "person": ours.trail.names.of("Ada"),
        "actor": ours.key_id,
        "request_id": "order-17",
        "removed": {
            "faces": 1, "jobs": 2, "photos": 2, "results": 2, "batches": 0, "consents": 0,
            "unknown_faces": 0,
        },
        "is_complete": True,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["face", "collection"])
def test_faces_and_collections_have_receipts_too(ours: Audited, kind: str) -> None:
    ours.enrol("Ada")
    path = FACE.format(face=ours.face_of("Ada")) if kind == "face" else "/collections/staff"

    receipt = ours.receipt(path)

    assert (receipt["erased"], receipt["removed"]["faces"]) == (kind, 1)
    assert (receipt["removed"]["photos"], receipt["removed"]["results"]) == (1, 1)


def test_receipt_of_another_tenant_never_was(web: WebFixture, ours: Audited) -> None:
    ours.enrol("Ada")
    path = ours.call("DELETE", PERSON.format(person="Ada")).headers["Receipt"]
    theirs = Audited(web, "theirs")

    seen = theirs.call("GET", path)
    never = theirs.call("GET", path[:-1] + ("0" if path[-1] != "0" else "1"))

    assert_error(seen, 404, "RECEIPT_NOT_FOUND")
    assert seen.get_json()["error"] == never.get_json()["error"]


def test_receipt_of_a_collection_that_a_key_is_not_for_never_was(
    web: WebFixture, ours: Audited
) -> None:
    ours.enrol("Ada")
    path = ours.call("DELETE", PERSON.format(person="Ada")).headers["Receipt"]
    some = Tenant(web, "ours", collections=["guests-*"])

    assert_error(some.call("GET", path), 404, "RECEIPT_NOT_FOUND")


def test_other_audit_records_are_no_receipts(ours: Audited) -> None:
    ((record_id, _),) = ours.trail.records()

    assert_error(ours.call("GET", f"/receipts/{record_id}"), 404, "RECEIPT_NOT_FOUND")
    assert_error(ours.call("GET", "/receipts/..%2Fx"), 404, "NOT_FOUND")
    assert_error(ours.call("GET", "/receipts/secret"), 404, "RECEIPT_NOT_FOUND")


def test_trail_holds_no_name_and_lies_with_the_tenant(ours: Audited) -> None:
    everything_done(ours)

    gallery = ours.web.gallery.objects
    kept = {key: body for key, body in gallery.items() if AUDIT in key}
    assert kept
    assert all(key.startswith("tenants/ours/audit/") for key in kept)
    assert all(name not in b"".join(kept.values()) for name in (b"Ada", b"Bob", b"Eve", b"Zoe"))
    assert f"tenants/ours/{NAMES_SECRET}" in gallery
