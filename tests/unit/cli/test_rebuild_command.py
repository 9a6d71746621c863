"""A collection into a fresh gallery, whatever happens meanwhile."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.cli.desk import Desk, codes

REBUILD = ("rebuild", "--collection", "default")


def void(answer: object) -> None:
    """Make an event of something that returns an answer."""


def gallery_of(desk: Desk) -> str:
    return desk.collections.get("default").gallery_id


@pytest.fixture
def during_copy(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], None]], None]:
    """Return how to have something happen, once, after the first faces were copied."""

    def plan(event: Callable[[], None]) -> None:
        former, put, pending = gallery_of(desk), desk.index.put, [event]

        def put_and_more(gallery_id: str, faces: list[object]) -> None:
            put(gallery_id, faces)  # type: ignore[arg-type]
            if gallery_id != former and pending:
                pending.pop()()

        monkeypatch.setattr(desk.index, "put", put_and_more)

    return plan


def test_faces_are_in_a_fresh_gallery_and_the_former_is_gone(desk: Desk) -> None:
    desk.enrol("default", "Ada", None, "Eve")
    before, former = desk.enrolled("default"), gallery_of(desk)

    result = desk.run(*REBUILD)

    assert result.exit_code == 0
    assert result.stdout == "3 faces of 'default' were written anew\n"
    assert gallery_of(desk) != former
    assert list(desk.index.galleries) == [gallery_of(desk)]
    assert desk.enrolled("default") == before
    assert list(desk.run_folder.iterdir()) == []


def test_collection_without_faces_stays_as_it_is(desk: Desk) -> None:
    former = gallery_of(desk)

    result = desk.run(*REBUILD)

    assert result.exit_code == 0
    assert gallery_of(desk) == former


def test_faces_that_come_or_change_or_go_during_the_copy_are_carried_over(
    desk: Desk, during_copy: Callable[[Callable[[], None]], None]
) -> None:
    ada, _ = desk.enrol("default", "Ada", "Bob")

    def change() -> None:
        desk.enrol("default", "Eve")
        desk.index.erase(gallery_of(desk), [ada.face_id])
        desk.people.rename("default", "Bob", "Robert")

    during_copy(change)
    desk.run(*REBUILD)

    assert desk.names("default") == ["Eve", "Robert"]


def test_what_a_process_does_in_the_former_gallery_after_the_switch_is_carried_over(
    desk: Desk,
) -> None:
    ada, bob = desk.enrol("default", "Ada", "Bob")
    former = gallery_of(desk)

    def act_on_the_former() -> None:
        assert gallery_of(desk) != former
        desk.index.put(former, [replace(bob, person="Robert")])
        desk.index.erase(former, [ada.face_id])

    desk.on_sleep = act_on_the_former
    desk.run(*REBUILD)

    assert desk.names("default") == ["Robert"]


def test_what_comes_to_the_fresh_gallery_after_the_switch_stays(desk: Desk) -> None:
    desk.enrol("default", "Ada")
    desk.on_sleep = lambda: void(desk.enrol("default", "Eve"))

    desk.run(*REBUILD)

    assert desk.names("default") == ["Ada", "Eve"]


def test_collection_that_is_erased_during_the_copy_stays_erased(
    desk: Desk, during_copy: Callable[[Callable[[], None]], None]
) -> None:
    desk.run("collections", "create", "staff")
    desk.enrol("default", "Ada")
    during_copy(lambda: void(desk.parts().erasure.collection("default")))

    result = desk.run(*REBUILD)

    assert result.exit_code == 2
    assert desk.index.galleries == {}
    assert list(desk.run_folder.iterdir()) == []


def test_no_copy_stays_of_a_collection_that_is_erased_during_it(
    desk: Desk, during_copy: Callable[[Callable[[], None]], None]
) -> None:
    desk.run("collections", "create", "staff")
    desk.enrol("staff", "Ada")
    during_copy(lambda: void(desk.parts().erasure.collection("staff")))

    assert desk.run("rebuild", "--collection", "staff").exit_code != 0

    assert desk.index.galleries == {}
    assert list(desk.run_folder.iterdir()) == []


@pytest.mark.parametrize("what", ["person", "collection"])
def test_faces_that_came_last_are_erased_with_their_person_or_collection(
    desk: Desk, what: str
) -> None:
    (bob, ada) = desk.enrol("default", "Bob", "Ada")
    former = gallery_of(desk)
    desk.index.erase(former, [ada.face_id])

    def enrol_in_the_former_and_erase() -> None:
        desk.on_sleep = lambda: None
        desk.index.put(former, [ada])
        desk.collections.create("staff")
        desk.index.put(gallery_of(desk), [replace(bob, person="Ada")])
        if what == "person":
            desk.parts().erasure.person("default", "Ada")
        else:
            desk.parts().erasure.collection("default")

    desk.on_sleep = enrol_in_the_former_and_erase

    desk.run(*REBUILD)

    assert former not in desk.index.galleries
    assert "Ada" not in desk.names("default")


def test_other_switch_meanwhile_is_a_conflict_that_changes_nothing(
    desk: Desk, during_copy: Callable[[Callable[[], None]], None]
) -> None:
    desk.enrol("default", "Ada")
    other = "f" * 32
    desk.index.create(other, length=128)
    during_copy(lambda: void(desk.collections.swap_gallery(desk.collections.get("default"), other)))

    result = desk.run(*REBUILD)

    assert result.exit_code == 2
    assert codes(result.stderr) == ["CONFLICT"]
    assert gallery_of(desk) == other


def test_interrupted_rebuild_leaves_only_the_former_gallery(
    desk: Desk, during_copy: Callable[[Callable[[], None]], None]
) -> None:
    desk.enrol("default", "Ada")
    former = gallery_of(desk)

    def interrupt() -> None:
        raise KeyboardInterrupt

    during_copy(interrupt)

    assert desk.run(*REBUILD).exit_code == 130
    assert list(desk.index.galleries) == [former]
    assert list(desk.run_folder.iterdir()) == []


def test_gallery_that_a_killed_rebuild_left_is_dropped_by_the_next(desk: Desk) -> None:
    desk.enrol("default", "Ada")
    left = "e" * 32
    desk.index.create(left, length=128)
    desk.run_folder.mkdir()
    (desk.run_folder / "rebuild-default.json").write_text(json.dumps([gallery_of(desk), left]))

    desk.run(*REBUILD)

    assert list(desk.index.galleries) == [gallery_of(desk)]
