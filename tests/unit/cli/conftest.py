"""Fixtures of the command line's tests."""

from pathlib import Path

import pytest

from tests.unit.cli.cli_fixture import CliFixture


@pytest.fixture
def cli(tmp_path: Path) -> CliFixture:
    return CliFixture(run_folder=tmp_path / "run")
