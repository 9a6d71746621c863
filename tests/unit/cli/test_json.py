"""Every command that prints something prints JSON for programs, with the names of the API."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from efr_cli.app import main
from efr_cli.listing import Listed

from core.collections.shown.collections import CollectionDescription
from core.collections.shown.people import PersonFaces, PersonRenamed, PersonSummary
from tests.unit.cli.cli_fixture import CliFixture

STAFF = ("--collection", "staff")
PROCESSES = {"serve", "worker", "autoscaler"}


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, listed in group.commands.items():
        command = listed.load() if isinstance(listed, Listed) else listed
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def lines(cli: CliFixture, *arguments: str | Path) -> list[Any]:
    result = cli.run(*arguments, "--json")
    assert result.exit_code in (0, 1), result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def line(cli: CliFixture, *arguments: str | Path) -> dict[str, Any]:
    (only,) = lines(cli, *arguments)
    assert isinstance(only, dict)
    return only


@pytest.fixture
def staffed(cli: CliFixture) -> CliFixture:
    cli.run("collections", "create", "staff")
    cli.enrol("staff", "Ada", "Bob")
    return cli


@pytest.mark.parametrize("command", [each for each in commands() if each[0] not in PROCESSES])
def test_command_that_prints_has_json(cli: CliFixture, command: tuple[str, ...]) -> None:
    assert "--json" in cli.run(*command, "--help").stdout


def test_lists_are_a_line_for_each_thing(staffed: CliFixture) -> None:
    (staff,) = lines(staffed, "collections", "list", "--counts")
    people = lines(staffed, "people", "list", *STAFF)

    assert staff.keys() == CollectionDescription.model_fields.keys() | {"state"}
    assert (staff["collection_id"], staff["persons"], staff["faces"]) == ("staff", 2, 2)
    assert [each["person"] for each in people] == ["Ada", "Bob"]
    assert people[0].keys() == PersonSummary.model_fields.keys()
    assert lines(staffed, "keys", "list") == []


def test_answers_of_collections_and_people_are_those_of_the_api(staffed: CliFixture) -> None:
    made = line(staffed, "collections", "create", "guests", "--metadata", "town=Ulm")
    changed = line(staffed, "collections", "change", "guests", "--threshold", "70")
    shown = line(staffed, "people", "show", "Ada", *STAFF)
    renamed = line(staffed, "people", "rename", "Ada", "Ada King", *STAFF)

    assert made.keys() == changed.keys() == CollectionDescription.model_fields.keys()
    assert (made["metadata"], changed["threshold"]) == ({"town": "Ulm"}, 70)
    assert shown.keys() == PersonFaces.model_fields.keys()
    assert renamed.keys() == PersonRenamed.model_fields.keys()


def test_erasures_print_their_receipts(staffed: CliFixture) -> None:
    person = line(staffed, "people", "erase", "Ada", *STAFF, "--yes")
    collection = line(staffed, "collections", "delete", "staff", "--yes")

    assert (person["erased"], person["removed"]["faces"]) == ("person", 1)
    assert line(staffed, "receipt", person["receipt_id"]) == person
    assert (collection["erased"], collection["removed"]["faces"]) == ("collection", 1)


def test_photos_that_are_not_used_are_named_with_the_reason(
    staffed: CliFixture, tmp_path: Path
) -> None:
    (tmp_path / "Ada").mkdir()
    (tmp_path / "Ada" / "ada.jpg").write_bytes(b"Ada")
    (tmp_path / "stray.jpg").write_bytes(b"stray")
    staffed.put("a.jpg", "b\x07.jpg")

    enrolled = line(staffed, "enroll", tmp_path, *STAFF)
    indexed = line(staffed, "index", "s3://album/", *STAFF)

    assert (enrolled["photos"], enrolled["persons"], enrolled["changed"]) == (1, 1, 1)
    assert enrolled["unused"][0]["photo"] == str(tmp_path / "stray.jpg")
    assert (indexed["photos"], indexed["indexed"], indexed["faces"]) == (2, 1, 1)
    assert indexed["unused"][0]["reason"].startswith("INVALID_KEY: ")


def test_moved_faces_are_counted(staffed: CliFixture, tmp_path: Path) -> None:
    file = tmp_path / "faces.parquet"

    assert line(staffed, "export", file, *STAFF)["faces"] == 2
    assert line(staffed, "import", file, *STAFF)["changed"] == 0
    assert line(staffed, "rebuild", *STAFF) == {"collection_id": "staff", "faces": 2}
    assert line(staffed, "upgrade") == {"collections": 1, "changed": 0}


def test_secret_of_a_key_is_in_the_answer_that_makes_it_and_in_no_other(cli: CliFixture) -> None:
    made = line(cli, "keys", "create", "door", "--admin")

    (listed,) = lines(cli, "keys", "list")
    revoked = line(cli, "keys", "revoke", made["key_id"], "--yes")

    assert made["key"].startswith(f"efr_{made['key_id']}")
    assert listed.keys() == revoked.keys() | {"last_use"}
    assert "key" not in listed
    assert (listed["state"], revoked["state"]) == ("live", "revoked")
