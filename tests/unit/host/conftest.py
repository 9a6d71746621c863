"""Services of the test's own."""

from collections.abc import Iterator

import pytest

from tests.support.services.metadata_service import MetadataService
from tests.support.services.task_agent import TaskAgent


@pytest.fixture
def service() -> Iterator[MetadataService]:
    with MetadataService() as running:
        yield running


@pytest.fixture
def agent() -> Iterator[TaskAgent]:
    with TaskAgent() as running:
        yield running
