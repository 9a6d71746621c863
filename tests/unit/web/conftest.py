"""The web application of the web tier's tests."""

import pytest

from tests.unit.web.web_fixture import WebFixture


@pytest.fixture
def web() -> WebFixture:
    return WebFixture()
