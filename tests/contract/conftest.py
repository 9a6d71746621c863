"""Every engine of the face index, for the tests that are the same on all of them."""

from collections.abc import Iterator

import pytest

from core.ports import FaceIndex
from core.settings import Settings
from harness.localstack import LocalStack
from tests.support.indexes import ENGINES, Engines, running_engines, settings_of_new_bucket


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    with running_engines(tmp_path_factory.mktemp("engines")) as running:
        yield running


@pytest.fixture(scope="session")
def bucket_settings(localstack: LocalStack) -> Settings:
    return settings_of_new_bucket(localstack)


@pytest.fixture(params=ENGINES)
def index(request: pytest.FixtureRequest, engines: Engines) -> Iterator[FaceIndex]:
    opened = engines.open(request.param, request)
    yield opened
    opened.close()
