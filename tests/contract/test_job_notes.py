"""What both kinds of notes do of which job had a photo."""

from collections.abc import Iterator

import pytest

from core.access.redis_client import redis_client
from core.submission.job_notes import JobNotes, OwnJobNotes, RedisJobNotes
from harness.waiting import wait_until
from tests.support.services.redis_server import RedisServer

LONG_S = 600


@pytest.fixture(params=["own", "redis"])
def notes(request: pytest.FixtureRequest) -> Iterator[JobNotes]:
    if request.param == "own":
        yield OwnJobNotes(LONG_S)
    else:
        server: RedisServer = request.getfixturevalue("redis_server")
        yield RedisJobNotes(redis_client(server.url), LONG_S)


def test_last_note_is_found(notes: JobNotes) -> None:
    assert notes.get("photo") is None

    notes.put("photo", "one")
    notes.put("photo", "two")
    notes.put("other", "three")

    assert notes.get("photo") == "two"


@pytest.mark.parametrize("kind", ["own", "redis"])
def test_note_is_kept_for_a_while(kind: str, request: pytest.FixtureRequest) -> None:
    notes: JobNotes = OwnJobNotes(1)
    if kind == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        notes = RedisJobNotes(redis_client(server.url), 1)
    found: list[str | None] = []

    def has_gone() -> bool:
        found.append(notes.get("photo"))
        return found[-1] is None

    notes.put("photo", "one")
    wait_until(has_gone, what="the note to go")

    assert set(found[:-1]) <= {"one"}
    assert notes.get("photo") is None


def test_processes_share_what_is_in_redis(redis_server: RedisServer) -> None:
    RedisJobNotes(redis_client(redis_server.url), LONG_S).put("photo", "one")

    assert RedisJobNotes(redis_client(redis_server.url), LONG_S).get("photo") == "one"
    (left_ms,) = redis_server.keys().values()
    assert 0 < left_ms <= 1000 * LONG_S


def test_redis_that_is_away_costs_nothing_but_the_notes(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    now_s = 0.0
    notes = RedisJobNotes(redis_client(redis_server.url), LONG_S, clock=lambda: now_s)
    notes.put("photo", "one")
    redis_server.stop()

    assert [notes.get("photo") for _ in range(100)] == [None] * 100
    notes.put("photo", "two")
    assert caplog.text.count("earlier answers are not found") == 1

    redis_server.start()
    now_s = 10.0
    notes.put("photo", "three")
    assert notes.get("photo") == "three"
