"""`efr keys`: created, listed, rotated, revoked."""

from datetime import timedelta

import pytest

from core.access.keys import ApiKey, GivenKey
from tests.unit.cli.cli_fixture import CliFixture


def made(cli: CliFixture, *options: str, tenant: str = "") -> GivenKey:
    of = ("--tenant", tenant) if tenant else ()
    key = GivenKey.read(cli.run(*of, "keys", "create", "door", *options).stdout.strip())
    assert key is not None
    return key


def stored(cli: CliFixture, key: GivenKey) -> ApiKey:
    found = cli.parts().keys.read(key.key_id)
    assert found is not None
    return found


def test_first_key_is_an_admin_key(cli: CliFixture) -> None:
    key = made(cli, "--admin")

    assert stored(cli, key).scopes == ("admin",)
    assert stored(cli, key).collections == ("*",)


def test_key_has_what_it_was_created_with(cli: CliFixture) -> None:
    key = stored(
        cli,
        made(
            cli, "--scope", "recognise", "--scope", "enrol", "--collection", "staff-*",
            "--collection", "guests", "--expires", "90d", tenant="acme",
        ),
    )  # fmt: skip

    assert key.scopes == ("recognise", "enrol")
    assert key.collections == ("staff-*", "guests")
    assert key.tenant == "acme"
    assert key.expires_at is not None
    assert round((key.expires_at - key.created_at) / timedelta(days=1), 3) == 90


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--admin", "--scope", "erase"),
        ("--scope", "everything"),
        ("--admin", "--collection", "a/b"),
        ("--admin", "--expires", "soon"),
    ],
)
def test_key_that_makes_no_sense_is_refused(cli: CliFixture, options: tuple[str, ...]) -> None:
    result = cli.run("keys", "create", "door", *options)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert list(cli.parts().keys.all()) == []


@pytest.mark.parametrize("tenant", ["Acme", "../staff", "", "-x"])
def test_name_that_no_tenant_can_have_is_refused(cli: CliFixture, tenant: str) -> None:
    assert cli.run("--tenant", tenant, "keys", "list").exit_code == 2


def test_list_shows_all_keys_and_no_secret(cli: CliFixture) -> None:
    live, ended = made(cli, "--admin"), made(cli, "--scope", "erase", tenant="acme")
    cli.run("keys", "revoke", ended.key_id, "--yes")

    lines = cli.run("keys", "list").stdout.splitlines()[1:]

    shown = {line.split()[0]: line.split() for line in lines}
    assert shown[live.key_id][1:6] == ["door", "-", "admin", "*", "live"]
    assert shown[ended.key_id][1:6] == ["door", "acme", "erase", "*", "revoked"]
    assert not any(key.secret in line for key in (live, ended) for line in lines)


def test_rotated_key_has_another_secret(cli: CliFixture) -> None:
    former = made(cli, "--admin")

    printed = cli.run("keys", "rotate", former.key_id).stdout.strip()

    latter = GivenKey.read(printed)
    assert latter is not None
    assert latter.key_id == former.key_id
    assert [live.sha256 for live in stored(cli, former).secrets] == [former.sha256, latter.sha256]


@pytest.mark.parametrize("command", ["rotate", "revoke"])
def test_unknown_key_is_an_error(cli: CliFixture, command: str) -> None:
    result = cli.run("keys", command, "0123456789ab")

    assert result.exit_code == 2
    assert result.stderr.startswith("KEY_NOT_FOUND: ")


def test_keys_of_other_tenants_are_not_those_of_the_tenant_that_is_named(cli: CliFixture) -> None:
    ours, theirs = made(cli, "--admin", tenant="acme"), made(cli, "--admin", tenant="globex")

    listed = cli.run("--tenant", "acme", "keys", "list").stdout
    refused = [
        cli.run("--tenant", "acme", "keys", command, theirs.key_id)
        for command in ("rotate", "revoke")
    ]

    assert ours.key_id in listed
    assert theirs.key_id not in listed
    for each in refused:
        assert (each.exit_code, "KEY_NOT_FOUND" in each.stderr) == (2, True)
    assert stored(cli, theirs).revoked_at is None
    assert len(stored(cli, theirs).secrets) == 1


def test_commands_are_about_the_tenant_that_is_named(cli: CliFixture) -> None:
    cli.run("--tenant", "acme", "collections", "create", "staff")
    cli.run("collections", "create", "guests")

    theirs = cli.run("--tenant", "acme", "collections", "list").stdout
    ours = cli.run("collections", "list").stdout

    assert "staff" in theirs
    assert "guests" not in theirs
    assert "guests" in ours
    assert "staff" not in ours
