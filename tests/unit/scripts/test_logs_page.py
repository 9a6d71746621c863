"""The page of log lines lists them from the code."""

from scripts.logs_page import lines


def test_lines_are_found_with_the_fields_of_all_their_places() -> None:
    found = {line.message: line for line in lines()}

    assert set(found["worker paused"].fields) == {"code", "reason", "pause_s", "lane"}
