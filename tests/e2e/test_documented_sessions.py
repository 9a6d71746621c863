"""The examples of the documents work in the order in which they stand."""

import doctest
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from harness.localstack import LocalStack, free_port
from harness.processes import environment
from tests.e2e.conftest import Service, enrol, running_service
from tests.support.photos import ROOT, SAMPLES
from tests.support.sessions import Command, commands, difference, run

PAGES = ("README.md", "docs/api.md", "docs/cli.md")


@pytest.fixture
def service(localstack: LocalStack, tmp_path: Path) -> Iterator[Service]:
    """Return a service of the page's own, as ``make smoke`` leaves it."""
    people = tmp_path / "people"
    for photo in (SAMPLES / "Barack Obama" / "obama.jpg", SAMPLES / "Joe Biden" / "biden.jpg"):
        (people / photo.parent.name).mkdir(parents=True)
        (people / photo.parent.name / photo.name).symlink_to(photo)
    bucket = f"album-{tmp_path.name.replace('_', '-')}"
    changes = {"allowed_buckets": bucket, "metrics_port": free_port()}
    with running_service(localstack, tmp_path, **changes) as running:
        enrolled = enrol(running.settings, people)
        assert enrolled.returncode == 0, enrolled.stderr
        yield running


def at(service: Service, text: str) -> str:
    """Return a text of a document with the names and ports of this service."""
    (bucket,) = service.settings.allowed_buckets
    endpoint = str(service.settings.aws_endpoint_url).removeprefix("http://").rstrip("/")
    text = text.replace("localhost:8000", service.address.removeprefix("http://"))
    text = text.replace("localhost:4566", endpoint)
    text = text.replace(".venv/bin/python ", f"{sys.executable} ")
    return re.sub(r"\balbum\b", bucket, text)


def session(service: Service, page: str) -> list[Command]:
    return [
        replace(command, text=at(service, command.text), shown=at(service, command.shown))
        for command in commands(ROOT / page)
        if not command.prepares
    ]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_works_in_its_place_and_answers_as_shown(
    service: Service, page: str, tmp_path: Path
) -> None:
    asked = session(service, page)
    env = environment(service.settings, {"TMPDIR": str(tmp_path)})

    ran = run(asked, cwd=ROOT, env=env, python=sys.executable, seconds=900)

    assert len(ran) > 6
    for each in ran:
        place = f"{each.command.text}\n{each.statuses} {each.output[:2000]}"
        assert all(status < 400 for status in each.statuses), place
        assert ("curl" in each.command.text) == bool(each.statuses), place
        assert not difference(each.command.shown, each.output), (
            f"{place}\n{difference(each.command.shown, each.output)}"
        )


def test_every_example_in_python_works_in_its_place_and_gives_what_is_shown(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    put = at(service, "http://localhost:4566/album")
    photo = (SAMPLES / "Joe Biden" / "biden.jpg").read_bytes()
    for url, body in ((put, b""), (f"{put}/2026/biden.jpg", photo)):
        requests.put(url, data=body, timeout=30).raise_for_status()
    text = at(service, (ROOT / "docs" / "python.md").read_text())
    examples = doctest.DocTestParser().get_doctest(text, {}, "python.md", "docs/python.md", 0)
    said: list[str] = []

    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    results = runner.run(examples, out=said.append)

    assert results.attempted > 30
    assert not results.failed, "".join(said)


@pytest.mark.parametrize("page", PAGES)
def test_no_command_of_a_page_needs_a_new_curl(page: str) -> None:
    text = (ROOT / page).read_text()

    assert not re.search(r"curl [^\n]*--json", text)
    assert all(command.text for command in commands(ROOT / page))
    assert not re.search(r"^    curl ", text, flags=re.MULTILINE)  # such a line is not tried here
