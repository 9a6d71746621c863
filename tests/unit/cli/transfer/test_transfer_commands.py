"""Faces to a file and back."""

import stat
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from efr_cli.app import main
from efr_cli.transfer.parquet import PAGE, write_faces

from core.collections.enrolment.face_writer import Added, FaceWriter
from core.collections.person_notes import ConsentNote, PersonRecord
from core.faces.geometry import Box
from core.faces.results import Model
from core.ground.ids import new_id
from core.ground.names import EVERYBODY
from core.jobs.recognition_job import COLLECTION_NOTE
from core.ports import EnrolledFace
from tests.support.faces import MODEL
from tests.support.indexes import stored_as
from tests.unit.cli.cli_fixture import CliFixture, codes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "faces.parquet"


def described(faces: list[EnrolledFace]) -> list[tuple[object, ...]]:
    return [
        (
            *(face.face_id, face.person, face.image_id, face.job_id, face.rejected),
            *(face.box, face.quality, face.enrolled_at),
            dict(face.metadata),
            face.embedding.tobytes(),
        )
        for face in faces
    ]


def enrol_variety(cli: CliFixture) -> list[EnrolledFace]:
    """Enrol a face with everything, one without a name, and one with a job."""
    ada, nobody, eve = cli.enrol("default", "王小明", None, "Eve")
    faces = [
        replace(
            ada,
            rejected=frozenset({"Bob", "Eve"}),
            metadata={"ключ": "=", "b": ""},
            box=Box(left=-1, top=2.5, right=30, bottom=40),
            quality=66.6,
            enrolled_at=datetime(2026, 11, 30, 12, tzinfo=UTC),
        ),
        replace(nobody, metadata={}),
        replace(eve, job_id=new_id()),
    ]
    cli.index.put(cli.collections.get("default").gallery_id, faces)
    return faces


def written(file: Path, *faces: EnrolledFace, model: Model = MODEL) -> Path:
    write_faces(file, [list(faces)], model=model, length=len(faces[0].embedding))
    return file


def test_imported_faces_are_those_that_were_exported(cli: CliFixture, file: Path) -> None:
    enrol_variety(cli)
    before = described(cli.enrolled("default"))
    assert cli.run("export", file, "--collection", "default").exit_code == 0
    cli.run("collections", "delete", "default", "--yes")

    result = cli.run("import", file, "--collection", "default")

    assert result.exit_code == 0
    assert result.stdout == "3 faces in 'default', 3 of them new or changed\n"
    assert described(cli.enrolled("default")) == [
        (face_id, person, image_id, None, *others)
        for face_id, person, image_id, _, *others in before
    ]


def test_importing_again_changes_nothing(cli: CliFixture, file: Path) -> None:
    enrol_variety(cli)
    cli.run("export", file, "--collection", "default")

    result = cli.run("import", file, "--collection", "default")

    assert result.stdout == "3 faces in 'default', 0 of them new or changed\n"


def test_erasing_an_imported_face_leaves_the_job_that_its_file_names_alone(
    cli: CliFixture, file: Path
) -> None:
    (bob,) = cli.enrol("default", "Bob")
    cli.collections.create("work")
    job_id = new_id()
    cli.inputs.put(f"{job_id}_photo.jpg", b"", content_type="", metadata={COLLECTION_NOTE: "work"})
    eve = replace(bob, face_id=new_id(), person="Eve", job_id=job_id)
    written(file, eve)

    assert cli.run("import", file, "--collection", "work").exit_code == 0
    assert cli.parts().erasure.face("work", eve.face_id).removed.jobs == 0

    assert [key.partition("_")[0] for key in cli.inputs.objects] == [job_id]


def test_person_who_is_erased_while_a_file_is_imported_is_left_out(
    cli: CliFixture, file: Path
) -> None:
    cli.enrol("default", "Ada", "Bob")
    cli.run("export", file, "--collection", "default")
    add = FaceWriter.add

    def erase_then_add(self: FaceWriter, *args: Any, **kwargs: Any) -> Added:
        cli.parts().erasure.person("default", "Ada")
        return add(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(FaceWriter, "add", erase_then_add)
        assert cli.run("import", file, "--collection", "default").exit_code == 0

    assert cli.names("default") == ["Bob"]


@pytest.mark.parametrize("value", [0.0, 0.001, 30.0, 3e38])
def test_embedding_of_no_models_length_is_refused(
    cli: CliFixture, file: Path, value: float
) -> None:
    (face,) = cli.enrol("default", "Ada")
    vector = np.zeros(128, dtype=np.float32)
    vector[0] = value
    written(file, replace(face, embedding=vector))

    result = cli.run("import", file, "--collection", "default")

    assert result.exit_code != 0
    assert "length" in result.stderr


def test_names_are_imported_in_one_spelling(cli: CliFixture, file: Path) -> None:
    (face,) = cli.enrol("default", "Zo\u00eb")
    written(file, stored_as(face, "Zoe\u0308", rejected={"A\u030asa"}))

    assert cli.run("import", file, "--collection", "default").exit_code == 0

    (imported,) = cli.enrolled("default")
    assert imported.person == "Zo\u00eb"
    assert imported.rejected == {"\u00c5sa"}


def test_faces_go_in_pages(cli: CliFixture, file: Path) -> None:
    cli.enrol("default", *(f"Person {number}" for number in range(2 * PAGE + 1)))
    cli.run("export", file, "--collection", "default")
    cli.run("collections", "create", "copy")

    result = cli.run("import", file, "--collection", "copy")

    assert pq.ParquetFile(file).metadata.num_row_groups == 3
    assert result.exit_code == 0
    assert described(cli.enrolled("copy")) == described(cli.enrolled("default"))


def test_file_names_columns_and_model(cli: CliFixture, file: Path) -> None:
    cli.enrol("default", "Ada")
    cli.run("export", file, "--collection", "default")

    table = pq.read_table(file)

    assert table.column_names == [
        *("face_id", "person", "image_id", "metadata", "rejected", "job_id", "embedding"),
        *("box", "quality", "enrolled_at"),
    ]
    assert table.schema.metadata[b"efr_model_name"] == b"test-model"
    assert table.schema.metadata[b"efr_model_version"] == b"1"


def test_only_the_owner_may_read_the_file(cli: CliFixture, file: Path) -> None:
    cli.enrol("default", "Ada")

    cli.run("export", file, "--collection", "default")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_what_was_said_of_a_face_since_the_export_stays(cli: CliFixture, file: Path) -> None:
    (ada,) = cli.enrol("default", "Ada")
    cli.run("export", file, "--collection", "default")
    cli.people.reject("default", ada.face_id, "Ada")

    cli.run("import", file, "--collection", "default")

    (face,) = cli.enrolled("default")
    assert (face.person, face.rejected) == (None, frozenset({"Ada"}))


def test_face_that_was_named_since_the_export_keeps_its_name(cli: CliFixture, file: Path) -> None:
    (nobody,) = cli.enrol("default", None)
    cli.run("export", file, "--collection", "default")
    cli.people.reassign("default", nobody.face_id, "Ada")

    cli.run("import", file, "--collection", "default")

    assert cli.names("default") == ["Ada"]


def test_faces_of_another_model_are_refused(cli: CliFixture, file: Path) -> None:
    (ada,) = cli.enrol("default", "Ada")
    written(file, ada, model=Model(name="other", version="1"))

    result = cli.run("import", file, "--collection", "default")

    assert result.exit_code == 2
    assert codes(result.stderr) == ["MODEL_MISMATCH"]


def test_collection_must_be_there(cli: CliFixture, file: Path) -> None:
    (ada,) = cli.enrol("default", "Ada")
    written(file, ada)

    for command in ("import", "export", "rebuild"):
        path = [] if command == "rebuild" else [file]
        result = cli.run(command, *path, "--collection", "staff")

        assert result.exit_code == 2
        assert codes(result.stderr) == ["COLLECTION_NOT_FOUND"]


def test_every_kind_of_damage_is_one_line_and_changes_nothing(cli: CliFixture, file: Path) -> None:
    faces = cli.enrol("default", *(f"Person {number}" for number in range(PAGE + 100)))
    cli.run("export", file, "--collection", "default")
    cli.run("collections", "create", "copy")
    whole = file.read_bytes()
    assert len(faces) == PAGE + 100

    for damaged in (
        b"",
        b"no Parquet",
        whole[: len(whole) // 2],
        whole[:-1],
        _flipped(whole, len(whole) // 2),
        _flipped(whole, 4 * len(whole) // 5),
    ):
        file.write_bytes(damaged)
        result = cli.run("import", file, "--collection", "copy")

        assert result.exit_code == 2
        assert codes(result.stderr)[0] == "INVALID_FILE"
        assert len(result.stderr.splitlines()) == 1
        assert cli.enrolled("copy") == []


def _flipped(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


def test_file_that_is_not_there_is_named(cli: CliFixture, file: Path) -> None:
    result = cli.run("import", file, "--collection", "default")

    assert result.exit_code == 2
    assert str(file) in result.stderr


def test_file_of_an_older_version_is_imported_and_takes_nothing_away(
    cli: CliFixture, file: Path
) -> None:
    faces = enrol_variety(cli)
    table = pq.read_table(written(file, *faces))
    pq.write_table(table.drop_columns(["box", "quality", "enrolled_at"]), file)

    assert cli.run("import", file, "--collection", "default").exit_code == 0

    boxes = {face.face_id: (face.box, face.quality) for face in cli.enrolled("default")}
    assert boxes == {face.face_id: (face.box, face.quality) for face in faces}


def test_other_parquet_files_are_refused(cli: CliFixture, file: Path) -> None:
    (ada,) = cli.enrol("default", "Ada")
    table = pq.read_table(written(file, ada))
    for other in (
        pa.table({"face_id": ["a"]}),
        table.replace_schema_metadata({}),
        table.drop_columns(["rejected"]),
        table.append_column("more", pa.array([1])),
    ):
        pq.write_table(other, file)

        result = cli.run("import", file, "--collection", "default")

        assert result.exit_code == 2
        assert codes(result.stderr)[0] == "INVALID_FILE"


@pytest.mark.parametrize(
    "change",
    [
        {"face_id": "x' OR 'a'='a"},
        {"job_id": "batches/photos.json"},
        {"person": "Unknown"},
        {"person": "A\nB"},
        {"rejected": frozenset({""})},
        {"image_id": ""},
        {"metadata": {"": "no key"}},
        {"box": Box(left=float("nan"), top=0, right=1, bottom=1)},
        {"quality": 101.0},
        {"embedding": np.full(128, np.nan, dtype=np.float32)},
    ],
)
def test_values_that_no_request_may_have_are_refused(
    cli: CliFixture, file: Path, change: dict[str, object]
) -> None:
    (ada,) = cli.enrol("default", "Ada")
    written(file, replace(ada, **change))  # type: ignore[arg-type]

    result = cli.run("import", file, "--collection", "default")

    assert result.exit_code == 2
    assert codes(result.stderr)[0] == "INVALID_FILE"
    assert cli.names("default") == ["Ada"]


def test_face_that_comes_twice_is_refused(cli: CliFixture, file: Path) -> None:
    (ada,) = cli.enrol("default", "Ada")
    written(file, ada, ada)

    result = cli.run("import", file, "--collection", "default")

    assert codes(result.stderr)[0] == "INVALID_FILE"


def test_lost_faces_are_not_exported_and_not_taken_for_a_lost_collection(
    cli: CliFixture, file: Path
) -> None:
    cli.enrol("default", "Ada")
    cli.index.galleries.clear()

    result = cli.run("export", file, "--collection", "default")

    assert (result.exit_code, codes(result.stderr)) == (2, ["GALLERY_UNREADABLE"])
    assert not file.exists()


def test_collection_without_faces_is_not_exported(cli: CliFixture, file: Path) -> None:
    result = cli.run("export", file, "--collection", "default")

    assert result.exit_code == 2
    assert codes(result.stderr) == ["NO_FACES"]
    assert not file.exists()


def test_folder_of_the_file_must_be_there(cli: CliFixture, file: Path) -> None:
    cli.enrol("default", "Ada")

    result = cli.run("export", file / "deep.parquet", "--collection", "default")

    assert result.exit_code == 2
    assert codes(result.stderr) == ["NO_FOLDER"]


def test_export_that_breaks_off_leaves_the_former_file(
    cli: CliFixture, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.enrol("default", *(f"Person {number}" for number in range(PAGE + 1)))
    file.write_bytes(b"the former file")
    page = cli.index.page

    def page_until_interrupted(gallery_id: str, *, limit: int, after: str = "") -> object:
        if after:
            raise KeyboardInterrupt
        return page(gallery_id, limit=limit)

    monkeypatch.setattr(cli.index, "page", page_until_interrupted)
    parts = cli.parts()
    monkeypatch.setattr(cli, "parts", lambda _: parts)
    monkeypatch.setattr(type(parts.people), "faces", lambda *_, **__: page(_gallery(cli), limit=1))

    result = cli.run("export", file, "--collection", "default")

    assert result.exit_code == 130
    assert file.read_bytes() == b"the former file"
    assert list(file.parent.iterdir()) == [file]


def _gallery(cli: CliFixture) -> str:
    return cli.collections.get("default").gallery_id


NOTE = ConsentNote(text="Entrance by face", date=date(2026, 4, 1), source="Form 17")


@pytest.fixture
def noted(cli: CliFixture, file: Path) -> CliFixture:
    """Return a command line that exported two people, one of them with a consent note."""
    cli.enrol("default", "Ada", "Bob", None)
    cli.parts().consents.set("default", "Ada", NOTE)
    cli.parts().consents.set_metadata("default", "Bob", {"room": "17 ä"})
    assert cli.run("export", file, "--collection", "default").exit_code == 0
    cli.collections.create("work")
    return cli


def test_consent_notes_are_exported_and_imported(noted: CliFixture, file: Path) -> None:
    assert noted.run("import", file, "--collection", "work").exit_code == 0

    consents = noted.parts().consents
    assert consents.of("work", "Ada") == NOTE
    assert consents.record("work", "Bob") == PersonRecord(metadata={"room": "17 ä"})


def test_consent_note_that_is_there_stays_as_it_is(noted: CliFixture, file: Path) -> None:
    noted.run("import", file, "--collection", "work")
    later = NOTE.model_copy(update={"text": "No longer"})
    noted.parts().consents.set("work", "Ada", later)

    noted.run("import", file, "--collection", "work")

    assert noted.parts().consents.of("work", "Ada") == later


def test_ignored_strangers_are_exported_and_imported(cli: CliFixture, file: Path) -> None:
    cli.enrol("default", "Ada", None)
    parts = cli.parts()
    (group,) = parts.unknown_faces.listing.page("default", limit=9).groups
    parts.unknown_faces.naming.ignore("default", group.group_id)
    assert cli.run("export", file, "--collection", "default").exit_code == 0
    cli.collections.create("work")

    assert cli.run("import", file, "--collection", "work").exit_code == 0

    (stranger,) = [face for face in cli.enrolled("work") if face.person is None]
    assert stranger.rejected == {EVERYBODY}


def test_file_without_consent_notes_is_that_of_former_versions(cli: CliFixture, file: Path) -> None:
    cli.enrol("default", "Ada")

    cli.run("export", file, "--collection", "default")

    assert "consent" not in pq.read_schema(file).names


def test_consent_note_that_is_none_makes_a_damaged_file(noted: CliFixture, file: Path) -> None:
    table = pq.read_table(file)
    place = table.schema.get_field_index("consent")
    wrong = pa.array(['{"text": ""}'] * len(table), pa.string())
    pq.write_table(table.set_column(place, table.schema.field(place), wrong), file)

    result = noted.run("import", file, "--collection", "work")

    assert codes(result.stderr) == ["INVALID_FILE"]
    assert noted.enrolled("work") == []


def test_faces_go_through_standard_output_and_input(cli: CliFixture) -> None:
    enrol_variety(cli)
    before = described(cli.enrolled("default"))
    exported = cli.run("export", "-", "--collection", "default")
    cli.run("collections", "delete", "default", "--yes")

    imported = CliRunner().invoke(
        main, ["import", "-", "--collection", "default"], obj=cli.parts, input=exported.stdout_bytes
    )

    assert exported.stderr.endswith("3 faces of 'default' in -\n")
    assert imported.stdout == "3 faces in 'default', 3 of them new or changed\n"
    assert [each[:3] for each in described(cli.enrolled("default"))] == [
        each[:3] for each in before
    ]


def test_damaged_standard_input_is_no_file_of_faces(cli: CliFixture) -> None:
    result = CliRunner().invoke(
        main, ["import", "-", "--collection", "default"], obj=cli.parts, input=b"no faces"
    )

    assert result.exit_code == 2
    assert codes(result.stderr) == ["INVALID_FILE"]


def test_export_that_fails_prints_no_half_file(cli: CliFixture) -> None:
    result = cli.run("export", "-", "--collection", "default")

    assert result.exit_code == 2
    assert result.stdout_bytes == b""
