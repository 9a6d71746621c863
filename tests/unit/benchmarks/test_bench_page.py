"""The page on the engine's benchmarks shows what the notes and the artifacts hold."""

from benchmarks.engine.bench_page import PAGE, page


def test_page_is_what_its_notes_and_artifacts_make_of_it() -> None:
    assert PAGE.read_text() == page()
