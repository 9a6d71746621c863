"""Services of the test's own."""

from collections.abc import Iterator

import pytest

from tests.support.metadata_service import MetadataService
from tests.support.task_agent import TaskAgent


@pytest.fixture
def service() -> Iterator[MetadataService]:
    running = MetadataService().start()
    yield running
    running.stop()


@pytest.fixture
def agent() -> Iterator[TaskAgent]:
    running = TaskAgent().start()
    yield running
    running.stop()
