"""Collections on the command line."""

from dataclasses import replace
from typing import NoReturn

import pytest
from click.testing import CliRunner
from efr_cli.app import main
from efr_cli.context import join_context

from tests.unit.cli.cli_fixture import SETTINGS, CliFixture


def test_collection_is_made_with_threshold_and_metadata(cli: CliFixture) -> None:
    result = cli.run(
        *("collections", "create", "staff", "--threshold", "90"),
        *("--metadata", "site=north", "--metadata", "note=a=b"),
    )

    made = cli.collections.get("staff")
    assert result.exit_code == 0
    assert made.threshold == 90
    assert made.metadata == {"site": "north", "note": "a=b"}


def test_collection_that_exists_is_not_made_again(cli: CliFixture) -> None:
    cli.run("collections", "create", "staff")

    result = cli.run("collections", "create", "staff")

    assert result.exit_code == 2
    assert result.stderr.startswith("COLLECTION_EXISTS: ")


def test_id_with_other_characters_is_refused(cli: CliFixture) -> None:
    result = cli.run("collections", "create", "../staff")

    assert result.exit_code == 2
    assert result.stderr.startswith("INVALID_COLLECTION_ID: ")


def test_all_collections_are_listed_with_their_faces(cli: CliFixture) -> None:
    for number in range(101):
        cli.run("collections", "create", f"c{number:03}")
    cli.enrol("c100", "Ada", "Bob")
    cli.collections.begin_erasure("c000")

    result = cli.run("collections", "list", "--counts")

    head, first, *_, last = result.stdout.splitlines()
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 102
    assert head.split()[:4] == ["collection", "persons", "faces", "threshold"]
    assert first.split()[:6] == ["c000", "-", "-", "80", "-", "erasing"]
    assert last.split()[:7] == ["c100", "2", "2", "80", "test-model", "1", "active"]


def test_list_makes_no_queue_and_asks_no_bucket_for_its_versions(cli: CliFixture) -> None:
    cli.run("collections", "create", "staff")
    joined = cli.memory.joined()
    bare = replace(joined, queue=refused, run_in_background=refused)

    result = CliRunner().invoke(
        main, ["collections", "list"], obj=lambda realm: join_context(SETTINGS, bare, realm)
    )

    assert result.exit_code == 0, result.exception
    assert "staff" in result.stdout


def refused(*what: object) -> NoReturn:
    raise AssertionError(what)


def test_list_without_counts_opens_no_gallery(
    cli: CliFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.run("collections", "create", "staff", "--threshold", "70")
    cli.enrol("staff", "Ada")
    for counting in ("count", "count_people"):
        monkeypatch.setattr(cli.index, counting, None)

    result = cli.run("collections", "list")

    assert result.exit_code == 0
    head, row = result.stdout.splitlines()
    assert head.split()[:2] == ["collection", "threshold"]
    assert row.split()[:5] == ["staff", "70", "test-model", "1", "active"]


def test_collection_is_shown_with_what_it_holds(cli: CliFixture) -> None:
    cli.run("collections", "create", "staff", "--metadata", "town=Ulm")
    cli.enrol("staff", "Ada", "Bob")

    lines = cli.run("collections", "show", "staff").stdout.splitlines()

    assert lines[0] == "staff: 2 people, 2 faces"
    assert lines[3:] == ["model: test-model 1", "metadata: town=Ulm"]
    assert cli.run("collections", "show", "guests").stderr.startswith("COLLECTION_NOT_FOUND: ")


def test_deleted_collection_is_gone(cli: CliFixture) -> None:
    cli.run("collections", "create", "staff")
    cli.enrol("staff", "Ada")

    result = cli.run("collections", "delete", "staff", "--yes")

    assert result.exit_code == 0
    assert "1 face," in result.stdout
    assert cli.index.galleries == {}
    assert cli.run("collections", "delete", "staff", "--yes").exit_code == 2


def test_collection_gets_a_rate_a_threshold_or_the_usual_one(cli: CliFixture) -> None:
    cli.run("collections", "create", "staff", "--false-name-rate", "0.5")
    assert cli.collections.now("staff").false_name_rate == 0.5

    strict = cli.run("collections", "change", "staff", "--threshold", "90")
    assert strict.stdout == "collection 'staff': threshold 90\n"
    cli.run("collections", "change", "staff", "--false-name-rate", "0.001")
    changed = cli.collections.now("staff")
    assert (changed.threshold, changed.false_name_rate) == (None, 0.001)
    cli.run("collections", "change", "staff", "--default")
    assert cli.collections.now("staff").false_name_rate is None


@pytest.mark.parametrize(
    "options",
    [[], ["--default", "--threshold", "80"], ["--false-name-rate", "0"], ["--threshold", "101"]],
)
def test_odd_change_of_a_collection_is_a_usage_error(cli: CliFixture, options: list[str]) -> None:
    cli.run("collections", "create", "staff")

    assert cli.run("collections", "change", "staff", *options).exit_code == 2
