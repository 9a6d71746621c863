"""The version, the changelog, and what GitHub reads."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from core import __version__
from tests.support.photos import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def run(tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name(tool)
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )


def test_changelog_has_the_package_version_or_only_unreleased_changes() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)

    assert headings[0] == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", each) for each in headings[1:])
    assert [each.split()[0] for each in headings[1:2]] in ([], [__version__])


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_is_one_that_github_understands(workflow: Path) -> None:
    checked = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)

    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_gives_no_attacker_a_hold(workflow: Path) -> None:
    audited = run("zizmor", "--offline", "--no-progress", "--persona", "pedantic", workflow)

    assert audited.returncode == 0, audited.stdout


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_pins_each_action_by_its_hash(workflow: Path) -> None:
    for action in re.findall(r"uses: (\S+)", workflow.read_text()):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action


def test_workflow_runs_ci_on_each_python_that_the_package_supports() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]

    assert jobs["checks"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert any(".ci/run" in step.get("run", "") for step in jobs["checks"]["steps"])
