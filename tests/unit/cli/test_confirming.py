"""Nothing is erased before someone has said yes."""

import os
import pty
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner, Result
from efr_cli.app import main
from efr_cli.confirming import has_terminal
from efr_cli.listing import Listed

from tests.unit.cli.cli_fixture import CliFixture

STAFF = ("--collection", "staff")
COMMANDS = {
    ("people", "erase", "Ada", *STAFF): "1 face of 'Ada' in 'staff' and a consent note",
    ("people", "forget", "Ada", *STAFF): "1 face of 'Ada' in 'staff' and a consent note",
    ("people", "merge", "Ada", "Bob", *STAFF): "1 face of 'Ada' in 'staff' to 'Bob'",
    ("collections", "delete", "staff"): "collection 'staff' with 2 people and 2 faces",
}


@pytest.fixture
def staffed(cli: CliFixture) -> CliFixture:
    cli.run("collections", "create", "staff")
    cli.enrol("staff", "Ada", "Bob")
    note = ("--text", "Entrance", "--date", "2026-11-30", "--source", "Form 17")
    cli.run("people", "consent", "set", "Ada", *STAFF, *note)
    return cli


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("efr_cli.confirming.has_terminal", lambda: True)


def typed(cli: CliFixture, text: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), obj=cli.parts, input=text)


def commands(group: click.Group = main, path: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, listed in group.commands.items():
        command = listed.load() if isinstance(listed, Listed) else listed
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


def test_commands_that_destroy_take_yes() -> None:
    asking = {
        name
        for name, command in commands()
        if any("--yes" in option.opts for option in command.params)
    }

    assert asking == {
        "people erase",
        "people forget",
        "people merge",
        "reembed",
        "collections delete",
        "dead-letters purge",
        "keys revoke",
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_terminal_nothing_is_done_and_the_counts_are_told(
    staffed: CliFixture, command: tuple[str, ...]
) -> None:
    result = typed(staffed, "y\n", *command)

    assert result.exit_code == 2
    assert result.stderr.startswith("NOT_CONFIRMED: This ")
    assert COMMANDS[command] in result.stderr
    assert "--yes" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert staffed.names("staff") == ["Ada", "Bob"]


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("command", COMMANDS)
def test_answer_of_no_leaves_all_as_it_is(staffed: CliFixture, command: tuple[str, ...]) -> None:
    result = typed(staffed, "n\n", *command)

    assert result.exit_code == 2
    assert COMMANDS[command] in result.stderr
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1] == "NOT_CONFIRMED: nothing was done"
    assert staffed.names("staff") == ["Ada", "Bob"]


@pytest.mark.usefixtures("terminal")
def test_answer_of_yes_erases(staffed: CliFixture) -> None:
    result = typed(staffed, "y\n", "people", "erase", "Ada", *STAFF)

    assert result.exit_code == 0
    assert staffed.names("staff") == ["Bob"]


def test_key_is_revoked_only_by_those_who_say_yes(cli: CliFixture) -> None:
    key_id = cli.run("keys", "create", "door", "--admin").stdout[len("efr_") :][:12]

    refused = cli.run("keys", "revoke", key_id)

    assert refused.exit_code == 2
    expected = f"NOT_CONFIRMED: This ends key {key_id} (door), which was never used"
    assert refused.stderr.startswith(expected)
    assert "live" in cli.run("keys", "list").stdout


def test_what_was_left_of_a_collection_can_still_be_erased(staffed: CliFixture) -> None:
    staffed.collections.begin_erasure("staff")

    assert "broke off" in typed(staffed, "", "collections", "delete", "staff").stderr
    assert staffed.run("collections", "delete", "staff", "--yes").exit_code == 0


def test_terminal_is_where_someone_can_type(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours), os.fdopen(theirs) as terminal, open(os.devnull) as nothing:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdin", terminal)
        assert has_terminal()
        monkeypatch.setattr(sys, "stdin", nothing)
        assert not has_terminal()
