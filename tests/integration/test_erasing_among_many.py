"""Erased people are named by no result, while photos of them keep coming."""

import pytest

from harness.erasing import Plan, run
from tests.conftest import require_localstack
from tests.support.models import models_dir
from tests.support.photos import SAMPLES


def test_no_result_that_names_someone_erased_is_left(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    require_localstack()
    plan = Plan(collections=8, erased=6, delay_s=0.01, erasers=6, pause_s=1.5)

    # The path of a socket has at most 107 characters, and the test's name is in tmp_path.
    report = run(plan, SAMPLES, tmp_path_factory.mktemp("erasing"), models_dir=models_dir())

    assert report["erasures"] == 6
    assert report["results_erased"] >= 6
    assert report["results_left"] > 0
    assert report["results_left_that_name_someone_erased"] == 0
