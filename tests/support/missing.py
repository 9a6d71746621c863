"""What a test needs and a machine lacks."""

import os
from typing import NoReturn

import pytest


def missing(message: str, without: str = "") -> NoReturn:
    """Skip the test on a developer's machine, and fail it in CI.

    ``without`` is the variable that .ci/run sets where CI can't have it either.
    """
    given = os.environ  # noqa: TID251 - facts about the machine, not settings
    if given.get("CI") and not given.get(without):
        pytest.fail(message)
    pytest.skip(message)
