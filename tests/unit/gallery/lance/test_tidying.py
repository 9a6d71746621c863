"""Small fragments of a table are merged, and found without a look at all its rows."""

import uuid
from pathlib import Path

import lancedb
import pyarrow as pa
import pytest

from core.gallery.lance import tidying
from core.gallery.lance.connection import renewable_connection
from core.gallery.lance.newest_table import NewestTable, fragment_sizes, last_fragment
from core.gallery.lance.tidying import Tidying


@pytest.fixture
def table(tmp_path: Path) -> NewestTable:
    """A table of three fragments, of 5, 3 and 2 rows."""
    gallery_id = uuid.uuid4().hex
    created = lancedb.connect(tmp_path).create_table(gallery_id, schema=rows(0).schema)
    for number in (5, 3, 2):
        created.add(rows(number))
    return NewestTable(renewable_connection(str(tmp_path), {}), gallery_id)


def rows(number: int) -> pa.Table:
    return pa.table({"person": pa.array(["Ada"] * number, pa.string())})


def sizes(table: NewestTable, last: int = 1000) -> list[int]:
    return list(table.run(lambda newest: fragment_sizes(newest, last=last)).values())


def test_sizes_are_those_of_all_fragments(table: NewestTable) -> None:
    assert sizes(table) == [5, 3, 2]


@pytest.mark.parametrize(("last", "whole"), [(6, [3, 2]), (5, [2]), (4, [2]), (1, []), (11, None)])
def test_a_fragment_that_may_begin_before_the_last_rows_is_left_out(
    table: NewestTable, last: int, whole: list[int] | None
) -> None:
    assert sizes(table, last=last) == (whole if whole is not None else [5, 3, 2])


def test_last_fragment_is_that_of_the_last_row(table: NewestTable) -> None:
    assert table.run(lambda newest: last_fragment(newest, behind=-1)) == 2
    assert table.run(lambda newest: last_fragment(newest, behind=7)) == 7


def test_larger_tables_are_merged_less_often(
    table: NewestTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "_SPARED", ((9, 1, 100), (1000, 4, 100)))
    tidy = Tidying(table)
    tidy.after(15, 16)  # the first turn, and ten rows are more than nine
    assert sizes(table) == [5, 3, 2]
    tidy.after(63, 64)  # the fourth
    assert sizes(table) == [10]
