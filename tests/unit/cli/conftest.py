"""Fixtures of the command line's tests."""

from pathlib import Path

import pytest

from tests.unit.cli.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(run_folder=tmp_path / "run")
