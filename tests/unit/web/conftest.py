"""The in-memory site of the web tier's tests."""

import pytest

from tests.unit.web.site import Site


@pytest.fixture
def site() -> Site:
    return Site()
