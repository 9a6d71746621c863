"""The same photo again gets its earlier answer, as long as that is still the right one."""

from typing import Any

import pytest

from core.gallery.changes import StoredChanges
from tests.support.faces import face
from tests.unit.web.web_fixture import PHOTO, SETTINGS, WebFixture, json_of, photo_number

KEPT_S = 60
SETTLED_S = 10


class Repeating(WebFixture):
    """A service that keeps answers, and knows Ada; nothing has changed for a while."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.index.announce = StoredChanges(self.gallery).announce
        self.create("staff")
        self.enrol("staff", "ada", face(0.1), person="Ada")
        self.shows(PHOTO, face(0.1))
        self.ask()
        self.memory.clock.advance(SETTLED_S)

    def ask(self, photo: bytes = PHOTO, collection_id: str = "staff", **fields: str) -> Any:
        """Upload a photo, and let a worker answer it if it became a job."""
        response = self.send_form(
            "/",
            files={"inputFile": ("a.jpg", photo)},
            fields={"collection_id": collection_id, **fields},
            headers={"Prefer": "respond-async"},
        )
        if response.status_code == 200:
            return response.get_json()
        self.worker.run_once()
        self.memory.clock.advance(2)  # beyond the pause that was asked for
        return json_of(self.client.get(f"/status/{json_of(response, 202)['job_id']}"))


@pytest.fixture
def web() -> Repeating:
    keeping = SETTINGS.model_copy(update={"result_cache_seconds": KEPT_S})
    return Repeating(settings=keeping, answers_after_s=None)


def test_same_photo_gets_the_same_job(web: Repeating) -> None:
    first = web.ask()
    stored = len(web.inputs.objects), len(web.outputs.objects)

    again = web.ask()

    assert first["result"] == "Ada"
    assert again == first
    assert web.queue.bodies == []
    assert (len(web.inputs.objects), len(web.outputs.objects)) == stored


@pytest.mark.parametrize(
    "other",
    [
        {"photo": photo_number(30)},
        {"collection_id": "default"},
        {"min_quality": "1"},
    ],
)
def test_anything_else_is_another_job(web: Repeating, other: dict[str, Any]) -> None:
    assert web.ask(**other)["job_id"] != web.ask()["job_id"]


def test_answer_is_kept_for_a_while_only(web: Repeating) -> None:
    first = web.ask()

    web.memory.clock.advance(KEPT_S)

    assert web.ask()["job_id"] != first["job_id"]


def test_person_who_is_enrolled_is_named_at_once(web: Repeating) -> None:
    stranger = photo_number(31)
    web.shows(stranger, face(0.9))
    assert web.ask(stranger)["result"] == "Unknown"
    assert web.ask(stranger)["result"] == "Unknown"

    web.enrol("staff", "grace", face(0.9), person="Grace")
    web.memory.clock.advance(2)

    assert web.ask(stranger)["result"] == "Grace"


def test_first_person_of_a_collection_is_named_at_once(web: Repeating) -> None:
    web.create("guests")
    web.ask(collection_id="guests")
    web.memory.clock.advance(SETTLED_S)
    first = web.ask(collection_id="guests")
    assert web.ask(collection_id="guests") == first
    assert first["result"] == "Unknown"

    web.enrol("guests", "ada", face(0.1), person="Ada")
    web.memory.clock.advance(2)

    assert web.ask(collection_id="guests")["result"] == "Ada"


def test_renamed_person_has_the_new_name_at_once(web: Repeating) -> None:
    web.ask()

    web.client.patch("/collections/staff/persons/Ada", json={"name": "Ada King"})

    assert web.ask()["result"] == "Ada King"


def test_erased_person_is_not_named_again(web: Repeating) -> None:
    web.ask()

    assert web.client.delete("/collections/staff/persons/Ada").status_code == 204

    assert web.ask()["result"] == "Unknown"


def test_earlier_answer_is_not_given_by_another_rate_of_false_names(web: Repeating) -> None:
    first = web.ask()

    json_of(web.client.patch("/collections/staff", json={"false_name_rate": 0.1}))
    web.memory.clock.advance(SETTLED_S)

    assert web.ask()["job_id"] != first["job_id"]


def test_nothing_is_kept_right_after_a_change(web: Repeating) -> None:
    web.ask()
    web.enrol("staff", "grace", face(0.9), person="Grace")
    web.memory.clock.advance(2)

    first = web.ask()

    assert web.ask()["job_id"] != first["job_id"], "a worker may not know of the change yet"
    web.memory.clock.advance(SETTLED_S)
    settled = web.ask()
    assert web.ask() == settled


def test_failed_job_is_tried_again(web: Repeating) -> None:
    broken = photo_number(32)
    web.fails(broken, ValueError("a bug"))
    first = web.send_form(
        "/",
        files={"inputFile": ("a.jpg", broken)},
        fields={"collection_id": "staff"},
        headers={"Prefer": "respond-async"},
    )
    web.inputs.objects.clear()
    web.worker.run_once()
    web.shows(broken, face(0.1))
    web.memory.clock.advance(1)

    assert json_of(web.client.get(f"/status/{first.get_json()['job_id']}"))["status"] == "failed"
    assert web.ask(broken)["result"] == "Ada"


def test_idempotency_key_is_a_job_of_its_own(web: Repeating) -> None:
    first = web.ask()

    other = web.send_form(
        "/",
        files={"inputFile": ("a.jpg", PHOTO)},
        fields={"collection_id": "staff"},
        headers={"Prefer": "respond-async", "Idempotency-Key": "1"},
    )

    assert json_of(other, 202)["job_id"] != first["job_id"]


def test_nothing_is_kept_unless_wanted() -> None:
    web = Repeating(answers_after_s=None)

    assert web.ask()["job_id"] != web.ask()["job_id"]
