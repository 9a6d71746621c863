"""Collections on the command line."""

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
