"""Kustomize's objects, which are the chart's."""

import re
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from scripts.kubernetes.kustomize import FOLDER, OVERLAYS, changes, files, rendered
from tests.support.kubernetes.chart import helm
from tests.support.missing import missing
from tests.support.photos import ROOT

PAGE: Final = ROOT / "docs" / "deploy-kubernetes.md"
WITHOUT: Final = "WITHOUT_KUBECTL"
"""Set by .ci/run where there is no kubectl."""


@pytest.fixture(autouse=True)
def with_helm() -> None:
    helm()


def built(folder: Path) -> dict[tuple[str, str], Any]:
    """Return the objects that kubectl makes of a folder; skip without kubectl."""
    if shutil.which("kubectl") is None:
        missing("kubectl is not installed: Kustomize's objects are not looked at", WITHOUT)
    command = ["kubectl", "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    found = [each for each in yaml.safe_load_all(done.stdout) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


def test_files_are_those_that_the_chart_makes() -> None:
    there = {str(path.relative_to(FOLDER)): path.read_text() for path in FOLDER.rglob("*.yaml")}

    assert there == files(), "run 'make kustomize'"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlay_makes_the_objects_of_the_chart(overlay: str) -> None:
    assert built(FOLDER / "overlays" / overlay) == rendered(overlay)


def test_base_has_what_the_overlays_share() -> None:
    shared = set.intersection(*(set(rendered(each)) for each in OVERLAYS))

    assert set(built(FOLDER / "base")) == shared
    assert {("Deployment", "efr-web"), ("Deployment", "efr-worker")} <= shared


def test_overlay_of_the_page_changes_what_it_names(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "kustomize")
    mine = tmp_path / "kustomize" / "overlays" / "mine"
    mine.mkdir()
    (example,) = re.findall(
        r"    # mine/kustomization.yaml.*?\n(?=\n)", PAGE.read_text(), re.DOTALL
    )
    (mine / "kustomization.yaml").write_text(textwrap.dedent(example))

    objects = built(mine)

    assert {each["metadata"]["namespace"] for each in objects.values()} == {"faces"}
    web = objects["Deployment", "efr-web"]["spec"]["template"]["spec"]["containers"][0]
    assert web["image"] == "registry.example.org/elastic-face-web:0.1.0"
    buckets = [objects["ConfigMap", name]["data"]["S3_IN_BUCKET"] for name in ("efr", "efr-setup")]
    assert buckets == ["my-input", "my-input"]


@pytest.mark.parametrize(
    ("old", "new", "operations"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [{"op": "replace", "path": "/a", "value": 2}]),
        ({"a": 1}, {}, [{"op": "remove", "path": "/a"}]),
        ({}, {"a/b~c": 1}, [{"op": "add", "path": "/a~1b~0c", "value": 1}]),
        ({"a": [1, 2]}, {"a": [1, 3]}, [{"op": "replace", "path": "/a/1", "value": 3}]),
        ({"a": [1]}, {"a": [1, 3]}, [{"op": "replace", "path": "/a", "value": [1, 3]}]),
    ],
)
def test_patch_says_what_differs(old: Any, new: Any, operations: list[Any]) -> None:
    assert list(changes(old, new)) == operations
