"""Collections and people on the command line."""

from tests.unit.cli.cli_fixture import CliFixture


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

    result = cli.run("collections", "list")

    head, first, *_, last = result.stdout.splitlines()
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 102
    assert head.split()[:3] == ["collection", "faces", "threshold"]
    assert first.split()[:5] == ["c000", "-", "80", "-", "erasing"]
    assert last.split()[:6] == ["c100", "2", "80", "test-model", "1", "active"]


def test_deleted_collection_is_gone(cli: CliFixture) -> None:
    cli.run("collections", "create", "staff")
    cli.enrol("staff", "Ada")

    result = cli.run("collections", "delete", "staff")

    assert result.exit_code == 0
    assert "1 faces" in result.stdout
    assert cli.index.galleries == {}
    assert cli.run("collections", "delete", "staff").exit_code == 2


def test_erased_person_is_gone_and_others_stay(cli: CliFixture) -> None:
    cli.enrol("default", "Ada", "Bob")

    result = cli.run("people", "erase", "Ada", "--collection", "default")

    assert result.exit_code == 0
    assert cli.names("default") == ["Bob"]


def test_person_is_erased_by_either_spelling_of_the_name(cli: CliFixture) -> None:
    for typed in ("Zo\u00eb", "Zoe\u0308"):
        cli.enrol("default", "Ada", "Zo\u00eb")

        assert cli.run("people", "erase", typed, "--collection", "default").exit_code == 0

        assert cli.names("default") == ["Ada"]


def test_what_is_no_name_is_said_so(cli: CliFixture) -> None:
    result = cli.run("people", "erase", "A\u202eda", "--collection", "default")

    assert result.exit_code == 2
    assert result.stderr.startswith("USAGE: ")


def test_nobody_can_be_erased_who_is_not_enrolled(cli: CliFixture) -> None:
    result = cli.run("people", "erase", "Ada", "--collection", "default")

    assert result.exit_code == 2
    assert result.stderr.startswith("PERSON_NOT_FOUND: ")
