"""What queues in a file promise beyond the contract of queues."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from core.errors import QueueUnavailable
from core.home.dead_letters import SqliteDeadLetters
from core.home.home_folder import make_queues
from core.home.queue import SqliteQueue
from core.home.queue_depths import SqliteDepths, waiting_s
from core.home.queue_file import QueueFile, one
from core.settings.queue_plans import QueuePlan
from core.testing import ManualClock
from harness.waiting import wait_until

PLANS = [
    QueuePlan(name="jobs-dlq", retention_s=1_000),
    QueuePlan(
        name="jobs", retention_s=300, visibility_s=60, dead_letters="jobs-dlq", max_receive_count=2
    ),
]


@pytest.fixture
def file(tmp_path: Path) -> QueueFile:
    file = QueueFile(tmp_path / "home" / "queues.sqlite")
    make_queues(file, PLANS)
    return file


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def queue(file: QueueFile, clock: ManualClock) -> SqliteQueue:
    return SqliteQueue(file, "jobs", clock=clock)


@pytest.fixture
def dead(file: QueueFile, clock: ManualClock) -> SqliteQueue:
    return SqliteQueue(file, "jobs-dlq", clock=clock)


def bodies(queue: SqliteQueue) -> list[str]:
    return [message.body for message in queue.receive(limit=10, wait_s=0)]


def test_only_the_user_reads_messages(file: QueueFile, queue: SqliteQueue) -> None:
    queue.send("a body")

    for path in file.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_accepted_message_is_on_the_disk_and_a_receipt_need_not_be(
    file: QueueFile, queue: SqliteQueue
) -> None:
    asked: list[str] = []
    with file.reading() as connection:
        connection.set_trace_callback(asked.append)

    queue.send("a body")
    assert asked.index("PRAGMA synchronous = FULL") < asked.index("COMMIT")
    asked.clear()
    queue.delete_many(queue.receive(limit=1, wait_s=0))

    assert "PRAGMA synchronous = FULL" not in asked


def test_message_is_kept_for_as_long_as_the_queue_keeps_messages(
    queue: SqliteQueue, clock: ManualClock
) -> None:
    queue.send("old")
    clock.advance(200)
    queue.send("young")
    clock.advance(150)

    assert bodies(queue) == ["young"]


def test_time_of_sending_goes_with_a_dead_letter_and_back(
    file: QueueFile, queue: SqliteQueue, dead: SqliteQueue, clock: ManualClock
) -> None:
    queue.send("a body", notes={"tenant": "acme"})
    for _ in range(2):
        assert bodies(queue) == ["a body"]
        clock.advance(70)
    assert bodies(queue) == []
    letters = SqliteDeadLetters(file, "jobs", clock=clock)

    with letters.leased() as leased:
        assert [(each.body, each.age_s) for each in leased] == [("a body", 140)]
        assert bodies(dead) == []
    assert letters.count() == (1, 0)
    assert letters.move()

    (again,) = queue.receive(limit=1, wait_s=0)
    assert (again.receive_count, again.notes) == (1, {"tenant": "acme"})
    assert letters.count() == (0, 0)
    clock.advance(200)
    assert bodies(queue) == []  # older than 300 s by now


def test_message_that_another_has_received_since_is_neither_deleted_nor_kept_hidden(
    queue: SqliteQueue, clock: ManualClock
) -> None:
    queue.send("a body")
    (late,) = queue.receive(limit=1, wait_s=0)
    clock.advance(61)
    (now,) = queue.receive(limit=1, wait_s=0)

    assert queue.delete_many([late]) == []
    assert queue.set_visibility_many([late], 0) == [late]
    assert bodies(queue) == []
    queue.set_visibility(now, 0)
    queue.set_visibility(now, 100)
    clock.advance(99)
    assert bodies(queue) == []
    queue.delete_many([now])
    clock.advance(100)
    assert bodies(queue) == []


def test_delayed_messages_are_not_counted(
    file: QueueFile, queue: SqliteQueue, clock: ManualClock
) -> None:
    depths = SqliteDepths(file, ["jobs"], light=["jobs-dlq"], clock=clock)
    queue.send("later", delay_s=10)
    assert depths().jobs == 0

    queue.send_many(["one", "two", "three"])
    queue.receive(limit=1, wait_s=0)

    assert (depths().visible, depths().in_flight) == (2, 1)
    SqliteQueue(file, "jobs-dlq", clock=clock).send_many(["four", "five"])
    assert depths().visible == 3


def test_wait_is_that_of_the_message_that_any_worker_may_have_longest(
    file: QueueFile, queue: SqliteQueue, clock: ManualClock
) -> None:
    queue.send("later", delay_s=100)
    waits = [waiting_s(file, "jobs", clock())]

    queue.send("first")
    clock.advance(20)
    queue.send("second")
    clock.advance(10)
    waits.append(waiting_s(file, "jobs", clock()))
    (first,) = queue.receive(limit=1, wait_s=0)
    waits.append(waiting_s(file, "jobs", clock()))
    queue.receive(limit=1, wait_s=0)
    waits.append(waiting_s(file, "jobs", clock()))
    queue.set_visibility(first, 5)
    clock.advance(7)
    waits.append(waiting_s(file, "jobs", clock()))

    assert waits == [0, 30, 10, 0, 2]


def test_longer_delays_than_sqs_has_are_refused(queue: SqliteQueue) -> None:
    with pytest.raises(QueueUnavailable, match="901"):
        queue.send("a body", delay_s=901)


def test_settings_of_a_queue_change_with_the_next_start(
    file: QueueFile, queue: SqliteQueue, clock: ManualClock
) -> None:
    queue.send("a body")
    changed = [PLANS[0], QueuePlan(name="jobs", retention_s=300, visibility_s=5)]
    make_queues(QueueFile(file.path), changed)

    for _ in range(4):  # nor are there dead letters any more
        assert bodies(queue) == ["a body"]
        clock.advance(6)


def test_waiting_reader_is_woken_by_a_sender_of_its_own_process(file: QueueFile) -> None:
    queue = SqliteQueue(file, "jobs")
    sender = threading.Timer(0.3, queue.send, ["a body"])
    began_s = time.monotonic()
    sender.start()

    (message,) = queue.receive(limit=1, wait_s=30)

    assert message.body == "a body"
    assert time.monotonic() - began_s < 15


def test_waiting_reader_takes_what_becomes_visible_meanwhile(file: QueueFile) -> None:
    queue = SqliteQueue(file, "jobs")
    queue.send("later", delay_s=0.5)

    (message,) = queue.receive(limit=1, wait_s=30)

    assert message.body == "later"


def test_nothing_of_a_deleted_message_stays_once_its_reader_was_idle(file: QueueFile) -> None:
    queue = SqliteQueue(file, "jobs")
    queue.send_many([f"Ada Lovelace {number} " * 20 for number in range(200)])
    while messages := queue.receive(limit=10, wait_s=0):
        queue.delete_many(messages)
    assert queue.receive(limit=1, wait_s=1.3) == []

    for path in file.path.parent.iterdir():
        assert b"Ada Lovelace" not in path.read_bytes(), path


READER = """
import sys
from pathlib import Path
from core.home.queue import SqliteQueue
from core.home.queue_file import QueueFile, one
queue = SqliteQueue(QueueFile(Path(sys.argv[1])), "jobs")
print("ready", flush=True)
while messages := queue.receive(limit=3, wait_s=8):
    queue.delete_many(messages)
    print("\\n".join(message.body for message in messages), flush=True)
"""


def start_reader(file: QueueFile) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", READER, str(file.path)]
    reader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    return reader


def test_each_message_goes_to_one_of_several_processes(file: QueueFile) -> None:
    readers = [start_reader(file) for _ in range(3)]
    queue = SqliteQueue(file, "jobs")

    for number in range(60):
        queue.send_many([f"{number} a", f"{number} b"])

    told = [line for reader in readers for line in reader.communicate()[0].split("\n") if line]
    assert Counter(told) == Counter(f"{n} {letter}" for n in range(60) for letter in "ab")


def test_killed_reader_loses_and_doubles_nothing(file: QueueFile) -> None:
    queue = SqliteQueue(file, "jobs")
    queue.send_many([str(number) for number in range(3_000)])
    reader = start_reader(file)
    wait_until(lambda: SqliteDepths(file, ["jobs"])().jobs < 2_900, seconds=60)

    reader.send_signal(signal.SIGKILL)
    told = set(reader.communicate()[0].split())

    with file.reading() as connection:
        left = {row[0] for row in connection.execute("SELECT body FROM messages")}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    missing = {str(number) for number in range(3_000)} - left
    assert told <= missing
    assert len(missing - told) <= 3  # deleted, and not told of before the kill


def test_child_that_was_forked_has_a_connection_of_its_own(file: QueueFile) -> None:
    queue = SqliteQueue(file, "jobs")
    queue.send("by the parent")
    child = os.fork()
    if child == 0:
        try:
            queue.send("by the child")
        finally:
            os._exit(0)
    os.waitpid(child, 0)

    assert sorted(bodies(queue)) == ["by the child", "by the parent"]


def test_file_that_is_gone_takes_no_message(file: QueueFile, queue: SqliteQueue) -> None:
    queue.send("a body")
    file.path.unlink()

    with pytest.raises(QueueUnavailable, match="does not exist"):
        queue.send("another")


def test_damaged_file_is_told(file: QueueFile, queue: SqliteQueue) -> None:
    queue.send("a body")
    file.empty_log()
    file.close()
    file.path.write_bytes(b"no database " * 1_000)

    with pytest.raises(QueueUnavailable, match="not a database"):
        queue.send("another")


def test_locked_file_is_told_and_used_again_when_it_is_free(
    file: QueueFile, queue: SqliteQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.home.queue_file._BUSY_S", 0.1)
    file.close()
    other = sqlite3.connect(file.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(QueueUnavailable, match="locked"):
        queue.send("refused")
    other.execute("ROLLBACK")
    other.close()

    queue.send("accepted")

    assert bodies(queue) == ["accepted"]


def test_queue_without_a_plan_is_unavailable_and_named(file: QueueFile) -> None:
    for ask in (SqliteQueue.check, lambda queue: queue.send("a body")):
        with pytest.raises(QueueUnavailable, match="no-such-queue"):
            ask(SqliteQueue(file, "no-such-queue"))


def test_full_disk_is_told_and_costs_no_accepted_message(
    file: QueueFile, queue: SqliteQueue
) -> None:
    queue.send("accepted")
    with file.reading() as connection:
        pages = one(connection, "PRAGMA page_count")
        connection.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(QueueUnavailable, match="full"):
        queue.send_many(["x" * 100_000])

    assert bodies(queue) == ["accepted"]
