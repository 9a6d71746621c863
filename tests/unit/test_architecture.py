"""The listing of the tree in the documents, the folders, and the linter's layers agree."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.support.photos import ROOT

MOST_MODULES = 20
MOST_ENTRIES = 19
MOST_LAYERS = 10
CODE = (
    "app-tier",
    "benchmarks",
    "cli",
    "core",
    "elastic_face",
    "harness",
    "scripts",
    "tests",
    "web-tier",
)

LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def layers() -> list[set[str]]:
    """Return the packages of each layer, the highest first, as the linter knows them."""
    (contract,) = [each for each in LINTER["contracts"] if each["type"] == "layers"]
    return [set(layer.replace("core.", "").split(" | ")) for layer in contract["layers"]]


def listed() -> list[set[str]]:
    """Return the same as the page on the architecture lists it."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    (listing,) = re.findall(r"^```\n(efr_web.+?)^```", page, flags=re.MULTILINE | re.DOTALL)
    names = [re.split(r"\s{2,}", line.strip())[0] for line in listing.splitlines()]
    tiers = [
        set(name.replace("/", "").split(" · ")) for name in names if " " not in name or "·" in name
    ]
    return [tier for tier in tiers if tier != {"core"}]


def folders() -> Iterator[Path]:
    for code in CODE:
        for folder in [ROOT / code, *(ROOT / code).rglob("*")]:
            if folder.is_dir() and folder.name != "__pycache__":
                yield folder


def test_page_lists_the_layers_of_the_linter() -> None:
    assert listed() == layers()


def test_linter_knows_every_module_at_the_top_of_core() -> None:
    there = {path.stem for path in (ROOT / "core").iterdir() if path.stem[0] not in "_."}

    assert there == set().union(*layers()) - {"efr_web", "efr_cli", "elastic_face"}


def test_there_are_few_layers_and_few_entries() -> None:
    entries = [path for path in (ROOT / "core").iterdir() if path.name != "__pycache__"]

    assert len(layers()) <= MOST_LAYERS
    assert len(entries) <= MOST_ENTRIES


def test_no_folder_is_crowded() -> None:
    crowded = {
        str(folder.relative_to(ROOT)): count
        for folder in folders()
        if (count := len([p for p in folder.glob("*.py") if p.name != "__init__.py"]))
        > MOST_MODULES
    }

    assert not crowded


def test_scripts_of_the_app_tier_know_the_bootstrap_alone() -> None:
    for script in (ROOT / "app-tier").glob("*.py"):
        nodes = list(ast.walk(ast.parse(script.read_text())))
        plain = [
            alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
        ]
        parents = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]

        assert plain == ["sys"], script
        assert [name.rpartition(".")[0] for name in parents] == ["core.bootstrap"], script
