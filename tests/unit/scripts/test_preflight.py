"""What is missing or taken is named before anything is installed."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import make_venv, preflight
from tests.support.photos import ROOT


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_python_that_has_no_packages_is_refused(version: tuple[int, int]) -> None:
    (problem,) = preflight.missing_of_python(version)

    assert f"Python {version[0]}.{version[1]}" in problem


def test_python_of_the_tests_lacks_nothing() -> None:
    assert list(preflight.missing_of_python()) == []
    assert list(preflight.missing_of_machine()) == []


def test_parts_of_python_that_distributions_leave_out_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    problems = list(preflight.missing_of_python((3, 12)))

    assert [problem.split()[2] for problem in problems] == ["venv", "ensurepip"]
    assert all("python3.12-venv" in problem for problem in problems)


def test_folders_on_one_disk_need_their_space_together(tmp_path: Path) -> None:
    disk = os.statvfs(tmp_path)
    free_mb = disk.f_bavail * disk.f_frsize // 1_000_000
    half_mb = free_mb * 6 // 10

    assert list(preflight.missing_space({tmp_path / "a": half_mb})) == []
    (problem,) = preflight.missing_space({tmp_path / "a": half_mb, tmp_path / "b": half_mb})

    assert str(2 * half_mb) in problem


def test_folder_that_is_someone_elses_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda folder, _mode: folder != tmp_path)

    (problem,) = preflight.missing_space({tmp_path / "data": 1})

    assert f"{tmp_path} can't be written to" in problem


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(preflight, "ROOT", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("", 0)) as other:
        web, localstack = (each.getsockname()[1] for each in (one, other))
        settings = {"WEB_PORT": str(web), "AWS_ENDPOINT_URL": f"http://localhost:{localstack}"}
        up = list(preflight.problems("up", settings, runs=False))
        start = list(preflight.problems("start", settings, runs=False))
        running = list(preflight.problems("up", settings, runs=True))

    assert [problem.split(":")[0] for problem in up] == [
        "the program setpriv is missing",
        f"port {web} is in use by another program, web can't have it",
        f"port {localstack} is in use by another program, localstack can't have it",
    ]
    assert start == up[:2]
    assert running == up[:1]


def test_settings_are_read_as_the_service_reads_them(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text("# A=0\nWEB_PORT=8000\n\nSTORAGE=\n")
    assert preflight.settings_of(tmp_path, {}) == {"WEB_PORT": "8000", "STORAGE": "", "": ""}

    (tmp_path / ".env").write_text("WEB_PORT=8001\n")
    assert preflight.settings_of(tmp_path, {})["WEB_PORT"] == "8001"
    assert preflight.settings_of(tmp_path, {"WEB_PORT": ""})["WEB_PORT"] == ""


def test_check_needs_no_package() -> None:
    command = [sys.executable, "-S", "-I", str(ROOT / "scripts" / "preflight.py")]

    assert subprocess.run(command, check=False, cwd="/").returncode == 0


def test_python_brings_the_pip_that_fetches_the_pinned_one() -> None:
    wheel = make_venv.bundled_pip()

    assert wheel is None or wheel.name.startswith("pip-")
