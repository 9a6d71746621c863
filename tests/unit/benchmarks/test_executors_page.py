from benchmarks.service.executors_page import PAGE, with_tables


def test_page_shows_what_the_artifact_holds() -> None:
    page = PAGE.read_text()

    assert page == with_tables(page)
