"""People on the command line: erased, and with consent notes."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.cli_fixture import CliFixture

NOTE = ("--text", "Entrance by face", "--date", "2026-11-30", "--source", "Form 17")
STAFF = ("--collection", "staff")


@pytest.fixture
def staffed(cli: CliFixture) -> CliFixture:
    """Return a command line in whose collection ``staff`` Ada is enrolled."""
    cli.run("collections", "create", "staff")
    cli.enrol("staff", "Ada")
    return cli


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


def test_consent_note_is_set_shown_and_audited(staffed: CliFixture) -> None:
    said = staffed.run("people", "consent", "set", "Ada", *STAFF, *NOTE)
    shown = staffed.run("people", "consent", "show", "Ada", *STAFF)

    assert said.exit_code == 0
    assert json.loads(shown.stdout) == {
        "text": "Entrance by face",
        "date": "2026-11-30",
        "source": "Form 17",
    }
    audited = staffed.run("audit", "--person", "Ada", "--action", "consent", "--json").stdout
    assert json.loads(audited)["actor"] == "cli"


def test_consent_note_is_exported_with_the_person(staffed: CliFixture, tmp_path: Path) -> None:
    staffed.run("people", "consent", "set", "Ada", *STAFF, *NOTE)
    staffed.run("export", tmp_path / "faces.parquet", *STAFF)
    staffed.run("collections", "create", "copy")
    staffed.run("import", tmp_path / "faces.parquet", "--collection", "copy")

    shown = staffed.run("people", "consent", "show", "Ada", "--collection", "copy")

    assert json.loads(shown.stdout)["source"] == "Form 17"


def test_person_without_a_note_is_shown_with_none(staffed: CliFixture) -> None:
    assert staffed.run("people", "consent", "show", "Ada", *STAFF).stdout == "null\n"


@pytest.mark.parametrize("command", [("set", "Bob", *NOTE), ("show", "Bob")])
def test_nobody_has_a_note_who_is_not_enrolled(
    staffed: CliFixture, command: tuple[str, ...]
) -> None:
    result = staffed.run("people", "consent", *command, *STAFF)

    assert result.exit_code == 2
    assert result.stderr.startswith("PERSON_NOT_FOUND: ")
    assert staffed.run("audit", "--action", "consent", "--json").stdout == ""


@pytest.mark.parametrize("option", ["--text", "--source"])
def test_note_without_words_is_refused_by_its_option(staffed: CliFixture, option: str) -> None:
    result = staffed.run("people", "consent", "set", "Ada", *STAFF, *NOTE, option, "")

    assert result.exit_code == 2
    assert result.stderr.startswith("USAGE: ")
    assert option in result.stderr
