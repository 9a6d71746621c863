"""A collection into another model's embeddings, from the kept pictures."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from efr_cli.transfer.present_engine import blank_photo

from core.collections.enrolment.face_ids import face_id
from core.faces.results import Model
from core.ground.storage_keys import CROPS
from core.ports import EnrolledFace
from tests.support.faces import MODEL, OTHER_MODEL, embedding, face, recognition
from tests.unit.cli.cli_fixture import CliFixture, codes

REEMBED = ("reembed", "default")
OLD = Model(name="old", version="1")
CROP = b"\xff\xd8\xff picture of "


def enrol(cli: CliFixture, *people: str, position: float = 1.0) -> list[EnrolledFace]:
    """Enrol people with pictures, which the present engine embeds ten times as far."""
    faces = cli.enrol("default", *people, position=position, model=OLD)
    folder = cli.collections.get("default").crops_folder
    for each in faces:
        crop = CROP + each.face_id.encode()
        key = f"{CROPS}{folder}/{each.face_id}.jpg"
        cli.gallery.put(key, crop, content_type="image/jpeg")
        shown(cli, crop, 10 * float(each.embedding[0]))
    return faces


def shown(cli: CliFixture, crop: bytes, position: float, model: Model = MODEL) -> None:
    middle = replace(face(position, left=270, side_px=100))
    middle = replace(middle, box=replace(middle.box, top=190, bottom=290))
    cli.faces[crop] = recognition(face(99.0, left=0), middle, model=model)


def present(cli: CliFixture, model: Model) -> None:
    """Let the present engine be that of a model."""
    cli.faces[blank_photo()] = recognition(model=model)


def positions(cli: CliFixture) -> dict[str | None, float]:
    return {each.person: float(each.embedding[0]) for each in cli.enrolled("default")}


def gallery_of(cli: CliFixture) -> str:
    return cli.collections.get("default").gallery_id


def test_faces_have_the_present_engines_embeddings_and_all_else_stays(cli: CliFixture) -> None:
    before = enrol(cli, "Ada", "Bob")
    former = gallery_of(cli)

    result = cli.run(*REEMBED)

    assert result.exit_code == 0, result.stderr
    assert result.stdout == ("2 faces of 'default' embedded, 0 not; they are used now\n")
    assert list(cli.index.galleries) == [gallery_of(cli)] != [former]
    assert cli.collections.get("default").model == MODEL
    assert positions(cli) == pytest.approx({"Ada": 10.0, "Bob": 11.0})
    kept = [replace(each, embedding=before[0].embedding) for each in cli.enrolled("default")]
    assert sorted(kept, key=lambda each: each.face_id) == sorted(
        (replace(each, embedding=before[0].embedding) for each in before),
        key=lambda each: each.face_id,
    )
    assert not list(cli.run_folder.iterdir())


def test_faces_without_a_picture_are_named_and_nothing_is_switched(cli: CliFixture) -> None:
    enrol(cli, "Ada")
    cli.enrol("default", "Bob", model=OLD)
    former = gallery_of(cli)

    result = cli.run(*REEMBED)

    assert result.exit_code == 1
    assert codes(result.stderr) == ["CROP_NOT_KEPT"]
    assert "'Bob'" in result.stderr
    assert (gallery_of(cli), cli.collections.get("default").model) == (former, OLD)
    assert cli.names("default") == ["Ada", "Bob"]

    asked = cli.run(*REEMBED, "--leave-out")
    assert asked.exit_code != 0
    assert "erases the faces of 'default' that can't be embedded" in asked.stderr
    assert cli.names("default") == ["Ada", "Bob"]

    assert cli.run(*REEMBED, "--leave-out", "--yes").exit_code == 1
    assert positions(cli) == {"Ada": 10.0}
    assert list(cli.index.galleries) == [gallery_of(cli)]


def test_interrupted_run_goes_on_where_it_was(
    cli: CliFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("efr_cli.transfer.gallery_of_crops._PAGE", 1)
    enrol(cli, "Ada", "Bob", "Eve")
    seen: list[bytes] = []
    recognise, put = cli.recognise, cli.index.put

    def counted(photo: bytes, *rest: object) -> object:
        seen.extend([photo] if photo.startswith(CROP) else [])
        return recognise(photo, *rest)  # type: ignore[arg-type]

    def put_two(gallery_id: str, faces: list[EnrolledFace]) -> None:
        if len(seen) == 3:
            raise KeyboardInterrupt
        put(gallery_id, faces)

    monkeypatch.setattr(cli, "recognise", counted)
    with monkeypatch.context() as patched:
        patched.setattr(cli.index, "put", put_two)
        assert cli.run(*REEMBED).exit_code != 0
    assert cli.names("default") == ["Ada", "Bob", "Eve"]
    assert cli.collections.get("default").model == OLD
    seen.clear()

    assert cli.run(*REEMBED).exit_code == 0

    assert len(seen) == 1
    assert positions(cli) == pytest.approx({"Ada": 10.0, "Bob": 11.0, "Eve": 12.0})
    assert list(cli.index.galleries) == [gallery_of(cli)]


@pytest.fixture
def during(cli: CliFixture, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return how to have something happen once, after the first faces were embedded."""

    def plan(event: Callable[[], object]) -> None:
        former, put, pending = gallery_of(cli), cli.index.put, [event]

        def put_and_more(gallery_id: str, faces: list[EnrolledFace]) -> None:
            put(gallery_id, faces)
            if gallery_id != former and pending:
                pending.pop()()

        monkeypatch.setattr(cli.index, "put", put_and_more)

    return plan


def test_what_happens_meanwhile_is_carried_over(
    cli: CliFixture, during: Callable[[Callable[[], object]], None]
) -> None:
    ada, _ = enrol(cli, "Ada", "Bob")

    def change() -> None:
        enrol(cli, "Eve", position=5.0)
        cli.people.rename("default", "Bob", "Robert")
        cli.parts().erasure.person("default", "Ada")

    during(change)

    assert cli.run(*REEMBED).exit_code == 0
    assert positions(cli) == pytest.approx({"Eve": 50.0, "Robert": 11.0})
    assert ada.face_id not in {each.face_id for each in cli.enrolled("default")}


def test_what_comes_after_the_switch_is_carried_over_and_newer_edits_stay(
    cli: CliFixture,
) -> None:
    enrol(cli, "Ada", "Bob")
    former = gallery_of(cli)

    def late() -> None:
        cli.on_sleep = None
        cli.people.rename("default", "Bob", "Robert")
        slow = cli.index.galleries[former]
        eve = replace(next(iter(slow.values())), person="Eve", face_id=face_id("default", "e", 0))
        crop = CROP + b"eve"
        key = f"{CROPS}{cli.collections.get('default').crops_folder}/{eve.face_id}.jpg"
        cli.gallery.put(key, crop, content_type="image/jpeg")
        shown(cli, crop, 70.0)
        slow[eve.face_id] = eve

    cli.on_sleep = late

    assert cli.run(*REEMBED).exit_code == 0
    assert positions(cli) == pytest.approx({"Ada": 10.0, "Robert": 11.0, "Eve": 70.0})


def test_collection_of_the_present_engine_stays_as_it_is(cli: CliFixture) -> None:
    (ada,) = enrol(cli, "Ada")
    shown(cli, CROP + ada.face_id.encode(), 10.0, model=OLD)
    present(cli, OLD)

    result = cli.run(*REEMBED)

    assert result.exit_code == 2
    assert codes(result.stderr) == ["SAME_MODEL"]
    assert positions(cli) == {"Ada": 1.0}


def test_present_engine_is_told_before_any_missing_picture_is(cli: CliFixture) -> None:
    cli.enrol("default", "Ada", "Bob", model=OLD)
    present(cli, OLD)

    result = cli.run(*REEMBED, "--leave-out", "--yes")

    assert (result.exit_code, codes(result.stderr)) == (2, ["SAME_MODEL"])
    assert cli.names("default") == ["Ada", "Bob"]


def test_run_with_another_engine_than_the_interrupted_one_is_refused(cli: CliFixture) -> None:
    enrol(cli, "Ada")
    cli.enrol("default", "Bob", model=OLD)
    cli.run(*REEMBED)
    enrol(cli, "Eve", position=3.0)
    present(cli, OTHER_MODEL)

    result = cli.run(*REEMBED)

    assert codes(result.stderr)[-1] == "MODEL_MISMATCH"
    assert cli.names("default") == ["Ada", "Bob", "Eve"]


def test_picture_whose_face_is_at_its_edge_is_no_picture_of_it(cli: CliFixture) -> None:
    (ada,) = enrol(cli, "Ada")
    cli.faces[CROP + ada.face_id.encode()] = recognition(face(1.0, left=0, side_px=20))

    result = cli.run(*REEMBED)

    assert codes(result.stderr) == ["NO_FACE"]
    assert embedding(1.0)[0] == positions(cli)["Ada"]
