"""What comes out of a child's pipe runs nothing in its parent."""

import os
import pickle
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from pebble.common.types import Result, ResultStatus
from pebble.pool.process import TaskResult

from core.executors.plain_pipes import PlainContext
from tests.support.probes import Exploit


@pytest.fixture
def pipe() -> Iterator[tuple[Connection, Connection]]:
    reader, writer = PlainContext().Pipe(duplex=False)
    with reader, writer:
        yield reader, writer


def test_answer_of_plain_data_arrives(pipe: tuple[Connection, Connection]) -> None:
    reader, writer = pipe

    writer.send(TaskResult(7, Result(ResultStatus.SUCCESS, b"answer")))

    answer = reader.recv()
    assert (answer.task, answer.result.status, answer.result.value) == (7, 0, b"answer")


def test_object_that_would_run_code_is_the_end_of_the_child(
    pipe: tuple[Connection, Connection], tmp_path: Path
) -> None:
    reader, writer = pipe
    file = tmp_path / "written"
    pickle.loads(pickle.dumps(Exploit(str(file))))  # noqa: S301
    assert file.read_text() == "by the parent"  # so it would be without the fence
    file.unlink()

    writer.send(TaskResult(7, Result(ResultStatus.SUCCESS, Exploit(str(file)))))

    with pytest.raises(OSError, match="no answer"):
        reader.recv()
    assert not file.exists()


class ByName:
    """Is pickled as Python 3.11.2, Debian's, pickles the member of an enum."""

    def __init__(self, owner: object, name: str) -> None:
        self.asked = (owner, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, self.asked


def test_status_that_is_named_as_an_attribute_arrives(pipe: tuple[Connection, Connection]) -> None:
    reader, writer = pipe

    writer.send(ByName(ResultStatus, "SUCCESS"))

    assert reader.recv() is ResultStatus.SUCCESS


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (ResultStatus, "mro"),
        (ResultStatus, "__class__"),
        (Result, "__init__"),
        (TaskResult, "task"),
    ],
)
def test_no_other_attribute_arrives(
    pipe: tuple[Connection, Connection], owner: object, name: str
) -> None:
    reader, writer = pipe

    writer.send_bytes(pickle.dumps(ByName(owner, name)))

    with pytest.raises(OSError, match="no answer"):
        reader.recv()


@pytest.mark.parametrize("content", [b"", b"garbage", b"cos\nsystem\n(S'true'\ntR.", b"\x80\x05N."])
def test_garbage_is_the_end_of_the_child_or_nothing(
    pipe: tuple[Connection, Connection], content: bytes
) -> None:
    reader, writer = pipe

    writer.send_bytes(content)

    try:
        assert reader.recv() is None
    except OSError as error:
        assert "no answer" in str(error)  # noqa: PT017 - either is right


def test_answer_without_an_end_is_not_read(pipe: tuple[Connection, Connection]) -> None:
    reader, writer = pipe

    os.write(writer.fileno(), (2**31 - 1).to_bytes(4, "big"))

    with pytest.raises(OSError, match="bad message length"):
        reader.recv()
