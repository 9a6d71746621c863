"""Every script describes itself when it is asked, and does nothing else."""

import ast
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.photos import ROOT

SCRIPTS = sorted(
    str(path.relative_to(ROOT))
    for folder in ("scripts", "app-tier")
    for path in (ROOT / folder).rglob("*.py")
    if "__main__" in path.read_text()
)


def _names_imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


class NoProcess(subprocess.Popen[bytes]):
    """Fails the test that starts a process."""

    def __init__(self, *_: object, **__: object) -> None:
        pytest.fail("a process was started")


def run(script: str) -> None:
    try:
        runpy.run_path(str(ROOT / script), run_name="__main__")
    except ModuleNotFoundError as error:
        if error.name != "face_recognition":
            raise
        pytest.skip("it runs in the environment of the benches")


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_shown_and_nothing_is_done(
    script: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [script, "--help"])
    monkeypatch.setattr(subprocess, "Popen", NoProcess)
    monkeypatch.setattr(os, "execve", NoProcess)

    with pytest.raises(SystemExit) as ended:
        run(script)

    assert ended.value.code in (0, None)
    assert "usage: " in capsys.readouterr().out.lower()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_that_is_run_by_its_path_needs_no_package_of_the_root(script: str) -> None:
    """Python then finds those that are installed, and what lies beside the script."""
    module = ast.parse((ROOT / script).read_text())
    imported = {
        name.partition(".")[0] for each in ast.walk(module) for name in _names_imported(each)
    }
    dotted = script.removesuffix(".py").replace("/", ".")

    run_as_module = f"python -m {dotted}" in (ast.get_docstring(module) or "")

    assert run_as_module or not imported & {"benchmarks", "harness", "scripts", "tests"}


def test_shell_script_shows_its_help() -> None:
    script = ROOT / "scripts" / "prove_containers.sh"
    shown = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)

    assert "sudo scripts/prove_containers.sh [FOLDER]" in shown.stdout
    assert len(shown.stdout.splitlines()) < 20
