"""A gallery in LanceDB on LocalStack gets another engine's embeddings, from real pictures."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from efr_cli.app import main
from efr_cli.context import CliContext, join_context
from efr_cli.transfer.present_engine import blank_photo

from core.aws.provisioning import provision
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.enrolling import build_writer
from core.bootstrap.use_cases.erasing import build_erasure
from core.bootstrap.use_cases.searching import build_likeness
from core.collections.enrolment.face_ids import face_id
from core.faces.results import EVERY_FACE, Face, Model, Needed, Recognition
from core.ground.realms import WHOLE, Realm
from core.ground.storage_keys import CROPS, GALLERIES
from core.ports import EnrolledFace, Recognizer
from core.settings import Settings
from harness.localstack import LocalStack
from tests.support.backends import own_names
from tests.support.photos import shared_folder
from tests.support.service import settings_of

PEOPLE = 8
PAGE = 4
FORMER, PRESENT = "balanced", "accurate"
STAFF = "staff"
ONE_FACE = Needed(described=1, crops=True)


@dataclass(kw_only=True)
class Terminal:
    """A process whose engine is one of the two, and what happens before a face is embedded."""

    settings: Settings
    folder: Path
    before: Callable[[int], None] = lambda number: None
    after_switch: Callable[[], None] = lambda: None
    embedded: list[bytes] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def parts(self, realm: Realm = WHOLE) -> CliContext:
        parts = join_context(self.settings, Infrastructure.on_aws(self.settings), realm)
        return _WatchedParts(
            shared=parts.shared,
            realm=realm,
            run_folder=self.folder,
            note=self._note,
            after_switch=self.after_switch,
        )

    def reembed(self) -> Result:
        return CliRunner().invoke(main, ["reembed", STAFF], obj=self.parts)

    def _note(self, photo: bytes) -> None:
        if photo == blank_photo():  # by which the engine is asked for its model
            return
        with self._lock:
            self.embedded.append(photo)
            number = len(self.embedded)
        self.before(number)


@dataclass(frozen=True, kw_only=True)
class _WatchedParts(CliContext):
    """The parts of a command, which tell of each photo and of each pause."""

    note: Callable[[bytes], None]
    after_switch: Callable[[], None]

    @contextmanager
    def recognizer(self, processes: int) -> Iterator[Recognizer]:
        with super().recognizer(processes) as pool:
            yield _Watched(pool, self.note)

    def sleep(self, seconds: float) -> None:
        self.after_switch()
        super().sleep(seconds)


@dataclass(frozen=True)
class _Watched:
    """A recogniser that tells of each photo before it looks at it."""

    pool: Recognizer
    note: Callable[[bytes], None]

    def recognise(self, photo: bytes, needed: Needed = EVERY_FACE) -> Recognition:
        self.note(photo)
        return self.pool.recognise(photo, needed)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A photo's largest face as both engines see it, by their models."""

    by_model: dict[Model, Face]
    former: Model

    @property
    def face(self) -> Face:
        return self.by_model[self.former]

    def enrolled(self, person: str, number: int = 0) -> EnrolledFace:
        return EnrolledFace(
            face_id=face_id(STAFF, f"{person} {number}", 0),
            person=person,
            image_id=f"{person} {number}",
            embedding=self.face.embedding,
            box=self.face.box,
            quality=self.face.quality,
        )


@pytest.fixture(scope="module")
def faces(localstack: LocalStack) -> dict[str, list[Seen]]:
    """Return two photos each of some people and one more, as both engines see them."""
    folders = sorted(shared_folder("lfw-view1").glob("images/*"))
    chosen = [each for each in folders if len(list(each.iterdir())) > 1][: PEOPLE + 1]
    photos = {
        each.name: [file.read_bytes() for file in sorted(each.iterdir())[:2]] for each in chosen
    }
    recognised: dict[str, list[list[Recognition]]] = {}
    for engine in (FORMER, PRESENT):
        settings = localstack.settings(**own_names(), **settings_of(face_engine=engine))
        pool = Infrastructure.on_aws(settings).pool(1)
        pool.start()
        try:
            recognised[engine] = [
                [pool.recognise(photo, ONE_FACE) for photo in theirs] for theirs in photos.values()
            ]
        finally:
            pool.stop()
    return {
        person: [
            Seen(by_model={seen.model: seen.faces[0] for seen in both}, former=both[0].model)
            for both in zip(*rows, strict=True)
        ]
        for person, *rows in zip(photos, *recognised.values(), strict=True)
    }


@pytest.fixture
def settings(localstack: LocalStack) -> Settings:
    made = localstack.settings(**own_names(), **settings_of(gallery_refresh_seconds=0.2))
    provision(made)
    return made


@pytest.fixture
def worker(settings: Settings, faces: dict[str, list[Seen]]) -> Iterator[Shared]:
    """Return a process of the former engine, in whose collection all but the last are enrolled."""
    shared = process(settings)
    shared.collections.create(STAFF)
    people = list(faces)[:PEOPLE]
    store(shared, *((faces[person][0], person) for person in people))
    yield shared
    shared.index.close()


@pytest.fixture
def terminal(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a terminal whose engine is the present one, and embeds few faces at once."""
    monkeypatch.setattr("efr_cli.transfer.gallery_of_crops._PAGE", PAGE)
    present = settings.model_copy(update={"face_engine": PRESENT})
    return Terminal(settings=present, folder=tmp_path / "run")


def process(settings: Settings) -> Shared:
    return Shared(settings, Infrastructure.on_aws(settings))


def store(shared: Shared, *seen: tuple[Seen, str]) -> list[EnrolledFace]:
    """Enrol faces under names, with their pictures."""
    new = [each.enrolled(person) for each, person in seen]
    crops = {face.face_id: each.face.crop or b"" for face, (each, _) in zip(new, seen, strict=True)}
    return build_writer(shared).add(STAFF, new, model=seen[0][0].former, crops=crops).faces


def keys(shared: Shared, prefix: str) -> list[str]:
    return shared.gallery.keys(prefix)


def check(settings: Settings, faces: dict[str, list[Seen]], names: dict[str, str]) -> None:
    """Check that just these people are enrolled as the present engine sees their pictures.

    ``names`` are those of the photos by the people's present names.
    """
    shared = process(settings)
    collection = shared.collections.now(STAFF)
    (model,) = {*next(iter(faces.values()))[0].by_model} - {next(iter(faces.values()))[0].former}
    assert collection.model == model
    enrolled = {face.person: face for face in shared.people.faces(STAFF, limit=100)}
    assert set(enrolled) == set(names)
    probes = [faces[photo][1].by_model[model].embedding for photo in names.values()]
    for name, likeness in zip(names, build_likeness(shared).of(collection, probes), strict=True):
        assert likeness.best is not None
        assert likeness.best.found.person == name
        seen = faces[names[name]][0].by_model[model].embedding
        assert np.linalg.norm(enrolled[name].embedding - seen) < 0.35
    folders = {key.split("/")[1].partition(".")[0] for key in keys(shared, f"{GALLERIES}/")}
    assert folders == {collection.gallery_id}
    crops = {Path(key).stem for key in keys(shared, CROPS)}
    assert crops == {face.face_id for face in enrolled.values()}
    shared.index.close()


def test_interrupted_run_goes_on_where_it_was(
    settings: Settings, worker: Shared, terminal: Terminal, faces: dict[str, list[Seen]]
) -> None:
    former = worker.collections.now(STAFF)

    def interrupt(number: int) -> None:
        if number > PAGE + 1:
            raise KeyboardInterrupt

    terminal.before = interrupt
    assert terminal.reembed().exit_code != 0
    assert worker.collections.now(STAFF) == former
    done = len(terminal.embedded)
    terminal.before = lambda number: None

    result = terminal.reembed()

    assert result.exit_code == 0, result.stderr
    times = sorted(Counter(terminal.embedded[done:]).values())
    assert times == [1] * (PEOPLE - PAGE)
    check(settings, faces, {person: person for person in list(faces)[:PEOPLE]})
    assert not list(terminal.folder.iterdir())


def test_searches_are_answered_all_the_time(
    settings: Settings, worker: Shared, terminal: Terminal, faces: dict[str, list[Seen]]
) -> None:
    person, (_, other) = next(iter(faces.items()))
    searching = process(settings)
    answers: list[tuple[Model, str]] = []
    is_over = threading.Event()

    def search() -> None:
        while not is_over.wait(0.02):
            collection = searching.collections.get(STAFF)
            assert collection.model is not None
            probe = other.by_model[collection.model].embedding
            (likeness,) = build_likeness(searching).of(collection, [probe])
            named = likeness.best.found.person if likeness.best else ""
            answers.append((collection.model, named))

    failures: list[BaseException] = []

    def search_and_tell() -> None:
        try:
            search()
        except BaseException as error:  # noqa: BLE001 - the test's thread tells of it
            failures.append(error)

    thread = threading.Thread(target=search_and_tell)
    thread.start()
    try:
        assert terminal.reembed().exit_code == 0
        is_over.wait(2 * settings.gallery_refresh_seconds + 1)
    finally:
        is_over.set()
        thread.join()

    assert failures == []
    assert {named for _, named in answers} == {person}
    models = [model for model, _ in answers]
    switched = sum(one != next_one for one, next_one in itertools.pairwise(models))
    assert (switched, models[0]) == (1, other.former)
    searching.index.close()


def test_what_is_written_meanwhile_is_carried_over(
    settings: Settings, worker: Shared, terminal: Terminal, faces: dict[str, list[Seen]]
) -> None:
    renamed, erased, *stay, late = list(faces)[:PEOPLE]
    added = list(faces)[PEOPLE]
    former = worker.collections.now(STAFF).gallery_id
    (late_face,) = worker.people.faces(STAFF, limit=1, person=late)
    worker.index.erase(former, [late_face.face_id])

    def write(number: int) -> None:
        if number == PAGE + 1:  # once the first ones are stored
            store(worker, (faces[added][0], added))
            worker.people.rename(STAFF, renamed, "Ada")
            build_erasure(worker).person(STAFF, erased)

    def write_late() -> None:
        """Store a face where a process would that has not noticed the switch."""
        terminal.after_switch = lambda: None
        assert worker.collections.now(STAFF).gallery_id != former
        worker.index.put(former, [late_face])

    terminal.before, terminal.after_switch = write, write_late

    result = terminal.reembed()

    assert result.exit_code == 0, result.stderr
    names = {person: person for person in (*stay, added, late)}
    check(settings, faces, {**names, "Ada": renamed})


def test_run_that_died_after_the_switch_is_finished_by_the_next(
    settings: Settings, worker: Shared, terminal: Terminal, faces: dict[str, list[Seen]]
) -> None:
    renamed, erased, *stay = list(faces)[:PEOPLE]

    def die() -> None:
        raise SystemExit(137)

    terminal.after_switch = die
    assert terminal.reembed().exit_code == 137
    terminal.after_switch = lambda: None
    present = process(settings)
    present.people.rename(STAFF, renamed, "Ada")
    build_erasure(present).person(STAFF, erased)
    present.index.close()

    terminal.reembed()

    check(settings, faces, {**{person: person for person in stay}, "Ada": renamed})
