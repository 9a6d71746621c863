"""A web process asks for all that it needs until each has answered once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.bootstrap.first_contact import begin, make_contact
from core.bootstrap.shared import Shared
from core.bootstrap.web import build_web
from core.errors import CollectionNotFound, IndexUnavailable, StorageUnavailable
from core.settings import Settings
from core.testing import MemoryFaceIndex
from tests.support.infrastructure import MemoryInfrastructure


class Dependency:
    """Is away for the first questions; counts all."""

    def __init__(self, away_for: int = 0) -> None:
        self.asked = 0
        self._away_for = away_for

    def __call__(self) -> None:
        self.asked += 1
        if self.asked <= self._away_for:
            raise StorageUnavailable("switched off by the test")


def test_contact_is_made_once_each_has_answered() -> None:
    here, late = Dependency(), Dependency(away_for=2)
    pauses: list[float] = []
    noted: list[int] = []

    make_contact(
        {"here": here, "late": late},
        on_contact=lambda: noted.append(len(pauses)),
        sleep=pauses.append,
    )

    assert noted == [2]
    assert late.asked == 3
    assert here.asked == 1, "what has answered is left in peace"


def test_what_is_missing_is_logged_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    late = Dependency(away_for=1)

    make_contact({"late": late}, on_contact=lambda: None, sleep=lambda _: None)

    (record,) = [each for each in caplog.records if each.message == "dependency is missing"]
    assert vars(record)["reason"] == "switched off by the test"


class Index(MemoryFaceIndex):
    """Galleries that are away at first, and then say that there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[type[Exception]] = []

    def count(self, gallery_id: str) -> int:
        self.answers.append(CollectionNotFound if self.answers else IndexUnavailable)
        raise self.answers[-1](gallery_id)


def test_galleries_are_asked_for_too_and_need_not_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    index, tasks = Index(), list[Callable[[], None]]()
    infrastructure = replace(
        MemoryInfrastructure(index=index).joined(),
        run_in_background=lambda _name, task: tasks.append(task),
    )

    begin(Shared(Settings(_env_file=None), infrastructure), {})
    (contact,) = tasks
    assert not list(tmp_path.iterdir())
    contact()

    assert index.answers == [IndexUnavailable, CollectionNotFound]
    assert [each.name for each in tmp_path.iterdir()] == ["contact"]


@pytest.mark.parametrize("has_port", [True, False])
def test_web_process_asks_only_if_there_is_a_port_that_tells_of_it(
    has_port: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if has_port:
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    memory = MemoryInfrastructure()

    build_web(memory.settings, memory.joined()).start()

    assert ("first-contact" in memory.tasks) is has_port
