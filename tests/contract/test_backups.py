"""A home comes into memory, into another home and to LocalStack, by a backup and by a move."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from click.testing import CliRunner, Result
from efr_cli.app import main
from efr_cli.backup.archive import ArchiveReader, ArchiveWriter
from efr_cli.backup.mirror import Mirror
from efr_cli.backup.outline import Outline
from efr_cli.backup.restoring import Restore, Restored
from efr_cli.backup.saving import Saver, about_now
from efr_cli.context import join_context

from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.erasing import build_erasure
from core.collections.person_notes import ConsentNote
from core.errors import ReadOnly
from core.ground.ids import new_id
from core.ports import EnrolledFace
from core.settings import Settings, settings_of_file
from core.testing.recognizer import made_up_crop
from harness.localstack import LocalStack
from tests.support.backends import home_settings, own_names
from tests.support.faces import MODEL, RecognizerByPhoto, enrol, enrolled, face
from tests.support.infrastructure import MemoryInfrastructure, localstack_infrastructure
from tests.support.services.traces import ADA, BOB, Person, RawBuckets, RawFolder, holding

IN_HASTE: Final[dict[str, Any]] = {"gallery_refresh_seconds": 0.1}


@dataclass(frozen=True)
class Target:
    """A service without anybody, and what looks at every byte of it if there are files."""

    shared: Shared
    raw: RawFolder | RawBuckets | None = None


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Shared]:
    """Return a home with a face and a consent note of Ada and of Bob."""
    settings = home_settings(tmp_path / "source", **IN_HASTE)
    # No other process has anything to learn before an erasure goes on.
    at_once = replace(Infrastructure.on_this_machine(settings), sleep=lambda _: None)
    shared = Shared(settings, at_once)
    shared.collections.create("family", threshold=70, metadata={"a": "b"})
    for person in (ADA, BOB):
        add(shared, person)
    yield shared
    shared.index.close()


def add(shared: Shared, person: Person) -> None:
    added = EnrolledFace(
        face_id=new_id(),
        person=person.name,
        image_id=f"{person.name}.jpg",
        embedding=person.vector,
        metadata={"who": person.name},
        enrolled_at=datetime(2026, 11, 30, tzinfo=UTC),
    )
    folder = shared.collections.get("family").crops_folder
    picture = made_up_crop(face(vector=person.vector))
    with shared.crops.written(folder, [added], {added.face_id: picture}):
        enrol(shared, added)
    note = ConsentNote(text=f"{person.name} agrees", date=date(2026, 4, 1), source=person.name)
    shared.consents.set("family", person.name, note)


@pytest.fixture(params=["memory", "home", "localstack"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    if request.param == "memory":
        yield Target(MemoryInfrastructure(settings=Settings(_env_file=None)).shared())
        return
    if request.param == "home":
        settings = home_settings(tmp_path / "target", allowed_buckets=("album",), **IN_HASTE)
        shared = Shared(settings, Infrastructure.on_this_machine(settings))
        yield Target(shared, RawFolder(tmp_path / "target", settings))
    else:
        running: LocalStack = request.getfixturevalue("localstack")
        settings = running.settings(**IN_HASTE, **own_names())
        shared = Shared(settings, localstack_infrastructure(settings, RecognizerByPhoto()))
        yield Target(shared, RawBuckets(settings))
    shared.index.close()


def backed_up(shared: Shared, file: Path) -> Path:
    about = about_now(shared)
    with file.open("wb") as sink:
        Saver(shared=shared, writer=ArchiveWriter(sink, about), on_faces=lambda _: None).save(about)
    return file


def restored(shared: Shared, file: Path, newer: Path) -> Restored:
    with file.open("rb") as source, newer.open("rb") as said:
        archives = [ArchiveReader(source, "a"), ArchiveReader(said, "b")]
        outline, newer_outline = (Outline.of(each, on_faces=lambda _: None) for each in archives)
        work = Restore(shared=shared, archive=archives[0], outline=outline, newer=newer_outline)
        work.check()
        return work.run(archives[1])


def test_all_comes_back_but_who_was_erased_of_whom_no_byte_is_there(
    source: Shared, target: Target, tmp_path: Path
) -> None:
    older = backed_up(source, tmp_path / "older.tar")
    build_erasure(source).person("family", ADA.name)
    newer = backed_up(source, tmp_path / "newer.tar")

    done = restored(target.shared, older, newer)

    assert (done.collections, done.faces, done.erased_faces) == (1, 1, 1)
    check_there(source, target)


def check_there(source: Shared, target: Target) -> None:
    """See that all of Bob is there as it is here, and nothing of Ada."""
    for shared in (source, target.shared):
        (bob,) = shared.people.faces("family", limit=10)
        assert (bob.person, bob.metadata) == (BOB.name, {"who": BOB.name})
        assert bob.embedding.tobytes() == BOB.vector.tobytes()
        assert shared.people.crop("family", bob.face_id) == made_up_crop(face(vector=BOB.vector))
        note = shared.consents.of("family", BOB.name)
        assert note is not None
        assert note.source == BOB.name
        gallery = shared.collections.get("family").gallery_id
        found = shared.index.search(gallery, BOB.vector[np.newaxis], limit=5)[0]
        assert [match.person for match in found] == [BOB.name]
    ids = {shared.persons.id_of("family", BOB.name) for shared in (source, target.shared)}
    assert len(ids) == 1
    assert target.shared.collections.get("family").threshold == 70
    if target.raw is not None:
        everything = list(target.raw.every_version())
        traces = {what: holding(everything, trace) for what, trace in ADA.traces().items()}
        assert traces == {what: [] for what in traces}
        assert holding(everything, BOB.vector.tobytes())


@pytest.mark.parametrize("lost", ["", "_versions", "data"])
def test_home_that_lost_files_of_a_gallery_is_backed_up_but_for_that_collection(
    source: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    monkeypatch.setattr("core.gallery.lance.storage._KEEP_TRYING_S", 1)
    source.collections.create("other")
    enrol(source, enrolled("Eve", 0.5, new_id()), collection_id="other")
    enrol(source, *(enrolled("Cy", 0.1, new_id()) for _ in range(2_001)))  # into the table at once
    family = source.collections.get("family")
    [table] = (tmp_path / "source").rglob(f"{family.gallery_id}.lance")
    shutil.rmtree(table / lost)
    settings = source.settings
    started = Shared(settings, Infrastructure.on_this_machine(settings))

    file = backed_up(started, tmp_path / "backup.tar")

    with file.open("rb") as opened:
        archive = ArchiveReader(opened, "a")
        outline = Outline.of(archive, on_faces=lambda _: None)
    assert [each.collection_id for each in archive.missing] == ["family"]
    assert outline.collections.keys() == {("", "other")}
    assert outline.faces == 1
    started.index.close()


def test_who_was_erased_does_not_come_back_with_an_older_bucket(
    source: Shared, target: Target, tmp_path: Path
) -> None:
    # What AWS Backup brings back: all objects as they were then, in a bucket of its own.
    shutil.copytree(tmp_path / "source", tmp_path / "brought-back")
    build_erasure(source).person("family", ADA.name)
    newest = backed_up(source, tmp_path / "newest.tar")
    settings = home_settings(tmp_path / "brought-back", **IN_HASTE)
    brought_back = Shared(settings, Infrastructure.on_this_machine(settings))
    assert len(brought_back.people.faces("family", limit=10)) == 2

    done = restored(target.shared, backed_up(brought_back, tmp_path / "older.tar"), newest)

    brought_back.index.close()
    assert (done.faces, done.erased_faces) == (1, 1)
    check_there(source, target)


def test_who_was_erased_during_a_move_is_in_no_byte_of_the_other_place(
    source: Shared, target: Target
) -> None:
    mirror = Mirror(
        source=replace(source, writes="always"), target=replace(target.shared, writes="always")
    )
    assert mirror.run() > 0
    if target.raw is not None:
        assert holding(target.raw.every_version(), ADA.vector.tobytes())
    build_erasure(source).person("family", ADA.name)

    assert mirror.run() > 0
    assert mirror.run() == 0

    check_there(source, target)
    for shared in (mirror.source, mirror.target):
        shared.index.close()


def test_command_moves_a_home_to_the_settings_of_a_file_whatever_the_shell_says(
    source: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE", "file:///nowhere")
    monkeypatch.setenv("QUEUE", "sqlite:///nowhere/queues.sqlite")
    file, there = tmp_path / "there.env", tmp_path / "there"
    file.write_text(f"STORAGE=file://{there}\nQUEUE=sqlite://{there}/queues.sqlite\n")

    def run(*arguments: str) -> Result:
        parts = partial(join_context, source.settings, source.infrastructure)
        return CliRunner().invoke(main, ["move", *arguments], obj=parts)

    moved, again = run("--to", str(file)), run("--to", str(file))

    assert moved.exit_code == 0, moved.stderr
    assert moved.stdout.startswith("1 collection with 2 faces moved; start the service with")
    assert again.stderr.splitlines()[-1].startswith("ALREADY_MOVED: ")
    settings = settings_of_file(file)
    arrived = Shared(settings, Infrastructure.on_this_machine(settings))
    assert {each.person for each in arrived.people.faces("family", limit=9)} == {ADA.name, BOB.name}
    arrived.people.reject("family", arrived.people.faces("family", limit=1)[0].face_id, "Eve")
    arrived.index.close()
    with pytest.raises(ReadOnly):
        build_erasure(source).person("family", ADA.name)
    assert run("--cancel").stdout == "the service can be written again\n"


def test_copy_of_the_folder_is_a_backup(source: Shared, tmp_path: Path) -> None:
    source.index.close()
    shutil.copytree(tmp_path / "source", tmp_path / "copy")
    settings = home_settings(tmp_path / "copy", **IN_HASTE)
    copy = Shared(settings, Infrastructure.on_this_machine(settings))

    assert {each.person for each in copy.people.faces("family", limit=10)} == {ADA.name, BOB.name}
    assert copy.consents.of("family", ADA.name) is not None
    assert copy.collections.get("family").model == MODEL
    copy.index.close()
