"""A collection into a fresh gallery, whatever happens meanwhile."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.cli.cli_fixture import CliFixture, codes

REBUILD = ("rebuild", "--collection", "default")


def void(answer: object) -> None:
    """Make an event of something that returns an answer."""


def gallery_of(cli: CliFixture) -> str:
    return cli.collections.get("default").gallery_id


@pytest.fixture
def during_copy(
    cli: CliFixture, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], None]], None]:
    """Return how to have something happen, once, after the first faces were copied."""

    def plan(event: Callable[[], None]) -> None:
        former, put, pending = gallery_of(cli), cli.index.put, [event]

        def put_and_more(gallery_id: str, faces: list[object]) -> None:
            put(gallery_id, faces)  # type: ignore[arg-type]
            if gallery_id != former and pending:
                pending.pop()()

        monkeypatch.setattr(cli.index, "put", put_and_more)

    return plan


def test_faces_are_in_a_fresh_gallery_and_the_former_is_gone(cli: CliFixture) -> None:
    cli.enrol("default", "Ada", None, "Eve")
    before, former = cli.enrolled("default"), gallery_of(cli)

    result = cli.run(*REBUILD)

    assert result.exit_code == 0
    assert result.stdout == "3 faces of 'default' moved to a fresh gallery\n"
    assert gallery_of(cli) != former
    assert list(cli.index.galleries) == [gallery_of(cli)]
    assert cli.enrolled("default") == before
    assert list(cli.run_folder.iterdir()) == []


def test_collection_without_faces_stays_as_it_is(cli: CliFixture) -> None:
    former = gallery_of(cli)

    result = cli.run(*REBUILD)

    assert result.exit_code == 0
    assert gallery_of(cli) == former


def test_faces_that_come_or_change_or_go_during_the_copy_are_carried_over(
    cli: CliFixture, during_copy: Callable[[Callable[[], None]], None]
) -> None:
    ada, _ = cli.enrol("default", "Ada", "Bob")

    def change() -> None:
        cli.enrol("default", "Eve")
        cli.index.erase(gallery_of(cli), [ada.face_id])
        cli.people.rename("default", "Bob", "Robert")

    during_copy(change)
    cli.run(*REBUILD)

    assert cli.names("default") == ["Eve", "Robert"]


def test_what_a_process_does_in_the_former_gallery_after_the_switch_is_carried_over(
    cli: CliFixture,
) -> None:
    ada, bob = cli.enrol("default", "Ada", "Bob")
    former = gallery_of(cli)

    def act_on_the_former() -> None:
        assert gallery_of(cli) != former
        cli.index.put(former, [replace(bob, person="Robert")])
        cli.index.erase(former, [ada.face_id])

    cli.on_sleep = act_on_the_former
    cli.run(*REBUILD)

    assert cli.names("default") == ["Robert"]


def test_what_comes_to_the_fresh_gallery_after_the_switch_stays(cli: CliFixture) -> None:
    cli.enrol("default", "Ada")
    cli.on_sleep = lambda: void(cli.enrol("default", "Eve"))

    cli.run(*REBUILD)

    assert cli.names("default") == ["Ada", "Eve"]


def test_collection_that_is_erased_during_the_copy_stays_erased(
    cli: CliFixture, during_copy: Callable[[Callable[[], None]], None]
) -> None:
    cli.run("collections", "create", "staff")
    cli.enrol("default", "Ada")
    during_copy(lambda: void(cli.parts().erasure.collection("default")))

    result = cli.run(*REBUILD)

    assert result.exit_code == 2
    assert cli.index.galleries == {}
    assert list(cli.run_folder.iterdir()) == []


def test_no_copy_stays_of_a_collection_that_is_erased_during_it(
    cli: CliFixture, during_copy: Callable[[Callable[[], None]], None]
) -> None:
    cli.run("collections", "create", "staff")
    cli.enrol("staff", "Ada")
    during_copy(lambda: void(cli.parts().erasure.collection("staff")))

    assert cli.run("rebuild", "--collection", "staff").exit_code != 0

    assert cli.index.galleries == {}
    assert list(cli.run_folder.iterdir()) == []


@pytest.mark.parametrize("what", ["person", "collection"])
def test_faces_that_came_last_are_erased_with_their_person_or_collection(
    cli: CliFixture, what: str
) -> None:
    (bob, ada) = cli.enrol("default", "Bob", "Ada")
    former = gallery_of(cli)
    cli.index.erase(former, [ada.face_id])

    def enrol_in_the_former_and_erase() -> None:
        cli.on_sleep = lambda: None
        cli.index.put(former, [ada])
        cli.collections.create("staff")
        cli.index.put(gallery_of(cli), [replace(bob, person="Ada")])
        if what == "person":
            cli.parts().erasure.person("default", "Ada")
        else:
            cli.parts().erasure.collection("default")

    cli.on_sleep = enrol_in_the_former_and_erase

    cli.run(*REBUILD)

    assert former not in cli.index.galleries
    assert "Ada" not in cli.names("default")


def test_other_switch_meanwhile_is_a_conflict_that_changes_nothing(
    cli: CliFixture, during_copy: Callable[[Callable[[], None]], None]
) -> None:
    cli.enrol("default", "Ada")
    other = "f" * 32
    cli.index.create(other, length=128)
    during_copy(lambda: void(cli.collections.swap_gallery(cli.collections.get("default"), other)))

    result = cli.run(*REBUILD)

    assert result.exit_code == 2
    assert codes(result.stderr) == ["CONFLICT"]
    assert gallery_of(cli) == other


def test_interrupted_rebuild_leaves_only_the_former_gallery(
    cli: CliFixture, during_copy: Callable[[Callable[[], None]], None]
) -> None:
    cli.enrol("default", "Ada")
    former = gallery_of(cli)

    def interrupt() -> None:
        raise KeyboardInterrupt

    during_copy(interrupt)

    assert cli.run(*REBUILD).exit_code == 130
    assert list(cli.index.galleries) == [former]
    assert list(cli.run_folder.iterdir()) == []


def test_gallery_that_a_killed_rebuild_left_is_dropped_by_the_next(cli: CliFixture) -> None:
    cli.enrol("default", "Ada")
    left = "e" * 32
    cli.index.create(left, length=128)
    cli.run_folder.mkdir()
    (cli.run_folder / "rebuild-default.json").write_text(json.dumps([gallery_of(cli), left]))

    cli.run(*REBUILD)

    assert list(cli.index.galleries) == [gallery_of(cli)]
