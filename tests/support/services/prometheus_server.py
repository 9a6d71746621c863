"""Prometheus' programs, for tests that need one."""

import shutil
from typing import Final

from tests.support.missing import missing

WITHOUT: Final = "WITHOUT_PROMETHEUS"
"""Set by .ci/run where Prometheus can't be installed."""


def binary(name: str) -> str:
    """Return a program of Prometheus'; skip on a developer's machine without, and fail in CI."""
    found = shutil.which(name)
    if found is None:
        missing(f"{name} is not installed: apt-get install prometheus", WITHOUT)
    return found
