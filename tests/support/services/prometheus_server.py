"""Prometheus' programs, for tests that need one."""

import os
import shutil
from typing import Final

import pytest

WITHOUT: Final = "WITHOUT_PROMETHEUS"
"""Set by .ci/run where Prometheus can't be installed."""


def binary(name: str) -> str:
    """Return a program of Prometheus'; skip on a developer's machine without, and fail in CI."""
    found = shutil.which(name)
    if found:
        return found
    message = f"{name} is not installed: apt-get install prometheus"
    given = os.environ  # noqa: TID251 - facts about the machine, not settings
    if given.get("CI") and not given.get(WITHOUT):
        pytest.fail(message)
    pytest.skip(message)
