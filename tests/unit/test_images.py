"""What the images are built from is sent to the builder, and is all that they need."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.images.build_context import context_files, copied, ignore_rules, inputs_hash, is_sent
from harness.images.containers import PAGE, with_tables
from tests.support.photos import ROOT

DOCKERFILES = sorted(ROOT.glob("docker/*/Dockerfile"))
SENT = context_files()


def below(path: str) -> list[str]:
    return [name for name in SENT if name == path or name.startswith(f"{path}/")]


def sources(tier: str) -> list[str]:
    return list(copied((ROOT / "docker" / tier / "Dockerfile").read_text()))


def scripts_of_the_worker() -> list[Path]:
    names = [name for source in sources("worker") for name in below(source)]
    return [ROOT / name for name in names if re.match(r"scripts/.*\.py$", name)]


def imported_scripts(path: Path) -> Iterator[str]:
    """Yield the modules below ``scripts`` that a file imports, as paths without their ending."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            module = f"scripts/{name.replace('.', '/')}"
            if (ROOT / f"{module}.py").exists() or (ROOT / module).is_dir():
                yield module


@pytest.mark.parametrize("tier", [path.parent.name for path in DOCKERFILES])
def test_builder_is_sent_whatever_a_dockerfile_copies(tier: str) -> None:
    for source in sources(tier):
        assert (ROOT / source).exists(), source
        assert below(source), f"{source} is kept out by .dockerignore"


@pytest.mark.parametrize("tier", [path.parent.name for path in DOCKERFILES])
def test_builder_is_sent_every_file_of_a_copied_folder(tier: str) -> None:
    for source in sources(tier):
        for path in (ROOT / source).rglob("*.py"):
            assert str(path.relative_to(ROOT)) in SENT


def test_builder_is_sent_nothing_that_no_dockerfile_copies() -> None:
    wanted = {
        name for path in DOCKERFILES for each in sources(path.parent.name) for name in below(each)
    }

    assert set(SENT) == wanted


def test_scripts_of_the_worker_image_bring_the_modules_that_they_import() -> None:
    there = {str(path.relative_to(ROOT).with_suffix("")) for path in scripts_of_the_worker()}
    there |= {str(path.relative_to(ROOT).parent) for path in scripts_of_the_worker()}

    for script in scripts_of_the_worker():
        assert set(imported_scripts(script)) <= there, script


def test_worker_image_has_every_script_that_the_documents_run_in_it() -> None:
    there = {str(path.relative_to(ROOT)) for path in scripts_of_the_worker()}

    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for script in re.findall(r"worker python (scripts/\w+\.py)", page.read_text()):
            assert script in there, f"{page.name}: {script}"


@pytest.mark.parametrize("extra", ["redis", "opentelemetry-sdk", "sentry-sdk"])
def test_images_have_extras_in_the_version_that_is_tested(extra: str) -> None:
    pins = [
        re.findall(rf"^{extra}==\S+", (ROOT / "requirements" / name).read_text(), re.MULTILINE)
        for name in ("runtime.txt", "dev.txt")
    ]

    assert pins[0] == pins[1] != []


@pytest.mark.parametrize(
    ("rules", "path", "sent"),
    [
        ("", "a/b", True),
        ("*", "a/b", False),
        ("*\n!a", "a/b", True),
        ("*\n!a/b", "a/b/c", True),
        ("*\n!a/b", "a/bc", False),
        ("!a\n*", "a", False),  # the last rule that matches decides
        ("a/*", "a/b/c", False),  # a rule for a folder holds for what is in it
        ("a/*", "ab", True),
        ("*.py", "a/b.py", True),  # a star ends at a slash
        ("**/*.py", "a/b.py", False),
        ("**/*.py", "b.py", False),
        ("**/__pycache__", "core/__pycache__/a.pyc", False),
        ("# *\n!#a", "b", True),
        (" /a/ ", "a/b", False),
        ("./a", "a", False),
        ("a?c", "abc", False),
        ("a?c", "a/c", True),
        ("?", "long/a", True),
        ("[ab]c", "bc", False),
        (r"a\*", "ab", True),
        (r"a\*", "a*", False),
        ("a.c", "abc", True),
    ],
)
def test_rules_match_as_the_builders_do(rules: str, path: str, sent: bool) -> None:
    assert is_sent(path, ignore_rules(rules)) is sent


def test_copies_from_another_stage_are_not_from_the_context() -> None:
    dockerfile = "FROM a\nCOPY --from=b /x /y\ncopy --chmod=0755 c \\\n   d e/\nADD f g\nRUN COPY h"

    assert list(copied(dockerfile)) == ["c", "d", "f"]


def test_hash_of_the_inputs_is_that_of_their_content() -> None:
    assert inputs_hash() == inputs_hash()
    assert re.fullmatch("[0-9a-f]{64}", inputs_hash())


def test_page_tells_what_the_record_says() -> None:
    assert with_tables(PAGE.read_text()) == PAGE.read_text()
