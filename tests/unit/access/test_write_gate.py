"""The gate that lets nobody change people while all is moved."""

import inspect
import threading
from collections.abc import Callable
from typing import Any, Final

import pytest

from core.access.write_gate import (
    KNOWN_AFTER_S,
    LOOK_AGAIN_S,
    MoveNote,
    Stage,
    WriteGate,
    gated_bucket,
    gated_index,
    leave_note,
    move_note,
)
from core.errors import ReadOnly, StorageUnavailable
from core.ground.storage_keys import MOVE, WITHOUT_PEOPLE
from core.ports import Bucket, FaceIndex
from core.testing import ManualClock, MemoryStore
from harness.waiting import wait_until

READS_OF_BUCKET: Final = {
    *("get", "notes", "now", "get_if_changed", "keys", "page", "versions"),
    *("check", "obstacle", "keeps_versions"),
    "forget_old_below",  # of old versions, which nobody reads
}
READS_OF_INDEX: Final = {
    *("is_outdated", "get", "page", "unnamed", "count", "count_people", "persons"),
    *("search", "search_people", "refresh", "close"),
}
"""What changes nobody. A method that is new belongs here only if it reads and no more."""


def note(stage: Stage) -> MoveNote:
    return MoveNote(move_id="m", other="elsewhere", stage=stage)


class Gate:
    """A gate, its store and its time."""

    def __init__(self, *, finishes: bool = False) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore()
        self.gate = WriteGate(self.store, finishes=finishes, clock=self.clock)
        self.reads: list[float] = []
        get = self.store.get

        def noted(key: str, **options: Any) -> Any:
            if key == MOVE:
                self.reads.append(self.clock())
            return get(key, **options)

        self.store.get = noted  # type: ignore[method-assign]

    def leave(self, stage: Stage | None) -> None:
        leave_note(self.store, None if stage is None else note(stage))

    def is_open(self) -> bool:
        try:
            self.gate.check()
        except ReadOnly:
            return False
        return True


@pytest.mark.parametrize(
    ("stage", "may_accept", "may_finish"),
    [
        (None, True, True),
        ("copying", True, True),
        ("closing", False, True),
        ("closed", False, False),
        ("arriving", False, False),
    ],
)
def test_stage_of_a_move_says_who_may_write(
    stage: Stage | None, may_accept: bool, may_finish: bool
) -> None:
    accepting, finishing = Gate(), Gate(finishes=True)
    for each in (accepting, finishing):
        each.leave(stage)

    assert (accepting.is_open(), finishing.is_open()) == (may_accept, may_finish)


def test_note_is_read_once_a_second() -> None:
    gate = Gate()
    for _ in range(5):
        assert gate.is_open()
    assert len(gate.reads) == 1
    gate.leave("closed")
    assert gate.is_open()

    gate.clock.advance(LOOK_AGAIN_S)

    assert not gate.is_open()
    assert len(gate.reads) == 2


def test_storage_that_is_away_keeps_a_gate_as_it_was_and_no_longer_than_a_note_is_trusted() -> None:
    is_open, is_closed = Gate(), Gate()
    is_closed.leave("closed")
    for gate in (is_open, is_closed):
        gate.is_open()
        gate.store.available = False
        gate.clock.advance(KNOWN_AFTER_S - 0.1)

    assert is_open.is_open()
    assert not is_closed.is_open()
    for gate in (is_open, is_closed):
        gate.clock.advance(0.1)
        with pytest.raises(StorageUnavailable) as refused:
            gate.gate.check()
        assert refused.value.code == "STORAGE_UNAVAILABLE"


def test_note_that_this_version_does_not_know_lets_nobody_pass() -> None:
    gate = Gate()
    gate.store.put(MOVE, b'{"stage": "another"}', content_type="application/json")

    with pytest.raises(StorageUnavailable, match="is no note of a move"):
        gate.gate.check()


class SlowReads:
    """Lets the reads of a store wait for a test, once they have read."""

    def __init__(self, gate: Gate) -> None:
        self.begun = 0
        self.go_on = [threading.Event() for _ in range(9)]
        self._get = gate.store.get
        gate.store.get = self.get  # type: ignore[method-assign]

    def get(self, key: str, **options: Any) -> Any:
        if key != MOVE:
            return self._get(key, **options)
        number, self.begun = self.begun, self.begun + 1
        try:
            return self._get(key, **options)
        finally:
            assert self.go_on[number].wait(10)


def beside(action: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Run an action in a thread, and note what it returned or raised."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(action())
        except StorageUnavailable as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, outcome


def test_slow_read_keeps_no_other_writer_waiting() -> None:
    gate = Gate()
    assert gate.is_open()
    gate.clock.advance(LOOK_AGAIN_S)
    slow = SlowReads(gate)
    reader, read = beside(gate.is_open)
    wait_until(lambda: slow.begun == 1)

    assert [gate.is_open() for _ in range(3)] == [True, True, True]

    assert (slow.begun, read) == (1, [])
    slow.go_on[0].set()
    reader.join(10)
    assert read == [True]


def test_writers_without_a_note_that_is_new_enough_each_read_their_own() -> None:
    gate = Gate()
    slow = SlowReads(gate)
    both = [beside(gate.is_open), beside(gate.is_open)]

    wait_until(lambda: slow.begun == 2)

    slow.go_on[1].set()
    slow.go_on[0].set()
    for thread, outcome in both:
        thread.join(10)
        assert outcome == [True]


def test_answer_that_came_late_opens_no_gate_that_was_closed_meanwhile() -> None:
    gate = Gate()
    slow = SlowReads(gate)
    late, outcome = beside(gate.is_open)
    wait_until(lambda: slow.begun == 1)
    gate.leave("closed")
    gate.clock.advance(1)
    slow.go_on[1].set()
    assert not gate.is_open()

    slow.go_on[0].set()
    late.join(10)

    assert outcome == [False]
    assert not gate.is_open()


def test_answer_that_is_too_old_when_it_comes_lets_nobody_pass() -> None:
    gate = Gate()
    slow = SlowReads(gate)
    late, outcome = beside(gate.is_open)
    wait_until(lambda: slow.begun == 1)
    gate.leave("closed")
    gate.clock.advance(KNOWN_AFTER_S)

    slow.go_on[0].set()
    late.join(10)

    assert isinstance(outcome[0], StorageUnavailable)


def methods_of(protocol: type) -> set[str]:
    """Return the names of the public methods of a protocol, and of those that it extends."""
    return {
        name
        for name, _ in inspect.getmembers(protocol, inspect.isfunction)
        if not name.startswith("_")
    }


class Untouched:
    """Fails when anything is done with it."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        def do(*_: object, **__: object) -> None:
            raise AssertionError(f"{name} was passed on")

        return do


@pytest.mark.parametrize("name", sorted(methods_of(FaceIndex) - READS_OF_INDEX))
def test_closed_gate_lets_no_method_of_the_index_pass_that_changes_anything(name: str) -> None:
    gate = Gate()
    gate.leave("closed")
    index: Any = gated_index(Untouched(), gate.gate)  # type: ignore[arg-type]

    with pytest.raises(ReadOnly):
        getattr(index, name)("0" * 32)


@pytest.mark.parametrize("name", sorted(methods_of(Bucket) - READS_OF_BUCKET))
@pytest.mark.parametrize("key", ["consents/a", "tenants/acme/consents/a"])
def test_closed_gate_lets_no_method_of_the_bucket_pass_that_changes_people(
    name: str, key: str
) -> None:
    gate = Gate()
    gate.leave("closed")
    bucket: Any = gated_bucket(Untouched(), gate.gate)  # type: ignore[arg-type]

    with pytest.raises(ReadOnly):
        getattr(bucket, name)([key] if name.endswith("many") else key)


@pytest.mark.parametrize(
    ("gated", "protocol", "reads"),
    [(gated_bucket, Bucket, READS_OF_BUCKET), (gated_index, FaceIndex, READS_OF_INDEX)],
)
def test_closed_gate_lets_all_reads_pass(
    gated: Callable[[Any, WriteGate], Any], protocol: type, reads: set[str]
) -> None:
    gate = Gate()
    gate.leave("closed")
    passed = gated(Untouched(), gate.gate)

    assert reads <= methods_of(protocol)
    for name in reads:
        with pytest.raises(AssertionError, match="was passed on"):
            getattr(passed, name)("0" * 32)


@pytest.mark.parametrize("folder", WITHOUT_PEOPLE)
@pytest.mark.parametrize("prefix", ["", "tenants/acme/"])
def test_what_tells_nothing_about_people_is_written_also_behind_a_closed_gate(
    folder: str, prefix: str
) -> None:
    gate = Gate()
    gate.leave("closed")

    gated_bucket(gate.store, gate.gate).put(f"{prefix}{folder}a", b"", content_type="text/plain")

    assert f"{prefix}{folder}a" in gate.store.objects


def test_note_is_as_it_was_left() -> None:
    store = MemoryStore()
    leave_note(store, note("closing"))

    assert move_note(store) == note("closing")
    leave_note(store, None)
    assert move_note(store) is None
