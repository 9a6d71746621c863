"""What ``/queues`` tells, and whom."""

from datetime import datetime

import pytest

from core.ground.storage_keys import LAST_WORK
from core.scaling.work_notes import WorkNotes
from tests.unit.web.test_door import KEYS, Door
from tests.unit.web.web_fixture import SETTINGS, WebFixture, assert_error, json_of


def test_messages_that_wait_are_in_work_or_were_given_up_are_counted(web: WebFixture) -> None:
    for number in range(3):
        web.queue.send(f"job {number}")
    web.queue.receive(limit=1, wait_s=0)
    dead = web.memory.queue(SETTINGS.index_dead_letter_queue_name)
    dead.send("given up")
    dead.send("hidden by a sweep")
    dead.receive(limit=1, wait_s=0)

    assert json_of(web.client.get("/queues")) == {
        "queues": [
            {"queue": "request", "waiting": 2, "in_flight": 1, "dead_letters": 0},
            {"queue": "index", "waiting": 0, "in_flight": 0, "dead_letters": 2},
            {"queue": "webhook", "waiting": 0, "in_flight": 0, "dead_letters": 0},
        ],
        "last_work_at": None,
    }


def test_time_is_told_at_which_a_worker_last_had_a_job(web: WebFixture) -> None:
    notes = WorkNotes(web.gallery, pause_s=0, clock=web.memory.clock)
    notes.work()
    notes.leave()

    told = json_of(web.client.get("/queues"))["last_work_at"]

    assert datetime.fromisoformat(told) == web.gallery.notes(LAST_WORK).modified_at


def test_queues_are_counted_while_that_time_is_not_known(web: WebFixture) -> None:
    web.gallery.available = False

    told = json_of(web.client.get("/queues"))

    assert len(told["queues"]) == 3
    assert told["last_work_at"] is None


@pytest.mark.parametrize("restriction", [{"tenant": "acme"}, {"collections": ["staff"]}])
def test_key_that_does_not_see_all_jobs_is_refused(restriction: dict[str, object]) -> None:
    door = Door(settings=KEYS)

    answer = door.client.get("/queues", headers=door.key("admin", **restriction))

    assert_error(answer, 403, "SCOPE_MISSING")
    assert door.client.get("/queues", headers=door.key("admin")).status_code == 200
