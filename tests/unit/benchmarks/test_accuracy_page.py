import pytest

from benchmarks.accuracy.accuracy_page import PAGE, replaced, with_tables

_PAGE = "by hand\n<!-- one -->\nold\n<!-- end -->\n\n<!-- two -->\nkept\n<!-- end -->\n"


def test_only_the_named_place_is_replaced() -> None:
    assert replaced(_PAGE, "one", "new \\1") == _PAGE.replace("old", "new \\1")


def test_page_without_the_place_is_refused() -> None:
    with pytest.raises(ValueError, match="three"):
        replaced(_PAGE, "three", "new")


def test_page_shows_what_the_artifacts_hold() -> None:
    page = PAGE.read_text()

    assert page == with_tables(page)
