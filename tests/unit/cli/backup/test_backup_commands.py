"""All collections to a file and back."""

import io
import json
import stat
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner
from efr_cli.app import main
from efr_cli.backup.archive import ArchiveWriter
from efr_cli.backup.saving import Saver

from core.access.audit_trail import AuditTrail
from core.bootstrap.shared import Shared
from core.collections.erased.erasure_log import KEPT_FOR
from core.collections.person_notes import ConsentNote
from core.collections.unknown.group_store import Group, Grouping
from core.errors import StorageUnavailable
from core.faces.geometry import Box
from core.ground.ids import new_id
from core.ground.names import EVERYBODY
from core.ground.realms import Realm
from core.ground.storage_keys import crop_key, groups_key
from core.ports import EnrolledFace
from tests.support.faces import MODEL
from tests.unit.cli.cli_fixture import SETTINGS, CliFixture, codes

_OF_OTHERS: Final = ("changes/", "collections/", "recent/", "fleet/", "galleries/")


@pytest.fixture
def other(tmp_path: Path) -> CliFixture:
    """Return a service without anybody."""
    return CliFixture(run_folder=tmp_path / "other")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.tar"


def shared_of(cli: CliFixture, tenant: str = "") -> Shared:
    return Shared(SETTINGS, cli.memory.joined(), Realm(tenant))


def fill(cli: CliFixture, tenant: str = "") -> list[str]:
    """Enrol faces of Ada, Bob and of one without a name, with all that may belong to them."""
    shared = shared_of(cli, tenant)
    shared.collections.create("family", threshold=71, metadata={"a": "ж"}, keep_unknown=True)
    collection = shared.collections.bind(shared.collections.get("family"), MODEL, length=128)
    faces = [replace(each, face_id=new_id()) for each in cli.enrol("default", "Ada", None, "Bob")]
    ada = replace(
        faces[0],
        job_id=new_id(),
        rejected=frozenset({"Eve", EVERYBODY}),
        box=Box(left=1, top=2, right=30, bottom=40),
        quality=66.6,
    )
    shared.index.put(collection.gallery_id, [ada, *faces[1:]])
    kept = shared.collections.bind_unknowns(collection, MODEL, length=128)
    stranger = replace(faces[1], face_id=new_id(), image_id="unknown/1")
    shared.kept.put(kept, [stranger])
    for each in (ada, stranger):
        key = crop_key(collection.crops_folder, each.face_id)
        shared.own.put(key, f"picture of {each.face_id}".encode(), content_type="image/jpeg")
    note = ConsentNote(text="agrees", date="2026-04-01", source="Form 1")
    shared.consents.set("family", "Ada", note)
    shared.people.rename("family", "Bob", "Robert")
    group = Group(faces=(faces[1].face_id, stranger.face_id))
    grouping = Grouping(gallery_id=collection.gallery_id, groups={new_id(): group})
    shared.group_store.write(kept, grouping, version=None)
    return [each.face_id for each in (*faces, stranger)]


def objects_of(cli: CliFixture) -> dict[str, bytes]:
    """Return the objects that must be the same afterwards."""
    return {
        key: body
        for key, body in cli.gallery.objects.items()
        if not any(f"/{each}" in f"/{key}" for each in _OF_OTHERS)
    }


def galleries_of(cli: CliFixture) -> dict[str, list[tuple[object, ...]]]:
    return {
        gallery: [
            (
                *(face.face_id, face.person, face.image_id, face.job_id, face.rejected),
                *(face.box, face.quality, face.enrolled_at, dict(face.metadata)),
                face.embedding.tobytes(),
            )
            for _, face in sorted(faces.items())
        ]
        for gallery, faces in cli.index.galleries.items()
    }


def records_of(cli: CliFixture) -> dict[str, object]:
    """Return the records of collections, but for what says that others must look."""
    return {
        key: json.loads(body) | {"erasures": ""}
        for key, body in cli.gallery.objects.items()
        if "collections/" in key and "recent" not in key
    }


def backed_up(cli: CliFixture, file: Path) -> Path:
    result = cli.run("backup", file)
    assert result.exit_code == 0, result.stderr
    return file


def restored(cli: CliFixture, file: Path, *options: str | Path) -> str:
    result = cli.run("restore", file, *options)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_new_service_has_all_that_the_old_one_had_afterwards(
    cli: CliFixture, other: CliFixture, file: Path
) -> None:
    fill(cli)
    fill(cli, "acme")
    cli.run("keys", "create", "door", "--scope", "recognise", "--tenant", "acme")
    cli.run("collections", "create", "empty", "--threshold", "60")
    before = objects_of(cli)

    said = cli.run("backup", file)
    assert said.stdout == f"4 collections with 9 faces and 2 unknown faces in {file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    told = restored(other, file)

    assert told.startswith("4 collections restored with 9 faces and 2 unknown faces; 0 faces left")
    after = objects_of(other)
    assert {key: after.get(key) for key in before} == before
    assert [key for key in after.keys() - before.keys() if not key.startswith("audit/")] == []
    assert galleries_of(other) == galleries_of(cli)
    assert records_of(other) == records_of(cli)
    assert shared_of(other).consents.of("family", "Ada") is not None
    ids = [shared_of(each).persons.id_of("family", "Robert") for each in (cli, other)]
    assert ids[0] == ids[1]


def test_backup_goes_through_standard_output_and_input(cli: CliFixture, other: CliFixture) -> None:
    fill(cli)
    made = cli.run("backup", "-")
    assert "2 collections with 6 faces and 1 unknown face in -" in made.stderr

    read = CliRunner().invoke(main, ["restore", "-"], input=made.stdout_bytes, obj=other.parts)

    assert read.exit_code == 0, read.stderr
    assert galleries_of(other) == galleries_of(cli)


def test_restore_is_done_once_however_often_it_is_run(
    cli: CliFixture, other: CliFixture, file: Path
) -> None:
    fill(cli)
    backed_up(cli, file)
    restored(other, file)
    records, galleries = records_of(other), galleries_of(other)

    again = restored(other, file)

    assert "0 collections restored" in again
    assert "here already, and left as they are: default, family" in again
    assert (records_of(other), galleries_of(other)) == (records, galleries)


def test_restore_that_broke_off_is_finished_by_the_next(
    cli: CliFixture, other: CliFixture, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cli)
    backed_up(cli, file)
    with monkeypatch.context() as broken:

        def no_room(*_: object) -> None:
            raise OSError("no space left")

        broken.setattr("core.collections.registry.Collections.bring_back", no_room)
        assert codes(other.run("restore", file).stderr) == ["OS_ERROR"]
    assert records_of(other) == {}

    restored(other, file)

    assert galleries_of(other) == galleries_of(cli)
    assert records_of(other) == records_of(cli)


def test_collection_whose_gallery_was_lost_comes_back(cli: CliFixture, file: Path) -> None:
    fill(cli)
    backed_up(cli, file)
    galleries = galleries_of(cli)
    cli.index.galleries.clear()

    told = restored(cli, file)

    assert told.startswith("2 collections restored with 6 faces and 1 unknown face")
    assert galleries_of(cli) == galleries


@pytest.mark.parametrize("call", range(3))
def test_lost_gallery_of_which_a_part_came_back_is_finished_by_the_next_restore(
    cli: CliFixture, file: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    fill(cli)
    backed_up(cli, file)
    galleries = galleries_of(cli)
    cli.index.galleries.clear()
    put, calls = cli.index.put, iter(range(9))

    def broken(gallery_id: str, faces: Sequence[EnrolledFace]) -> None:
        put(gallery_id, faces[:1])
        if next(calls) == call:
            raise OSError("no space left")
        put(gallery_id, faces)

    with monkeypatch.context() as broken_off:
        broken_off.setattr(cli.index, "put", broken)
        assert codes(cli.run("restore", file).stderr) == ["OS_ERROR"]

    restored(cli, file)

    assert galleries_of(cli) == galleries


def test_collection_whose_faces_have_another_gallery_since_stays_as_it_is(
    cli: CliFixture, file: Path
) -> None:
    fill(cli)
    backed_up(cli, file)
    assert cli.run("rebuild", "--collection", "family").exit_code == 0
    cli.enrol("family", "Late")

    told = restored(cli, file)

    assert "here already, and left as they are: default, family" in told
    assert "Late" in cli.names("family")


def lose(cli: CliFixture, tenant: str = "", *, unknowns: bool = False) -> None:
    """Let the gallery of the family's faces be gone, or that of its unknown faces."""
    collection = shared_of(cli, tenant).collections.get("family")
    assert collection.unknowns is not None
    del cli.index.galleries[collection.unknowns.gallery_id if unknowns else collection.gallery_id]


def test_backup_without_a_lost_gallery_has_all_others_and_does_not_look_whole(
    cli: CliFixture, other: CliFixture, file: Path
) -> None:
    fill(cli)
    fill(cli, "acme")
    whole = backed_up(cli, file).read_bytes()
    lose(cli, "acme")

    result = cli.run("backup", file)

    assert result.exit_code == 1
    assert codes(result.stderr) == ["GALLERY_UNREADABLE"]
    assert "faces of collection 'acme:family' are not in the file: there is no" in result.stderr
    incomplete = file.with_name("backup.tar.incomplete")
    assert result.stdout == f"2 collections with 6 faces and 1 unknown face in {incomplete}\n"
    assert file.read_bytes() == whole, "the one that has the lost faces stays"

    back = other.run("restore", incomplete)

    assert back.exit_code == 1
    assert codes(back.stderr) == ["GALLERY_UNREADABLE"]
    assert shared_of(other, "acme").collections.find("family") is None
    assert other.names("family") == cli.names("family")


def test_lost_unknown_faces_keep_no_named_ones_out_of_a_backup(
    cli: CliFixture, other: CliFixture, file: Path
) -> None:
    fill(cli)
    lose(cli, unknowns=True)

    result = cli.run("backup", file, "--json")

    assert result.exit_code == 1
    [missing] = json.loads(result.stdout)["missing"]
    assert (missing["collection_id"], missing["what"]) == ("family", "unknown faces")
    assert other.run("restore", f"{file}.incomplete").exit_code == 1
    assert other.names("family") == cli.names("family")
    assert other.run("backup", file).exit_code == 0


def test_backup_fails_as_a_whole_while_the_bucket_is_away(
    cli: CliFixture, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cli)

    def away(*_: object, **__: object) -> None:
        raise StorageUnavailable("no answer")

    monkeypatch.setattr(cli.index, "page", away)
    monkeypatch.setattr("core.collections.registry.Collections.now", away)

    result = cli.run("backup", file)

    assert (result.exit_code, codes(result.stderr)) == (2, ["STORAGE_UNAVAILABLE"])
    assert list(file.parent.glob("*backup*")) == []


def test_incomplete_backup_says_so_in_the_audit_trail(cli: CliFixture, file: Path) -> None:
    fill(cli)
    lose(cli)
    cli.run("backup", file)

    [record] = [each for _, each in shared_of(cli).audit.records() if each.action == "backup"]

    assert not record.is_complete
    assert "lacks faces" in cli.run("audit", "--action", "backup").stdout


def erase(cli: CliFixture, person: str) -> None:
    cli.memory.clock.advance(10)
    assert cli.run("people", "erase", person, "--collection", "family", "--yes").exit_code == 0


def is_there(cli: CliFixture, what: str) -> bool:
    return any(what in repr(faces) for faces in cli.index.galleries.values()) or any(
        what.encode() in body or what in key for key, body in cli.gallery.objects.items()
    )


@pytest.mark.parametrize("how_long", [timedelta(minutes=1), 3 * KEPT_FOR])
def test_person_who_was_erased_since_does_not_come_back_to_the_service(
    cli: CliFixture, file: Path, how_long: timedelta
) -> None:
    ada, _, bob, _ = fill(cli)
    backed_up(cli, file)
    erase(cli, "Ada")
    cli.memory.clock.advance(how_long.total_seconds())
    erase(cli, "Robert")  # by then the record of the first is old
    cli.enrol("family", "Eve")
    cli.index.galleries.clear()

    told = restored(cli, file)

    assert "2 faces left out, erased since the backup" in told
    assert cli.names("family") == [None]
    assert not is_there(cli, ada)
    assert not is_there(cli, bob)
    assert shared_of(cli).consents.marks("family") == frozenset()


def test_person_who_was_erased_since_does_not_come_to_a_new_service_with_a_newer_backup(
    cli: CliFixture, other: CliFixture, file: Path, tmp_path: Path
) -> None:
    ada, _, _, stranger = fill(cli)
    key_id = json.loads(cli.run("keys", "create", "door", "--admin", "--json").stdout)["key_id"]
    backed_up(cli, file)
    erase(cli, "Ada")
    cli.run("keys", "revoke", key_id, "--yes")
    newer = backed_up(cli, tmp_path / "newer.tar")

    told = restored(other, file, "--erasures", newer)

    assert "1 face left out" in told
    assert not is_there(other, ada)
    assert is_there(other, stranger)
    assert other.names("family") == [None, "Robert"] or set(other.names("family")) == {
        None, "Robert",
    }  # fmt: skip
    assert json.loads(other.run("keys", "list", "--json").stdout)["state"] == "revoked"
    assert "erase_person" in other.run("audit").stdout


def test_person_who_was_enrolled_again_before_the_backup_is_in_it(
    cli: CliFixture, other: CliFixture, file: Path
) -> None:
    fill(cli)
    erase(cli, "Ada")
    cli.memory.clock.advance(10)
    cli.enrol("family", "Ada")
    cli.memory.clock.advance(10)

    restored(other, backed_up(cli, file))

    assert "Ada" in other.names("family")


def test_collection_that_was_erased_since_stays_erased(cli: CliFixture, file: Path) -> None:
    fill(cli)
    backed_up(cli, file)
    cli.memory.clock.advance(10)
    cli.run("collections", "delete", "family", "--yes")
    cli.run("collections", "create", "family")

    told = restored(cli, file)

    assert "erased since the backup, and left out: family" in told
    assert cli.enrolled("family") == []


def during_the_backup(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen once the faces are written, and before anything else is."""
    write, todo = Saver._objects, [happens]

    def late(saver: Saver, tenant: str, own: Shared, prefixes: Any) -> None:
        if "consents/" in prefixes and todo:
            todo.pop()()
        write(saver, tenant, own, prefixes)

    monkeypatch.setattr(Saver, "_objects", late)


def test_person_who_is_erased_while_the_backup_is_made_does_not_come_back(
    cli: CliFixture, other: CliFixture, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, *_ = fill(cli)
    during_the_backup(monkeypatch, lambda: erase(cli, "Ada"))

    told = restored(other, backed_up(cli, file))

    assert "1 face left out" in told
    assert not is_there(other, ada)


def test_person_who_is_renamed_while_the_backup_is_made_has_the_new_name_and_the_same_id(
    cli: CliFixture, other: CliFixture, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cli)
    before = shared_of(cli).persons.id_of("family", "Ada")
    during_the_backup(
        monkeypatch, lambda: shared_of(cli).people.rename("family", "Ada", "Countess")
    )

    restored(other, backed_up(cli, file))

    assert other.names("family") == ["Countess", None, "Robert"]
    shared = shared_of(other)
    assert shared.persons.id_of("family", "Countess") == before
    assert shared.consents.of("family", "Countess") is not None


@pytest.mark.parametrize(
    "step",
    [
        "collections.consents.Consents.carry",
        "collections.person_ids.PersonIds.carry",
        "collections.person_ids.PersonIds.leave",
        "collections.registry.Collections.bring_back",
    ],
)
def test_restore_that_broke_off_while_it_set_a_renaming_right_is_finished_by_the_next(
    cli: CliFixture, other: CliFixture, file: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    fill(cli)
    before = shared_of(cli).persons.id_of("family", "Ada")
    shared = shared_of(cli)
    saved = Saver._objects

    def renamed_late(saver: Saver, tenant: str, own: Shared, prefixes: Any) -> None:
        saved(saver, tenant, own, prefixes)
        if "consents/" in prefixes:  # they are saved under the former name
            shared.people.rename("family", "Ada", "Countess")

    with monkeypatch.context() as late:
        late.setattr(Saver, "_objects", renamed_late)
        backed_up(cli, file)
    with monkeypatch.context() as broken:

        def no_room(*_: object) -> None:
            raise OSError("no space left")

        broken.setattr(f"core.{step}", no_room)
        assert codes(other.run("restore", file).stderr) == ["OS_ERROR"]

    restored(other, file)

    there = shared_of(other)
    assert there.consents.of("family", "Countess") is not None
    assert there.persons.id_of("family", "Countess") == before
    other.enrol("family", "Ada")
    assert shared_of(other).persons.id_of("family", "Ada") != before
    assert shared_of(other).consents.of("family", "Ada") is None


def test_gallery_is_written_once_when_the_collection_gets_another_one_meanwhile(
    cli: CliFixture, other: CliFixture, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.collections.create("family")
    cli.enrol("family", "Ada", "Bob")
    stranger = replace(cli.enrolled("family")[0], face_id=new_id(), person=None)
    write = ArchiveWriter.faces
    written: list[str] = []

    def noted(writer: ArchiveWriter, gallery_id: str, faces: Sequence[Any], model: Any) -> None:
        write(writer, gallery_id, faces, model)
        if not written:
            shared = shared_of(cli)
            kept = shared.collections.bind_unknowns(
                shared.collections.get("family"), MODEL, length=128
            )
            shared.kept.put(kept, [stranger])
        written.extend(face.face_id for face in faces)

    monkeypatch.setattr(ArchiveWriter, "faces", noted)

    made = cli.run("backup", file)

    assert "1 collection with 2 faces and 1 unknown face" in made.stdout
    assert len(written) == len(set(written)) == 3
    restored(other, file)
    assert galleries_of(other) == galleries_of(cli)


def test_name_of_who_was_erased_gives_the_next_one_another_id(
    cli: CliFixture, file: Path, tmp_path: Path, other: CliFixture
) -> None:
    fill(cli)
    robert = shared_of(cli).persons.id_of("family", "Robert")
    backed_up(cli, file)
    erase(cli, "Robert")

    restored(other, file, "--erasures", backed_up(cli, tmp_path / "newer.tar"))
    other.enrol("family", "Robert")

    assert shared_of(other).persons.id_of("family", "Robert") != robert
    assert not is_there(other, robert)


def test_service_with_other_people_is_not_touched(
    cli: CliFixture, other: CliFixture, file: Path
) -> None:
    fill(cli)
    fill(other)
    before = dict(other.gallery.objects)

    refused = other.run("restore", backed_up(cli, file))

    assert (refused.exit_code, codes(refused.stderr)) == (2, ["OTHER_SERVICE"])
    assert other.gallery.objects == before


def test_another_collection_of_the_same_id_stays(
    cli: CliFixture, other: CliFixture, file: Path
) -> None:
    fill(cli)
    other.run("collections", "create", "family")
    other.enrol("family", "Zoe")
    before = dict(other.gallery.objects)

    refused = other.run("restore", backed_up(cli, file))

    assert codes(refused.stderr) == ["COLLECTION_EXISTS"]
    assert other.gallery.objects == before


def changed(body: bytes, how: str) -> bytes:
    if how == "cut off":
        return body[: len(body) - len(body) // 3]
    if how == "without its end":
        return edited(body, lambda name, part: None if name == "end.json" else part)
    if how == "a part is missing":
        return edited(body, lambda name, part: None if name.startswith("000002") else part)
    if how == "a flipped byte":
        return edited(body, lambda name, part: flipped(part) if "objects" in name else part)
    if how == "empty":
        return b""
    return how.encode() * 1000


def flipped(part: bytes) -> bytes:
    middle = len(part) // 2
    return part[:middle] + bytes([part[middle] ^ 1]) + part[middle + 1 :]


def edited(body: bytes, edit: Callable[[str, bytes], bytes | None]) -> bytes:
    made = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(body)) as source,
        tarfile.open(fileobj=made, mode="w") as to,
    ):
        for entry in source:
            stream = source.extractfile(entry)
            assert stream is not None
            part = edit(entry.name, stream.read())
            if part is not None:
                entry.size = len(part)
                to.addfile(entry, io.BytesIO(part))
    return made.getvalue()


@pytest.mark.parametrize(
    "how", ["cut off", "without its end", "a part is missing", "a flipped byte", "empty", "photo"]
)
def test_file_that_is_damaged_or_no_backup_changes_nothing(
    cli: CliFixture, other: CliFixture, file: Path, how: str
) -> None:
    fill(cli)
    body = backed_up(cli, file).read_bytes()
    file.write_bytes(changed(body, how))

    refused = other.run("restore", file)

    assert (refused.exit_code, codes(refused.stderr)) == (2, ["INVALID_BACKUP"])
    assert not other.gallery.objects
    assert not other.index.galleries


def test_file_of_a_newer_format_is_told_apart_and_changes_nothing(
    cli: CliFixture, other: CliFixture, file: Path
) -> None:
    def newer(name: str, part: bytes) -> bytes:
        said = {"format": 2, "version": "9.9"}
        return json.dumps(said).encode() if name == "efr-backup.json" else part

    file.write_bytes(edited(backed_up(cli, file).read_bytes(), newer))

    refused = other.run("restore", file)

    assert codes(refused.stderr) == ["BACKUP_TOO_NEW"]
    assert "was made by version 9.9, in format 2" in refused.stderr
    assert not other.gallery.objects


def test_backup_that_fails_leaves_the_former_file(
    cli: CliFixture, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cli)
    former = backed_up(cli, file).read_bytes()
    cli.gallery.available = False

    assert codes(cli.run("backup", file).stderr) == ["STORAGE_UNAVAILABLE"]

    assert file.read_bytes() == former
    assert list(file.parent.glob(".*")) == []


def test_backup_is_of_all_tenants_and_says_so(cli: CliFixture, file: Path) -> None:
    refused = cli.run("--tenant", "acme", "backup", file)

    assert codes(refused.stderr) == ["USAGE"]
    assert not file.exists()


def test_both_leave_a_record_in_the_audit_trail(
    cli: CliFixture, other: CliFixture, file: Path
) -> None:
    fill(cli)
    restored(other, backed_up(cli, file))

    def actions(each: CliFixture) -> list[str]:
        trail: AuditTrail = shared_of(each).audit
        return [record.action for _, record in trail.records()]

    assert actions(cli)[-1] == "backup"
    assert actions(other)[-1] == "restore"
    assert groups_key("family") in other.gallery.objects
