"""`elastic_face.Client` on a service in memory, over HTTP."""

import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import InvalidImage
from elastic_face import Client
from elastic_face.answers import IndexDone, JobPending, PersonMatch
from elastic_face.errors import Conflict, InvalidPhoto, NotFinished, NotFound, RecognitionFailed
from tests.support.faces import face
from tests.support.photos import made_photo
from tests.support.services.served import served
from tests.unit.web.web_fixture import SETTINGS, WebFixture

ADA, BOB, NOBODY = (made_photo(size=(60 + number, 40)) for number in range(3))


@pytest.fixture
def web() -> WebFixture:
    """Return a service that answers an upload only when the caller has waited for it."""
    asynchronous = SETTINGS.model_copy(update={"max_wait_seconds": 0, "keep_unknown": True})
    web = WebFixture(settings=asynchronous, answers_after_s=None)
    web.shows(ADA, face(1))
    web.shows(BOB, face(2))
    web.shows(NOBODY)
    return web


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def client(web: WebFixture, slept: list[float]) -> Iterator[Client]:
    """Return a client, while whose pauses a worker works."""

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        web.memory.clock.advance(seconds)
        web.worker.run_once()

    with served(web.app) as address, Client(address, sleep=sleep) as client:
        client.create_collection("staff")
        yield client


def test_photo_is_named_after_as_long_a_pause_as_the_service_asks_for(
    client: Client, slept: list[float]
) -> None:
    client.index(ADA, "staff", person="Ada")
    slept.clear()

    found = client.recognise(ADA, "staff")

    assert found.result == "Ada"
    assert found.faces[0].name == "Ada"
    assert found.faces[0].box.width > 0
    assert slept[0] == 1.0  # Retry-After of the 202


def test_photo_may_be_bytes_a_path_or_a_file(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(ADA)

    sizes = [len(client.detect(photo).faces) for photo in (ADA, path, str(path), io.BytesIO(ADA))]

    assert sizes == [1, 1, 1, 1]


def test_job_is_submitted_looked_at_and_waited_for(client: Client) -> None:
    job_id = client.submit(ADA, "staff")

    assert client.job(job_id) == JobPending(job_id=job_id)
    assert client.wait(job_id).job_id == job_id


def test_same_key_and_photo_give_the_same_job(client: Client) -> None:
    first = client.submit(ADA, "staff", idempotency_key="order-17")

    assert client.submit(ADA, "staff", idempotency_key="order-17") == first
    assert client.submit(ADA, "staff") != client.submit(ADA, "staff")


def test_caller_whose_time_is_over_gets_the_id_of_the_job(client: Client) -> None:
    with pytest.raises(NotFinished) as raised:
        client.recognise(ADA, "staff", timeout_s=0)

    assert raised.value.job_id is not None
    assert client.wait(raised.value.job_id)


def test_job_that_failed_raises_the_error_of_its_code(client: Client, web: WebFixture) -> None:
    web.fails(ADA, InvalidImage("damaged"))

    with pytest.raises(InvalidPhoto) as raised:
        client.recognise(ADA, "staff")

    assert raised.value.code == "INVALID_IMAGE"
    assert raised.value.job_id is not None
    assert raised.value.status is None


def test_index_job_of_an_erased_person_has_failed(client: Client) -> None:
    client.index(ADA, "staff", person="Ada")
    job_id = client.submit_index(BOB, "staff", person="Ada")
    client.erase_person("staff", "Ada")

    with pytest.raises(RecognitionFailed) as raised:
        client.wait(job_id)

    assert raised.value.code == "ERASED"


def test_photo_that_is_none_is_refused_with_its_code_and_request(client: Client) -> None:
    with pytest.raises(InvalidPhoto) as raised:
        client.recognise(b"text", "staff")

    assert (raised.value.code, raised.value.status) == ("UNSUPPORTED_IMAGE", 400)
    assert raised.value.request_id


def test_people_are_listed_changed_and_erased(client: Client) -> None:
    for photo, name in ((ADA, "Ada"), (BOB, "Bob/é ?#%")):
        done = client.index(photo, "staff", person=name, metadata={"room": "17"})
        assert [each.person for each in done.face_records] == [name]

    renamed = client.change_person("staff", "Ada", name="Ada King", metadata={"team": "red"})
    day = dt.date(2026, 11, 30)
    client.note_consent("staff", "Ada King", text="Entrance", date=day, source="Form 17")

    assert (renamed.person, renamed.metadata) == ("Ada King", {"team": "red"})
    assert [each.person for each in client.people("staff")] == ["Ada King", "Bob/é ?#%"]
    assert [each.person for each in client.people("staff", prefix="b")] == ["Bob/é ?#%"]
    shown = client.person("staff", "Ada King")
    assert shown.consent is not None
    assert shown.consent.date == day
    assert [each.metadata for each in shown.faces] == [{"room": "17"}]
    erased = client.erase_person("staff", "Bob/é ?#%")
    assert (erased.erased, erased.removed.faces, erased.is_complete) == ("person", 1, True)
    assert client.receipt(erased.receipt_id) == erased
    with pytest.raises(NotFound) as raised:
        client.person("staff", "Bob/é ?#%")
    assert raised.value.code == "PERSON_NOT_FOUND"


def test_lists_go_on_over_their_pages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elastic_face.calls.base._PAGE", 2)
    for number in range(5):
        client.create_collection(f"c{number}")

    listed = [each.collection_id for each in client.collections()]

    assert listed == ["c0", "c1", "c2", "c3", "c4", "staff"]


def test_collection_is_changed_and_erased(client: Client) -> None:
    changed = client.change_collection("staff", threshold=70, metadata={"town": "Ulm"})
    assert (changed.threshold, changed.metadata) == (70, {"town": "Ulm"})

    assert client.change_collection("staff", threshold=None).threshold == 80
    assert client.collection("staff").metadata == {"town": "Ulm"}
    with pytest.raises(Conflict) as raised:
        client.create_collection("staff")
    assert raised.value.code == "COLLECTION_EXISTS"
    assert client.erase_collection("staff").erased == "collection"
    assert list(client.collections()) == []


def test_faces_are_matched_verified_corrected_and_erased(client: Client) -> None:
    client.index(ADA, "staff", person="Ada")
    client.index(BOB, "staff", person="Bob", image_id="bob.jpg")

    (searched,) = client.match(ADA, "staff").faces
    assert isinstance(searched.matches[0], PersonMatch)
    face_id = searched.matches[0].face_id
    assert searched.matches[0].person == "Ada"
    (single,) = client.match(ADA, "staff", by="face", threshold=99).faces
    assert not isinstance(single.matches[0], PersonMatch)
    assert client.verify(ADA, ADA).same
    assert not client.verify_person(ADA, "staff", "Bob").same
    assert client.search_face("staff", face_id, threshold=0).matches[0].person == "Bob"
    assert client.face_image("staff", face_id).startswith(b"\xff\xd8")

    assert client.reject_face("staff", face_id, "Ada").rejected == ["Ada"]
    assert client.reassign_face("staff", face_id, "Eve").person == "Eve"
    assert [each.face_id for each in client.faces("staff", person="Eve")] == [face_id]
    assert client.image("staff", "bob.jpg").persons == ["Bob"]
    assert client.erase_image("staff", "bob.jpg").removed.faces == 1
    assert client.erase_face("staff", face_id).removed.faces == 1
    assert list(client.faces("staff")) == []


def test_unnamed_faces_come_in_groups_that_can_be_named(client: Client, web: WebFixture) -> None:
    several = [made_photo(size=(90 + number, 40)) for number in range(3)]
    for photo in several:
        web.shows(photo, face(9))
        client.index(photo, "staff")

    (group,) = client.groups("staff")
    assert group.size == 3
    assert len(list(client.group_faces("staff", group.group_id))) == 3
    assert client.ignore_group("staff", group.group_id).ignored
    assert [each.group_id for each in client.groups("staff", ignored=True)] == [group.group_id]
    assert not client.unignore_group("staff", group.group_id).ignored
    assert client.name_group("staff", group.group_id, "Eve").faces == 3
    with pytest.raises(Conflict) as raised:
        client.ignore_group("staff", group.group_id)
    assert raised.value.code == "GROUP_CHANGED"


def test_batch_is_waited_for(client: Client, web: WebFixture) -> None:
    web.album.put("2026/ada.jpg", ADA, content_type="image/jpeg")
    web.album.put("2026/torn.jpg", BOB, content_type="image/jpeg")
    web.fails(BOB, InvalidImage("damaged"))
    told: list[int] = []

    batch = client.index_batch("staff", s3_prefix="2026/", person="Ada")
    status = batch.wait(progress=lambda each: told.append(each.pending))

    assert (status.done, status.failed, status.pending) == (1, 1, 0)
    assert told[0] == 2
    assert told[-1] == 0
    outcomes = list(batch.outcomes())
    assert [each.status for each in outcomes] == ["done", "failed"]
    assert outcomes[1].error is not None
    assert [each.batch_id for each in client.batches()] == [batch.batch_id]
    with pytest.raises(NotFound):
        client.batch("00000000-0000-4000-8000-000000000000").status()


def test_index_job_is_told_apart_from_an_upload(client: Client) -> None:
    assert isinstance(client.wait(client.submit_index(ADA, "staff")), IndexDone)


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="EFR_SERVER"):
        Client()
    web = WebFixture()
    with served(web.app) as address:
        monkeypatch.setenv("EFR_SERVER", address)
        assert Client().key().scopes == ["admin"]
