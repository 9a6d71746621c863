"""People on the command line: listed, shown, changed, erased, and with consent notes."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.ports import EnrolledPerson
from tests.unit.cli.cli_fixture import CliFixture

NOTE = ("--text", "Entrance by face", "--date", "2026-11-30", "--source", "Form 17")
STAFF = ("--collection", "staff")


@pytest.fixture
def staffed(cli: CliFixture) -> CliFixture:
    """Return a command line in whose collection ``staff`` Ada is enrolled."""
    cli.run("collections", "create", "staff")
    cli.enrol("staff", "Ada")
    return cli


def listed(cli: CliFixture, *options: str) -> list[dict[str, Any]]:
    result = cli.run("people", "list", *STAFF, "--json", *options)
    return [json.loads(line) for line in result.stdout.splitlines()]


def audited(cli: CliFixture, action: str) -> list[dict[str, Any]]:
    lines = cli.run("audit", "--action", action, "--json").stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_list_reads_the_gallery_once(cli: CliFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.enrol("default", "Ada", "Bob")
    read, asked = cli.index.persons, list[str]()

    def counted(gallery_id: str, **options: Any) -> list[EnrolledPerson]:
        asked.append(gallery_id)
        return read(gallery_id, **options)

    monkeypatch.setattr(cli.index, "persons", counted)

    assert "Bob" in cli.run("people", "list", "--collection", "default").stdout
    assert len(asked) == 1


def test_people_are_listed_in_the_order_that_is_asked_for(staffed: CliFixture) -> None:
    staffed.enrol("staff", "Bob", position=0.5)
    staffed.enrol("staff", "Bob", "Adam", "Bob", position=0.9)

    by_name = staffed.run("people", "list", *STAFF)

    heads = [line.split()[:2] for line in by_name.stdout.splitlines()]
    assert heads == [["person", "faces"], ["Ada", "1"], ["Adam", "1"], ["Bob", "1"]]
    assert [each["person"] for each in listed(staffed, "--prefix", "ad")] == ["Ada", "Adam"]
    assert listed(staffed)[0].keys() >= {"person_id", "faces", "cover", "metadata", "consent"}


def test_person_is_shown_by_name_and_by_id(staffed: CliFixture) -> None:
    (ada,) = listed(staffed)

    shown = staffed.run("people", "show", "Ada", *STAFF)
    by_id = staffed.run("people", "show", ada["person_id"], *STAFF)

    assert shown.stdout.startswith(f"Ada: 1 face, id {ada['person_id']}\n")
    assert ada["cover"] in shown.stdout
    assert by_id.stdout == shown.stdout


def test_renamed_person_keeps_the_id_and_leaves_an_audit_record(staffed: CliFixture) -> None:
    (before,) = listed(staffed)

    result = staffed.run("people", "rename", "Ada", "Ada King", *STAFF)

    assert result.stdout == "'Ada' is 'Ada King' now: 1 face\n"
    (after,) = listed(staffed)
    assert (after["person"], after["person_id"]) == ("Ada King", before["person_id"])
    (record,) = audited(staffed, "rename")
    assert (record["actor"], record["counts"]) == ("cli", {"faces": 1})


def test_renaming_merges_nobody(staffed: CliFixture) -> None:
    staffed.enrol("staff", "Bob", position=0.5)

    result = staffed.run("people", "rename", "Ada", "Bob", *STAFF)

    assert result.exit_code == 2
    assert result.stderr.startswith("PERSON_EXISTS: ")
    assert staffed.names("staff") == ["Ada", "Bob"]


def test_merged_people_are_one_with_the_id_of_the_other(staffed: CliFixture) -> None:
    staffed.enrol("staff", "Bob", position=0.5)
    bob = listed(staffed)[1]

    result = staffed.run("people", "merge", "Ada", "Bob", *STAFF, "--yes")

    assert result.exit_code == 0
    (one,) = listed(staffed)
    assert (one["person"], one["faces"], one["person_id"]) == ("Bob", 2, bob["person_id"])
    assert audited(staffed, "merge")[0]["counts"] == {"faces": 1}


@pytest.mark.parametrize("other", ["Ada", "Nobody"])
def test_person_is_merged_with_another_one_only(staffed: CliFixture, other: str) -> None:
    result = staffed.run("people", "merge", "Ada", other, *STAFF, "--yes")

    assert result.exit_code == 2
    assert staffed.names("staff") == ["Ada"]


def test_people_are_merged_only_by_those_who_say_yes(staffed: CliFixture) -> None:
    staffed.enrol("staff", "Bob", position=0.5)

    result = staffed.run("people", "merge", "Ada", "Bob", *STAFF)

    assert result.exit_code == 2
    assert result.stderr.startswith("NOT_CONFIRMED: This gives 1 face of 'Ada' in 'staff' to 'Bob'")
    assert staffed.names("staff") == ["Ada", "Bob"]


def test_metadata_and_cover_are_set_and_taken_away(staffed: CliFixture) -> None:
    (face,) = staffed.enrol("staff", "Ada", position=0.4)
    describe = ("people", "describe", "Ada", *STAFF)

    said = staffed.run(*describe, "--metadata", "room=17", "--cover", face.face_id)

    assert said.stdout == f"'Ada': room=17, shown by face {face.face_id}\n"
    assert listed(staffed)[0]["metadata"] == {"room": "17"}
    cleared = staffed.run(*describe, "--no-metadata", "--no-cover", "--json")
    assert json.loads(cleared.stdout).items() >= {"metadata": {}, "cover": None}.items()
    assert len(audited(staffed, "describe_person")) == 4


def test_face_of_another_person_can_be_no_cover(staffed: CliFixture) -> None:
    (face,) = staffed.enrol("staff", "Bob", position=0.5)

    result = staffed.run(
        "people", "describe", "Ada", *STAFF, "--cover", face.face_id, "--metadata", "room=17"
    )

    assert result.exit_code == 2
    assert result.stderr.startswith("NOT_THEIR_FACE: ")
    assert listed(staffed)[0]["metadata"] == {}


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--cover", "best"),
        ("--no-metadata", "--metadata", "a=b"),
        ("--no-cover", "--cover", ""),
    ],
)
def test_description_that_says_nothing_or_too_much_is_wrong_usage(
    staffed: CliFixture, options: tuple[str, ...]
) -> None:
    result = staffed.run("people", "describe", "Ada", *STAFF, *options)

    assert result.exit_code == 2
    assert result.stderr.startswith("USAGE: ")


@pytest.mark.parametrize(
    "command", [("show", "Bob"), ("rename", "Bob", "Bo"), ("describe", "Bob", "--no-cover")]
)
def test_person_who_is_not_enrolled_is_not_found(
    staffed: CliFixture, command: tuple[str, ...]
) -> None:
    result = staffed.run("people", *command, *STAFF)

    assert result.exit_code == 2
    assert result.stderr.startswith("PERSON_NOT_FOUND: ")


def test_forget_is_a_second_name_of_erase(staffed: CliFixture) -> None:
    staffed.enrol("staff", "Bob", position=0.5)

    assert staffed.run("people", "forget", "Ada", *STAFF, "--yes").exit_code == 0

    assert staffed.names("staff") == ["Bob"]


def test_erased_person_is_gone_and_others_stay(cli: CliFixture) -> None:
    cli.enrol("default", "Ada", "Bob")

    result = cli.run("people", "erase", "Ada", "--collection", "default", "--yes")

    assert result.exit_code == 0
    assert cli.names("default") == ["Bob"]


def test_person_is_erased_by_either_spelling_of_the_name(cli: CliFixture) -> None:
    for typed in ("Zo\u00eb", "Zoe\u0308"):
        cli.enrol("default", "Ada", "Zo\u00eb")

        assert cli.run("people", "erase", typed, "--collection", "default", "--yes").exit_code == 0

        assert cli.names("default") == ["Ada"]


def test_what_is_no_name_is_said_so(cli: CliFixture) -> None:
    result = cli.run("people", "erase", "A\u202eda", "--collection", "default", "--yes")

    assert result.exit_code == 2
    assert result.stderr.startswith("USAGE: ")


def test_nobody_can_be_erased_who_is_not_enrolled(cli: CliFixture) -> None:
    result = cli.run("people", "erase", "Ada", "--collection", "default", "--yes")

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
