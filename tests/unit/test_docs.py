"""The documents list what the code has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from dotenv import dotenv_values
from efr_cli.app import main
from efr_web.middleware import Failure, code_of, status_of
from efr_web.wire.raw_answers import TEXTS
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    UnsupportedMediaType,
)

from core.errors import FaceServiceError
from core.settings import Settings
from core.worker.dead_letter_sweeper import ABANDONED
from core.worker.job_handler import ALONE_REFUSED
from tests.support.photos import ROOT
from tests.unit.web.web_fixture import WebFixture

WEB_MEMORY = json.loads((ROOT / "docs" / "benchmarks" / "web-memory.json").read_text())
README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
ERRORS = (ROOT / "docs" / "errors.md").read_text()
CLI = (ROOT / "docs" / "cli.md").read_text()
API = (ROOT / "docs" / "api.md").read_text()
NUMBER = r"\d+(?:[.,]\d+)*"
INNER_PAGES = (
    "accuracy",
    "architecture",
    "aws-rehearsal",
    "aws-rights",
    "backup",
    "benchmarks",
    "deploy-aws",
    "deploy-kubernetes",
    "engine",
    "executors",
    "face-index",
    "glossary",
    "historical-deployment",
    "logs",
    "metrics",
    "operations",
    "scaling",
    "search",
    "traces",
    "upgrade",
)
OF_HTTP: list[Failure] = [
    MethodNotAllowed,
    NotFound,
    UnsupportedMediaType,
    *(kind for kind in TEXTS if issubclass(kind, HTTPException)),
]
PAGES = [
    *(ROOT / "docs" / f"{name}.md" for name in INNER_PAGES),
    *sorted(ROOT.glob("docs/decisions/*.md")),
]
ALL_PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
MOST_CHARACTERS = 100
NOT_PLAIN = re.compile(
    r"\b(anew|somebody|whoever|mend(s|ed)?|goes with|what comes of|of it|as far as)\b",
    re.IGNORECASE,
)
ABSTRACT = {
    "INVALID_PHOTO",
    "RECOGNITION_FAILED",
    "MODEL_ERROR",
    "CONFLICT",
    "KEY_REFUSED",
    "FORBIDDEN",
}


def error_kinds(
    kind: type[FaceServiceError] = FaceServiceError,
) -> Iterator[type[FaceServiceError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from error_kinds(child)


def first_cells(page: str) -> set[str]:
    cells = re.findall(r"^\| (`[A-Z_`, ]+`) \|", page, flags=re.MULTILINE)
    return {code for cell in cells for code in re.findall(r"`([A-Z_]+)`", cell)}


def test_errors_page_has_a_row_for_every_error_code_and_no_other() -> None:
    codes = {kind.code for kind in error_kinds()} | {ABANDONED, ALONE_REFUSED}

    assert first_cells(ERRORS) == codes - ABSTRACT | {code_of(kind) for kind in OF_HTTP}


def test_errors_page_has_the_status_of_every_error() -> None:
    listed = re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) \|", ERRORS, flags=re.MULTILINE)
    kinds: list[Failure] = [*error_kinds(), *OF_HTTP]
    statuses = {code_of(kind): status_of(kind) for kind in kinds}

    assert len(listed) > 30
    assert {code: int(status) for code, status in listed} == {
        code: statuses[code] for code, _ in listed
    }


def written(default: object) -> str:
    """Return a setting's default as a variable holds it."""
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else str(default or "")


def test_settings_page_has_every_setting_with_its_default_and_no_other() -> None:
    rows = re.findall(r"^\| (`[A-Z_0-9`, ]+`) \|(.*?)\|", SETTINGS, flags=re.MULTILINE)
    listed = {
        name: default.strip(" `")
        for names, default in rows
        for name in names.strip("`").split("`, `")
    }

    assert listed == {
        name.upper(): written(field.default) for name, field in Settings.model_fields.items()
    }


def test_api_page_has_a_row_for_every_endpoint_and_no_other() -> None:
    document = WebFixture().client.get("/openapi.json").get_json()
    listed = re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", API, flags=re.MULTILINE)

    assert set(listed) == {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
    }


def test_cli_page_has_a_row_for_every_command() -> None:
    listed = re.findall(r"^\| (`[a-z].*?) \| ", CLI, flags=re.MULTILINE)
    named = {word for cell in listed for word in re.findall(r"`([a-z-]+)", cell)}

    assert set(main.commands) <= named


def anchors(page: str) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_between_documents_leads_to_a_page_and_a_heading() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")]:
        for target, anchor in re.findall(r"\]\(([^)#:]*)#?([^):]*)\)", page.read_text()):
            linked = page.parent / target if target else page
            assert linked.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in anchors(linked.read_text()), f"{page.name}: #{anchor}"


def test_front_page_lists_every_page() -> None:
    front = (ROOT / "docs" / "README.md").read_text()
    pages = {page.name for page in ROOT.glob("docs/*.md")} - {"README.md"}

    assert pages <= set(re.findall(r"\]\(([^)#/]+)", front))


def test_numbers_of_the_readme_stand_on_the_page_that_it_names_as_evidence() -> None:
    rows = re.findall(r"^\| [^|`]+ \| ([^|]+) \| \[\w+\]\(([^)#]+)#", README, flags=re.MULTILINE)

    assert len(rows) > 5
    for claim, evidence in rows:
        on_page = set(re.findall(NUMBER, (ROOT / evidence).read_text()))
        assert set(re.findall(NUMBER, claim)) <= on_page, claim


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
        "AUTH",
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


def test_glossary_names_the_types_of_a_face_where_they_are() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| `([\w./-]+)` \|", page, flags=re.MULTILINE)

    assert "Face" in dict(rows)
    for name, module in rows:
        assert re.search(rf"^class {name}\b", (ROOT / module).read_text(), re.MULTILINE), name


def rows_without_head(page: Path) -> Iterator[str]:
    """Yield the first row of each table that no line of dashes follows: it is shown as text."""
    lines = page.read_text().splitlines()
    for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        is_first = line.startswith("|") and not before.startswith("|")
        if is_first and not re.fullmatch(r"\|( *:?-+:? *\|)+", after):
            yield line


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_table_has_a_head(page: Path) -> None:
    assert list(rows_without_head(page)) == []


def prose_of(page: Path) -> Iterator[str]:
    """Yield the lines of a page that are neither tables nor code."""
    is_code = False
    for line in page.read_text().splitlines():
        is_code ^= line.startswith("```")
        if not is_code and not line.startswith(("|", "   |", "    ", "```", "![")):
            yield line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_prose_has_short_lines_of_plain_words(page: Path) -> None:
    for line in prose_of(page):
        assert len(line) <= MOST_CHARACTERS, line
        assert not NOT_PLAIN.search(line), line


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_line_of_a_sentence_becomes_a_list(page: Path) -> None:
    """Markdown begins a list where a line of a paragraph begins with "1. " or a dash."""
    assert re.findall(r"^\w.*[\w,]\n(?:1\.|[-+*]) .*", page.read_text(), re.MULTILINE) == []
