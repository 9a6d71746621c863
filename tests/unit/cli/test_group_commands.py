"""Groups of unnamed faces on the command line."""

import pytest

from tests.unit.cli.cli_fixture import CliFixture

STAFF = ("--collection", "staff")


@pytest.fixture
def strangers(cli: CliFixture) -> CliFixture:
    """Return a command line in whose collection ``staff`` two strangers have a face each."""
    cli.run("collections", "create", "staff")
    cli.enrol("staff", None, position=5)
    cli.enrol("staff", "Ada", position=0)
    return cli


def group_of(cli: CliFixture, *options: str) -> str:
    """Return the id of the first group that is listed."""
    return cli.run("groups", "list", *STAFF, *options).stdout.splitlines()[1].split()[0]


def test_groups_are_listed_with_their_size(strangers: CliFixture) -> None:
    head, row = strangers.run("groups", "list", *STAFF).stdout.splitlines()

    assert head.split() == ["group", "faces", "may", "be"]
    assert row.split()[1:] == ["1", "-"]


def test_named_group_is_a_person(strangers: CliFixture) -> None:
    result = strangers.run("groups", "name", group_of(strangers), "Bob", *STAFF)

    assert result.stdout == "1 face named 'Bob'\n"
    assert strangers.names("staff") == ["Ada", "Bob"]


def test_ignored_group_is_listed_only_if_asked_for(strangers: CliFixture) -> None:
    group = group_of(strangers)

    strangers.run("groups", "ignore", group, *STAFF)

    assert len(strangers.run("groups", "list", *STAFF).stdout.splitlines()) == 1
    assert group_of(strangers, "--ignored") == group
    strangers.run("groups", "unignore", group, *STAFF)
    assert group_of(strangers) == group


def test_group_that_is_gone_is_said_so(strangers: CliFixture) -> None:
    group = group_of(strangers)
    strangers.run("groups", "name", group, "Bob", *STAFF)

    result = strangers.run("groups", "name", group, "Eve", *STAFF)

    assert result.exit_code == 2
    assert result.stderr.startswith("GROUP_CHANGED: ")
