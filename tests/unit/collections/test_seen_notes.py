"""Notes of photos are asked for once, and forgotten with the photo."""

from core.collections.erasing.seen_notes import SeenNotes
from core.ports import ObjectNotes
from core.testing import MemoryStore


class Counting(MemoryStore):
    """A bucket that counts how often it was asked for notes."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def notes(self, key: str) -> ObjectNotes:
        self.asked.append(key)
        return super().notes(key)


def bucket(*keys: str) -> Counting:
    inputs = Counting()
    for key in keys:
        inputs.put(key, b"", content_type="image/jpeg", metadata={"person": key})
    return inputs


def test_each_photo_is_asked_for_once_while_it_waits() -> None:
    inputs = bucket("a", "b")
    seen = SeenNotes(inputs)
    seen.of(["a"], threads=2)

    noted = seen.of(["a", "b"], threads=2)

    assert {key: notes.metadata["person"] for key, notes in noted.items()} == {"a": "a", "b": "b"}
    assert sorted(inputs.asked) == ["a", "b"]


def test_photo_that_waits_no_more_is_not_remembered() -> None:
    inputs = bucket("a", "b")
    seen = SeenNotes(inputs)
    seen.of(["a", "b"], threads=2)
    seen.of(["b"], threads=2)

    seen.of(["a"], threads=2)

    assert sorted(inputs.asked) == ["a", "a", "b"]


def test_photo_that_is_gone_by_now_has_no_notes() -> None:
    assert SeenNotes(bucket()).of(["a"], threads=2) == {}
