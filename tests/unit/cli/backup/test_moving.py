"""Everything to another deployment, and that nothing changes here at last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pytest
from efr_cli.backup.mirror import Mirror
from efr_cli.backup.moving import SETTLED_S, Move, cancel
from efr_cli.errors import Refused
from efr_cli.transfer.galleries import GalleryUnreadable

from core.access.write_gate import KNOWN_AFTER_S, leave_note, move_note
from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.erasing import build_erasure
from core.bootstrap.use_cases.requests import build_index_requests
from core.bootstrap.worker import build_worker
from core.errors import ReadOnly
from core.gallery.lance.write_lock import WAIT_AT_MOST_S
from core.ground.authors import TYPIST
from core.jobs.index_job import IndexRequest
from core.ports import EnrolledFace
from core.worker.outcomes import Outcome
from tests.support.photos import ROOT, made_photo
from tests.unit.cli.backup.test_backup_commands import (
    fill,
    galleries_of,
    lose,
    objects_of,
    records_of,
    shared_of,
)
from tests.unit.cli.cli_fixture import SETTINGS, CliFixture


@dataclass(kw_only=True)
class Moving:
    """A service, a new one, and what happens while all is moved; told what the command tells."""

    here: CliFixture
    there: CliFixture
    events: dict[int, Callable[[], object]] = field(default_factory=dict)
    """What happens after a pass of copying, by its number."""
    told: list[str] = field(default_factory=list)
    passes: int = 0

    def run(self) -> Mirror:
        source, target = self.parts(self.here), self.parts(self.there)
        mirror = Mirror(source=source, target=target, on_faces=lambda _: None)
        copy = mirror.run

        def counted() -> int:
            self.passes += 1
            changed = copy()
            self.events.pop(self.passes, lambda: None)()
            return changed

        mirror.run = counted  # type: ignore[method-assign]
        queue = self.here.queue
        Move(
            source=source,
            target=target,
            mirror=mirror,
            jobs=lambda: len(queue.bodies),
            sleep=source.infrastructure.sleep,
            tell=self.told.append,
        ).run()
        return mirror

    def parts(self, cli: CliFixture) -> Shared:
        return Shared(SETTINGS, cli.memory.joined(), writes="always")

    def is_same(self) -> bool:
        """Tell whether all is there as it is here."""
        return (galleries_of(self.here), records_of(self.here), objects_of(self.here)) == (
            galleries_of(self.there),
            records_of(self.there),
            objects_of(self.there),
        )


@pytest.fixture
def moving(cli: CliFixture, tmp_path: Path) -> Moving:
    """Return a service with two tenants, and a new one without anybody."""
    fill(cli)
    fill(cli, "acme")
    there = CliFixture(run_folder=tmp_path / "there")
    return Moving(here=cli, there=there)


def submit(cli: CliFixture) -> str:
    """Hand a photo of Zoe in, as a web process does that has just started."""
    requests = build_index_requests(shared_of(cli))
    request = IndexRequest(collection_id="family", person="Zoe")
    return requests.submit(made_photo(), "zoe.jpg", "zoe.jpg", request)


def names(cli: CliFixture) -> list[str | None]:
    return cli.names("family")


def test_all_is_there_afterwards_and_can_be_changed_there_alone(moving: Moving) -> None:
    mirror = moving.run()

    assert moving.is_same()
    assert (mirror.collections, mirror.faces) == (3, 11)
    assert move_note(moving.there.gallery) is None
    shared_of(moving.there).people.rename("family", "Ada", "Countess")
    with pytest.raises(ReadOnly, match="moved to"):
        shared_of(moving.here).people.rename("family", "Ada", "Countess")
    with pytest.raises(ReadOnly):
        submit(moving.here)
    submit(moving.there)


def test_what_changes_meanwhile_is_carried_over(moving: Moving) -> None:
    here = moving.here

    def changes() -> None:
        shared = shared_of(here)
        here.enrol("family", "Late")
        shared.people.rename("family", "Ada", "Countess")
        build_erasure(shared).person("family", "Robert")
        build_erasure(shared_of(here, "acme")).collection("family")
        shared.collections.create("new")

    moving.events = {1: changes}

    moving.run()

    assert moving.is_same()
    assert names(moving.there) == ["Countess", "Late", None]
    assert shared_of(moving.there, "acme").collections.ids(limit=9) == []


def test_photos_that_were_accepted_are_indexed_first_and_no_more_are(moving: Moving) -> None:
    submit(moving.here)
    refused: list[bool] = []

    def work() -> None:
        with pytest.raises(ReadOnly):
            submit(moving.here)
        refused.append(True)
        moving.here.work()

    moving.here.on_sleep = lambda: work() if "have indexed" in moving.told[-1] else None

    moving.run()

    assert refused
    assert "2/3: waiting until the workers have indexed 1 photo" in "".join(moving.told)
    assert "Zoe" in names(moving.there)
    assert moving.is_same()


def test_searches_and_uploads_go_on_while_nothing_is_written(moving: Moving) -> None:
    moving.run()
    shared = shared_of(moving.here)
    (ada,) = shared.people.faces("family", limit=1, person="Ada")

    gallery = shared.collections.get("family").gallery_id
    found = shared.index.search(gallery, ada.embedding[None], limit=1)[0]

    assert [match.person for match in found] == ["Ada"]
    assert shared.persons.named("family", "Ada") == "Ada"
    shared.audit.add("export", TYPIST)


def test_worker_keeps_a_photo_that_came_too_late(moving: Moving) -> None:
    moving.run()
    note = move_note(moving.here.gallery)
    leave_note(moving.here.gallery, None)
    submit(moving.here)
    leave_note(moving.here.gallery, note)
    before = galleries_of(moving.here)

    outcomes = build_worker(SETTINGS, moving.here.memory.joined()).worker.run_once()

    assert outcomes == [Outcome.LEFT_ALONE]
    assert len(moving.here.queue.bodies) == 1
    assert galleries_of(moving.here) == before


def breaks() -> None:
    raise ConnectionError


@pytest.mark.parametrize("broken_at", [1, 2])
def test_move_that_broke_off_goes_on_and_doubles_nothing(moving: Moving, broken_at: int) -> None:
    moving.events = {broken_at: breaks}
    with pytest.raises(ConnectionError):
        moving.run()

    moving.run()

    assert moving.is_same()
    assert move_note(moving.there.gallery) is None


@pytest.mark.parametrize("call", range(4))
def test_pass_that_broke_off_anywhere_is_finished_by_the_next(
    moving: Moving, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, calls = moving.there.index.put, iter(range(100))

    def broken(gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        if next(calls) == call:
            raise ConnectionError
        put(gallery_id, faces)

    monkeypatch.setattr(moving.there.index, "put", broken)
    with pytest.raises(ConnectionError):
        moving.run()

    moving.run()

    assert moving.is_same()


def test_second_pass_writes_nothing(moving: Moving) -> None:
    mirror = Mirror(source=moving.parts(moving.here), target=moving.parts(moving.there))

    assert mirror.run() > 0
    assert mirror.run() == 0


def test_erased_face_leaves_no_picture_there(moving: Moving) -> None:
    mirror = Mirror(source=moving.parts(moving.here), target=moving.parts(moving.there))
    mirror.run()
    (ada,) = moving.here.people.faces("family", limit=1, person="Ada")
    build_erasure(shared_of(moving.here)).person("family", "Ada")

    mirror.run()

    assert not [key for key in moving.there.gallery.objects if ada.face_id in key]
    assert moving.is_same()


def test_collection_that_got_another_gallery_leaves_none_there(moving: Moving) -> None:
    mirror = Mirror(source=moving.parts(moving.here), target=moving.parts(moving.there))
    mirror.run()
    assert moving.here.run("rebuild", "--collection", "family").exit_code == 0

    mirror.run()

    assert moving.is_same()


def test_face_whose_picture_is_another_one_gets_that(moving: Moving) -> None:
    mirror = Mirror(source=moving.parts(moving.here), target=moving.parts(moving.there))
    mirror.run()
    shared = shared_of(moving.here)
    collection = shared.collections.get("family")
    (ada,) = shared.people.faces("family", limit=1, person="Ada")
    other: EnrolledFace = replace(ada, quality=11.0)
    with shared.crops.written(collection.crops_folder, [other], {other.face_id: b"another"}):
        shared.index.put(collection.gallery_id, [other])

    mirror.run()

    assert shared_of(moving.there).people.crop("family", ada.face_id) == b"another"


def test_deployment_with_anything_in_it_is_not_touched(moving: Moving) -> None:
    moving.there.run("keys", "create", "door", "--admin")
    before = dict(moving.there.gallery.objects)

    with pytest.raises(Refused, match="something is there already") as refused:
        moving.run()

    assert refused.value.code == "TARGET_IN_USE"
    assert moving.there.gallery.objects == before
    assert move_note(moving.here.gallery) is None


def test_empty_default_collection_is_nothing(moving: Moving) -> None:
    shared_of(moving.there).collections.get("default")

    moving.run()

    assert moving.is_same()


def test_lost_gallery_ends_a_move_before_anything_is_closed(moving: Moving) -> None:
    lose(moving.here, "acme")

    with pytest.raises(GalleryUnreadable, match="faces of collection 'family' can't be read"):
        moving.run()

    note = move_note(moving.here.gallery)
    assert note is not None
    assert note.stage == "copying"
    shared_of(moving.here).people.rename("family", "Ada", "Countess")


def test_same_place_is_refused(moving: Moving) -> None:
    for gone in [key for key in moving.here.gallery.objects if "changes" not in key]:
        del moving.here.gallery.objects[gone]

    with pytest.raises(Refused, match="both settings name the same"):
        Moving(here=moving.here, there=moving.here).run()

    assert move_note(moving.here.gallery) is None


def test_second_move_and_a_move_of_another_service_are_refused(
    moving: Moving, tmp_path: Path
) -> None:
    moving.events = {1: breaks}
    with pytest.raises(ConnectionError):
        moving.run()
    another = CliFixture(run_folder=tmp_path / "another")
    with pytest.raises(Refused, match="is under way there"):
        Moving(here=another, there=moving.there).run()

    moving.run()
    with pytest.raises(Refused) as refused:
        moving.run()

    assert refused.value.code == "ALREADY_MOVED"


def test_cancelled_move_lets_people_be_changed_here_again_and_can_be_finished_later(
    moving: Moving,
) -> None:
    moving.events = {2: breaks}
    with pytest.raises(ConnectionError):
        moving.run()
    with pytest.raises(ReadOnly):
        shared_of(moving.here).people.rename("family", "Ada", "Countess")

    assert cancel(moving.parts(moving.here))

    shared_of(moving.here).people.rename("family", "Ada", "Countess")
    moving.run()
    assert moving.is_same()
    assert not cancel(moving.parts(moving.there))


def actions(cli: CliFixture) -> list[str]:
    return [each.action for _, each in shared_of(cli).audit.records() if "move" in each.action]


def test_move_that_broke_off_and_its_cancelling_are_in_the_audit_trail(moving: Moving) -> None:
    def looks() -> None:
        begun.append(actions(moving.here))
        breaks()

    begun: list[list[str]] = []
    moving.events = {2: looks}
    with pytest.raises(ConnectionError):
        moving.run()
    cancel(moving.parts(moving.here))
    cancel(moving.parts(moving.there))

    assert begun == [["begin_move"]]
    assert actions(moving.here) == ["begin_move", "cancel_move"]
    assert "cancel_move" in actions(moving.there)


def test_cancelling_what_was_not_closed_leaves_no_record(moving: Moving) -> None:
    assert not cancel(moving.parts(moving.here))
    assert actions(moving.here) == []


def breaks_off(moving: Moving, after_pass: int) -> None:
    """Run a move that breaks off after a pass of copying."""
    moving.events = {after_pass: breaks}
    with pytest.raises(ConnectionError):
        moving.run()


def enrolled_there(moving: Moving) -> None:
    """Enrol Zoe in the other deployment, as a process of it that has just started."""
    shared = shared_of(moving.there)
    shared.collections.create("hers")
    moving.there.enrol("hers", "Zoe")
    assert moving.there.names("hers") == ["Zoe"]


@pytest.mark.parametrize("after_pass", [1, 2])
def test_who_was_enrolled_there_after_it_was_opened_is_not_erased_by_a_further_run(
    moving: Moving, after_pass: int
) -> None:
    breaks_off(moving, after_pass)
    assert cancel(moving.parts(moving.there))
    enrolled_there(moving)
    before = galleries_of(moving.there)

    with pytest.raises(Refused, match="something is there already"):
        moving.run()

    assert galleries_of(moving.there) == before
    assert moving.there.names("hers") == ["Zoe"]


def test_move_of_which_the_other_place_was_opened_goes_to_a_new_one(
    moving: Moving, tmp_path: Path
) -> None:
    breaks_off(moving, 1)
    cancel(moving.parts(moving.there))

    again = Moving(here=moving.here, there=CliFixture(run_folder=tmp_path / "third"))
    again.run()

    assert again.is_same()


@pytest.mark.parametrize("passes", [1, 2])
def test_run_stops_before_it_writes_when_another_one_has_done_the_move(
    moving: Moving, passes: int
) -> None:
    another = Moving(here=moving.here, there=moving.there)

    def overtake() -> None:
        another.run()
        enrolled_there(moving)

    moving.events = {passes: overtake}

    with pytest.raises(Refused) as refused:
        moving.run()

    assert refused.value.code == "MOVE_UNDER_WAY"
    assert moving.there.names("hers") == ["Zoe"]
    note = move_note(moving.here.gallery)
    assert note is not None
    assert note.is_done


def test_run_that_was_overtaken_within_a_pass_writes_no_further_step(
    moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = Moving(here=moving.here, there=moving.there)
    put, todo = moving.there.index.put, [another.run]

    def overtaken(gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        put(gallery_id, faces)
        if todo:
            todo.pop()()
            enrolled_there(moving)
            moving.there.gallery.put("keys/a.json", b"{}", content_type="application/json")

    monkeypatch.setattr(moving.there.index, "put", overtaken)

    with pytest.raises(Refused, match="another one has begun"):
        moving.run()

    assert moving.there.names("hers") == ["Zoe"]
    assert "keys/a.json" in moving.there.gallery.objects


CHANGES: Final[dict[str, Callable[[CliFixture], object]]] = {
    "a face": lambda here: here.enrol("family", "Late"),
    "a face less": lambda here: next(iter(here.index.galleries.values())).popitem(),
    "a person less": lambda here: build_erasure(shared_of(here)).person("family", "Robert"),
    "a name": lambda here: shared_of(here).people.rename("family", "Ada", "Countess"),
    "a collection": lambda here: shared_of(here).collections.create("new"),
    "a collection less": lambda here: build_erasure(shared_of(here)).collection("family"),
    "a note of consent": lambda here: shared_of(here).consents.erase("family", "Ada"),
    "a key": lambda here: here.run("keys", "create", "door", "--admin"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_step_is_taken_once_the_run_has_ended(moving: Moving, change: str) -> None:
    mirror = Mirror(source=moving.parts(moving.here), target=moving.parts(moving.there))
    mirror.run()
    CHANGES[change](moving.here)
    before = dict(moving.there.gallery.objects), galleries_of(moving.there)
    mirror.check = breaks

    with pytest.raises(ConnectionError):
        mirror.run()

    assert (dict(moving.there.gallery.objects), galleries_of(moving.there)) == before
    mirror.check = lambda: None
    assert mirror.run() > 0


def test_cancelled_run_does_not_close_the_service_again(moving: Moving) -> None:
    moving.events = {2: lambda: cancel(moving.parts(moving.here))}

    with pytest.raises(Refused, match="it was cancelled"):
        moving.run()

    shared_of(moving.here).people.rename("family", "Ada", "Countess")
    with pytest.raises(ReadOnly):
        submit(moving.there)


def test_place_where_a_move_arrives_is_not_moved_back_over_the_old_one(moving: Moving) -> None:
    breaks_off(moving, 1)
    before = galleries_of(moving.here)

    with pytest.raises(Refused, match="to here is not done"):
        Moving(here=moving.there, there=moving.here).run()

    assert galleries_of(moving.here) == before


def test_who_was_let_pass_and_waited_longest_for_the_lock_is_carried_over(moving: Moving) -> None:
    late: list[float] = []

    def writes_late() -> None:
        note, now_s = move_note(moving.here.gallery), moving.here.memory.clock()
        if note is None or note.stage != "closed":
            late[:] = [now_s + KNOWN_AFTER_S + WAIT_AT_MOST_S]
        elif late and now_s >= late[0]:
            late.clear()
            moving.here.enrol("family", "Late")

    moving.here.on_sleep = writes_late

    moving.run()

    assert "Late" in names(moving.there)
    assert moving.is_same()
    assert f"it waits {SETTLED_S:g} seconds" in (ROOT / "docs/backup.md").read_text()


def test_command_needs_one_of_its_options(cli: CliFixture) -> None:
    assert "USAGE" in cli.run("move").stderr
    assert cli.run("move", "--cancel").stdout == "the service was not closed\n"
