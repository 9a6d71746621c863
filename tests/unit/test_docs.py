"""The documents list what the code has."""

import json
import re
from collections.abc import Iterator

from dotenv import dotenv_values

from core.errors import FaceServiceError
from core.settings import Settings
from core.worker.dead_letter_sweeper import ABANDONED
from core.worker.job_handler import ALONE_REFUSED
from tests.support.photos import ROOT

WEB_MEMORY = json.loads((ROOT / "docs" / "benchmarks" / "web-memory.json").read_text())
README = (ROOT / "README.md").read_text()
ABSTRACT = {"INVALID_PHOTO", "RECOGNITION_FAILED", "MODEL_ERROR", "CONFLICT"}


def error_codes(kind: type[FaceServiceError] = FaceServiceError) -> Iterator[str]:
    yield kind.code
    for child in kind.__subclasses__():
        yield from error_codes(child)


def test_readme_has_a_row_for_every_error_code() -> None:
    named = set(re.findall(r"`([A-Z_]+)`", README))

    assert (set(error_codes()) | {ABANDONED, ALONE_REFUSED}) - ABSTRACT <= named


def test_readme_has_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| (`[A-Z_0-9`, ]+`) \|(.*?)\|", README, flags=re.MULTILINE)
    listed = {
        name: default.strip(" `")
        for names, default in rows
        for name in names.strip("`").split("`, `")
    }

    defaults = {
        name.upper(): str(field.default).replace("False", "false")
        if field.default or field.default is False
        else ""
        for name, field in Settings.model_fields.items()
    }
    assert {name: listed.get(name) for name in defaults} == defaults


def test_every_link_between_documents_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_make_has_the_targets_of_the_readme_and_their_scripts() -> None:
    makefile = (ROOT / "Makefile").read_text()

    for script in re.findall(r"scripts/\w+\.py", makefile):
        assert (ROOT / script).is_file(), script
    for target in re.findall(r"(?:`|    )make ([a-z-]+)", README):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_compose_file_has_every_setting_with_the_default_of_the_example() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    listed = dict(re.findall(r"^  ([A-Z_0-9]+): \$\{\1:-(.*)\}$", compose, flags=re.MULTILINE))
    example = dotenv_values(ROOT / ".env.example")

    fixed = {name for name in example if re.search(rf"^  {name}: (?!\$)", compose, re.MULTILINE)}
    elsewhere = {
        "ECS_AGENT_URI",
        "FACE_MODELS_DIR",
        "INSIGHTFACE_MODELS_DIR",
        "WEB_HOST",
        "WEB_PORT",
        "WORKER_ALIVE_FILE",
    }
    assert listed == {name: example[name] for name in set(example) - fixed - elsewhere}


def test_operations_tell_the_measured_memory_of_a_web_process() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()

    for peak in WEB_MEMORY["peak_bytes"].values():
        assert f"{peak / 1e6:,.0f} MB" in page


def test_every_decision_is_a_record_of_one_form_and_listed_once() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(folder.glob("[0-9]*.md"))
    listed = re.findall(r"\]\((\d{3}-[a-z0-9-]+\.md)\)", (folder / "README.md").read_text())

    assert sorted(listed) == [record.name for record in records]
    for number, record in enumerate(records, start=1):
        page = record.read_text()
        assert record.name.startswith(f"{number:03}-")
        assert page.startswith(f"# {number:03}. ")
        assert re.findall(r"^## (.+)$", page, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
        ]
