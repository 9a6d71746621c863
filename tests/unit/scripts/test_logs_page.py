"""The page of log lines: its patterns ask for lines and fields that there are."""

import re

import pytest

from scripts.logs_page import lines
from tests.support.photos import ROOT

PAGE = (ROOT / "docs/logs.md").read_text()
PATTERNS = re.findall(r"`(\{ \$\..* \})`", PAGE)
OF_EVERY_LINE = {"level", "message"}


def fields_of(message: str) -> set[str]:
    return {field for line in lines() if line.message == message for field in line.fields}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pattern_asks_for_what_is_logged(pattern: str) -> None:
    asked = set(re.findall(r"\$\.(\w+)", pattern))
    message = re.search(r'\$\.message = "([^"]+)"', pattern)

    if message is None:
        assert asked <= OF_EVERY_LINE
    else:
        assert message[1] in {line.message for line in lines()}
        assert asked <= fields_of(message[1]) | OF_EVERY_LINE


def test_lines_are_found_with_the_fields_of_all_their_places() -> None:
    found = {line.message: line for line in lines()}

    assert len(PATTERNS) > 5
    assert set(found["worker paused"].fields) == {"code", "reason", "pause_s", "lane"}
