"""Galleries of older versions, brought up to date."""

import pytest

from core.errors import CollectionNotFound
from tests.unit.cli.cli_fixture import CliFixture, codes


def test_every_collection_with_faces_is_brought_up_to_date(
    cli: CliFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for collection_id in ("old", "new", "empty", "erased"):
        cli.run("collections", "create", collection_id)
    for collection_id in ("old", "new", "erased"):
        cli.enrol(collection_id, "Ada")
    galleries = {cli.collections.get(each).gallery_id: each for each in ("old", "new", "erased")}
    asked: list[str] = []

    def upgrade(gallery_id: str) -> bool:
        asked.append(galleries[gallery_id])
        if asked[-1] == "erased":
            raise CollectionNotFound("gone meanwhile")
        return asked[-1] == "old"

    monkeypatch.setattr(cli.index, "upgrade", upgrade)
    result = cli.run("upgrade")

    assert result.exit_code == 0
    assert sorted(asked) == ["erased", "new", "old"]
    assert result.stdout == "3 collections up to date now, 1 of them changed\n"


def test_dry_run_names_what_would_be_changed_and_changes_nothing(
    cli: CliFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for collection_id in ("old", "new"):
        cli.run("collections", "create", collection_id)
        cli.enrol(collection_id, "Ada")
    old = cli.collections.get("old").gallery_id
    monkeypatch.setattr(cli.index, "is_outdated", lambda gallery_id: gallery_id == old)
    monkeypatch.setattr(cli.index, "upgrade", None)  # not to be called

    result = cli.run("upgrade", "--dry-run")

    assert result.exit_code == 0
    assert result.stdout == (
        "'old' gets what this version keeps of each face\n"
        "1 of 2 collections would be changed; nothing was\n"
    )


def test_data_of_a_newer_version_are_not_touched(cli: CliFixture) -> None:
    cli.gallery.objects["format"] = b"2"

    refused = cli.run("collections", "create", "family")

    assert (refused.exit_code, codes(refused.stderr)) == (2, ["DATA_TOO_NEW"])
    assert list(cli.gallery.objects) == ["format"]
