"""Galleries of older versions, brought up to date."""

import pytest

from core.errors import CollectionNotFound
from tests.unit.cli.cli_fixture import CliFixture


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
    assert result.stdout == "3 collections are up to date, 1 of them were not before\n"
