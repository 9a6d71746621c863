"""What others' tools say of the script for a real cluster, and of the objects."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from harness.terraform.scan import KUBERNETES_ACCEPTED
from tests.support.kubernetes.chart import VALUES, objects
from tests.support.photos import ROOT

CHECKOV = ROOT / ".venv-checks" / "bin" / "checkov"


def test_shellcheck_has_nothing_against_the_script() -> None:
    script = ROOT / "deploy" / "helm" / "smoke.sh"

    checked = subprocess.run(
        [Path(sys.executable).parent / "shellcheck", script],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.stdout == ""
    assert checked.returncode == 0
    assert os.access(script, os.X_OK)


def test_checkov_finds_nothing_that_has_no_reason(tmp_path: Path) -> None:
    if not CHECKOV.exists():
        pytest.skip("checkov is not installed in .venv-checks: the objects are not looked through")
    for values in VALUES:
        (tmp_path / f"{values}.yaml").write_text(yaml.safe_dump_all(objects(values)))

    done = subprocess.run(
        [CHECKOV, "--framework", "kubernetes", "--directory", tmp_path, "--output", "json"],
        capture_output=True,
        text=True,
        check=False,
    )

    results = json.loads(done.stdout)["results"]
    found = {each["check_id"] for each in results["failed_checks"]}
    assert len(results["passed_checks"]) > 1000
    assert found == set(KUBERNETES_ACCEPTED)
