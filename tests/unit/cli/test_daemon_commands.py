"""The commands that become the service's processes."""

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from efr_cli import daemon_commands
from efr_cli.app import main

from tests.support.photos import ROOT


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """Note what the process would become, instead of becoming it."""
    commands: list[list[str]] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "execv", lambda _, arguments: commands.append(arguments))
    return commands


@pytest.mark.parametrize("daemon", ["worker", "autoscaler"])
def test_command_becomes_its_daemon_in_the_root(daemon: str, executed: list[list[str]]) -> None:
    CliRunner().invoke(main, [daemon])

    assert executed == [[sys.executable, "-P", "-m", f"core.bootstrap.run_{daemon}"]]
    assert Path.cwd() == ROOT


def test_serve_becomes_gunicorn_with_the_settings_of_the_package(executed: list[list[str]]) -> None:
    CliRunner().invoke(main, ["serve"])

    settings = str(ROOT / "web-tier" / "efr_web" / "gunicorn_conf.py")
    assert executed == [[sys.executable, "-P", "-m", "gunicorn", "--config", settings]]


def test_serve_without_the_web_tier_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_commands, "find_spec", lambda _: None)

    refused = CliRunner().invoke(main, ["serve"])

    assert refused.exit_code == 2
    assert refused.output.startswith("NOT_INSTALLED: ")
