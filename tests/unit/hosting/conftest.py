"""A metadata service of the test's own."""

from collections.abc import Iterator

import pytest

from tests.support.metadata_service import MetadataService


@pytest.fixture
def service() -> Iterator[MetadataService]:
    running = MetadataService().start()
    yield running
    running.stop()
