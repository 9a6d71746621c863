"""The page on scaling shows what the artifacts hold."""

from benchmarks.service.pipeline_page import PAGE, with_tables


def test_page_is_what_its_artifacts_make_of_it() -> None:
    page = PAGE.read_text()

    assert with_tables(page) == page
