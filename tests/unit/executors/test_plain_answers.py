"""A child's answers as plain data."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidImage, RecognizerDied, TooManyPixels
from core.executors.plain_answers import (
    ChildTraceback,
    Started,
    read_recognition,
    read_start,
    recognition_answer,
    start_answer,
)
from core.faces.results import Face, Recognition
from tests.support.faces import face, recognition


def raising(error: Exception) -> bytes:
    def act() -> Recognition:
        raise error

    return recognition_answer(act)


def without_embedding(one: Face) -> dict[str, object]:
    told = dataclasses.asdict(one)
    told.pop("embedding")
    return told


@pytest.mark.parametrize("faces", [0, 1, 3])
def test_recognition_arrives_as_it_was(faces: int) -> None:
    told = recognition(*(face(float(number)) for number in range(faces)))

    read = read_recognition(recognition_answer(lambda: told))

    for one, other in zip(read.faces, told.faces, strict=True):
        assert one.embedding.dtype == np.float32
        assert np.array_equal(one.embedding, other.embedding)
        assert without_embedding(one) == without_embedding(other)
    assert dataclasses.replace(read, faces=()) == dataclasses.replace(told, faces=())


def test_face_without_embedding_arrives_between_others_with_one() -> None:
    told = recognition(face(1.0), face(vector=np.empty(0, dtype=np.float32)), face(2.0))

    read = read_recognition(recognition_answer(lambda: told))

    assert [one.embedding.size for one in read.faces] == [128, 0, 128]
    assert read.faces[2].embedding[0] == 2.0


def test_crops_arrive_as_they_were_and_only_where_there_are_some() -> None:
    jpeg = b"\xff\xd8\xff of the face"
    without = face(2.0)
    told = recognition(dataclasses.replace(face(1.0), crop=jpeg), without)

    read = read_recognition(recognition_answer(lambda: told))

    assert [one.crop for one in read.faces] == [jpeg, None]
    assert [one.embedding[0] for one in read.faces] == [1.0, 2.0]


@pytest.mark.parametrize("crop", [b"<script>", b"\xff\xd8\xff" + bytes(200_000)])
def test_crop_that_is_no_small_jpeg_is_a_dead_child(crop: bytes) -> None:
    told = recognition(dataclasses.replace(face(1.0), crop=crop))

    with pytest.raises(RecognizerDied, match="can't be read"):
        read_recognition(recognition_answer(lambda: told))


def test_bytes_beside_the_crops_are_a_dead_child() -> None:
    with pytest.raises(RecognizerDied, match="can't be read"):
        read_recognition(recognition_answer(lambda: recognition(face(1.0))) + b"more")


def test_start_arrives_as_it_was() -> None:
    started = Started(pid=17, not_allowed=("landlock",))

    assert read_start(start_answer(lambda: started)) == started


@pytest.mark.parametrize("error", [InvalidImage("damaged"), ZeroDivisionError("a bug")])
def test_error_keeps_type_text_and_traceback(error: Exception) -> None:
    with pytest.raises(type(error), match=f"^{error}$") as raised:
        read_recognition(raising(error))

    assert isinstance(raised.value.__cause__, ChildTraceback)
    assert "in act" in str(raised.value.__cause__)


def test_error_of_an_unknown_kind_is_a_runtime_error_that_names_it() -> None:
    class Strange(Exception):
        pass

    with pytest.raises(RuntimeError, match=r"^Strange: odd$"):
        read_recognition(raising(Strange("odd")))


def test_error_that_wants_more_than_a_text_is_a_runtime_error() -> None:
    with pytest.raises(RuntimeError, match="UnicodeDecodeError"):
        read_recognition(raising(UnicodeDecodeError("utf-8", b"x", 0, 1, "odd")))


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "print", "dataclass"])
def test_name_of_what_is_no_error_raises_nothing_of_that_name(name: str) -> None:
    head = json.dumps({"error": {"name": name, "text": "x", "trace": ""}}).encode()

    with pytest.raises(RuntimeError, match=f"^{name}: x$"):
        read_recognition(len(head).to_bytes(4, "big") + head)


@pytest.mark.parametrize(
    "change",
    [
        {"width": "wide"},
        {"faces": [{}]},
        {"faces": "none"},
        {"faces": None},
        {"model": "best"},
    ],
)
def test_answer_of_another_shape_is_a_dead_child(change: dict[str, object]) -> None:
    told = dataclasses.asdict(recognition()) | change
    head = json.dumps({"recognition": told}).encode()

    with pytest.raises(RecognizerDied, match="can't be read"):
        read_recognition(len(head).to_bytes(4, "big") + head)


def test_embedding_that_is_not_finite_is_a_dead_child() -> None:
    answer = recognition_answer(lambda: recognition(face(1.0)))
    poisoned = answer[:-4] + np.float32(np.nan).tobytes()

    with pytest.raises(RecognizerDied, match="can't be read"):
        read_recognition(poisoned)


def test_answer_to_another_question_is_a_dead_child() -> None:
    with pytest.raises(RecognizerDied):
        read_recognition(start_answer(lambda: Started(pid=1, not_allowed=())))
    with pytest.raises(RecognizerDied):
        read_start(recognition_answer(recognition))


@given(answer=st.binary(max_size=200))
def test_any_bytes_are_a_dead_child(answer: bytes) -> None:
    with pytest.raises(RecognizerDied):
        read_recognition(answer)


def test_errors_of_the_tree_are_raised_whatever_they_are() -> None:
    with pytest.raises(TooManyPixels, match="100 x 100"):
        read_recognition(raising(TooManyPixels("100 x 100")))
