"""`efr audit` and `efr receipt`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.faces import face, recognition
from tests.unit.cli.cli_fixture import CliFixture


def listed(cli: CliFixture, *options: str) -> list[dict[str, Any]]:
    result = cli.run("audit", "--json", *options)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def actions(cli: CliFixture, *options: str) -> list[str]:
    return [record["action"] for record in listed(cli, *options)]


@pytest.fixture
def done(cli: CliFixture, tmp_path: Path) -> CliFixture:
    """Return a command line by which something was done of each kind."""
    for person in ("Ada", "Bob"):
        (tmp_path / "people" / person).mkdir(parents=True)
        (tmp_path / "people" / person / "1.jpg").write_bytes(person.encode())
    file = tmp_path / "faces.parquet"
    cli.faces |= {b"Ada": recognition(face(0.5)), b"Bob": recognition(face(1))}
    cli.put("1.jpg")
    cli.faces[b"1.jpg"] = recognition(face(5))
    for command in (
        ("collections", "create", "copy"),
        ("enroll", tmp_path / "people", "--collection", "staff"),
        ("index", "s3://album/", "--collection", "staff", "--person", "Zoe"),
        ("export", file, "--collection", "staff"),
        ("import", file, "--collection", "copy"),
        ("people", "erase", "Ada", "--collection", "copy", "--yes"),
        ("collections", "delete", "copy", "--yes"),
    ):
        result = cli.run(*command)
        assert result.exit_code == 0, result.output
    return cli


def test_commands_leave_records_in_order(done: CliFixture) -> None:
    assert actions(done) == [
        "create_collection",
        "create_collection",
        "enrol",
        "enrol_batch",
        "export",
        "import",
        "erase_person",
        "erase_collection",
    ]
    assert {record["actor"] for record in listed(done)} == {"cli"}


def test_records_of_a_person_are_found_by_the_name(done: CliFixture) -> None:
    assert actions(done, "--person", "Ada") == ["enrol", "erase_person"]
    assert actions(done, "--person", "Zoe") == ["enrol_batch"]
    assert actions(done, "--person", "Eve") == []


def test_records_are_chosen_by_action_and_time(done: CliFixture) -> None:
    assert actions(done, "--action", "export") == ["export"]
    assert actions(done, "--since", "2999-01-01") == []
    assert len(actions(done, "--since", "2020-01-01")) == 8


def test_table_has_a_line_for_each_record_and_no_name(done: CliFixture) -> None:
    lines = done.run("audit").stdout.splitlines()

    assert len(lines) == 9
    assert lines[3].split()[2:5] == ["cli", "enrol", "staff"]
    assert lines[3].endswith("faces 2, changed 2")
    assert not any(name in line for name in ("Ada", "Bob", "Zoe") for line in lines)


def test_receipt_is_printed(done: CliFixture) -> None:
    (erased,) = listed(done, "--action", "erase_person")

    receipt = json.loads(done.run("receipt", erased["id"]).stdout)

    assert (receipt["erased"], receipt["collection_id"]) == ("person", "copy")
    assert receipt["removed"]["faces"] == 1
    assert receipt["is_complete"]


def test_erasure_says_where_its_receipt_is(cli: CliFixture) -> None:
    cli.enrol("default", "Ada")

    said = cli.run("people", "erase", "Ada", "--collection", "default", "--yes").stderr

    receipt_id = said.split("efr receipt ")[1].split()[0]
    assert cli.run("receipt", receipt_id).exit_code == 0


def test_unknown_receipt_is_refused(cli: CliFixture) -> None:
    result = cli.run("receipt", "unknown")

    assert result.exit_code == 2
    assert result.stderr.startswith("RECEIPT_NOT_FOUND: ")


def test_keys_are_audited_in_the_trail_of_their_tenant(cli: CliFixture) -> None:
    key_id = cli.run("--tenant", "acme", "keys", "create", "x", "--admin").stdout.split("_")[1]
    cli.run("keys", "rotate", key_id)
    cli.run("keys", "revoke", key_id, "--yes")

    assert listed(cli) == []
    result = cli.run("--tenant", "acme", "audit", "--json")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["action"] for record in records] == ["create_key", "rotate_key", "revoke_key"]
    assert {(record["key_id"], record["tenant"]) for record in records} == {(key_id, "acme")}
