"""What a child says, as plain data: it can be wrong, but it can't run code in its parent.

An answer is a head in JSON, preceded by its length, then all embeddings as float32, and then all
crops.
"""

import builtins
import dataclasses
import itertools
import json
import struct
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from core import errors
from core.errors import RecognizerDied
from core.faces.results import Recognition, is_crop


@dataclass(frozen=True, kw_only=True)
class Started:
    """What a child says once it is ready; ``not_allowed`` is `Confinement.apply`'s answer."""

    pid: int
    not_allowed: tuple[str, ...]


class ChildTraceback(Exception):
    """Carries the traceback of a child's error, for the log."""


@dataclass(frozen=True, kw_only=True)
class _Told:
    """An error."""

    name: str
    text: str
    trace: str


@dataclass(frozen=True, kw_only=True)
class _Head:
    error: _Told | None = None
    started: Started | None = None
    recognition: dict[str, Any] | None = None


_NUMBER_BYTES: Final = np.dtype(np.float32).itemsize
_LENGTH: Final = struct.Struct(">I")
_HEAD: Final = TypeAdapter(_Head)
_RECOGNITION: Final = TypeAdapter(Recognition)
_UNREADABLE: Final = "the child's answer can't be read"


def recognition_answer(act: Callable[[], Recognition]) -> bytes:
    """Return what an action returns or raises."""
    try:
        recognition = act()
    except Exception as error:  # noqa: BLE001 - the parent raises it again
        return _answer(_Head(error=_told(error)))
    told = dataclasses.asdict(recognition)
    embeddings = [np.asarray(face["embedding"], np.float32) for face in told["faces"]]
    crops = [face["crop"] or b"" for face in told["faces"]]
    for face in told["faces"]:
        face["embedding"] = len(face["embedding"])
        face["crop"] = len(face["crop"] or b"")
    head = _answer(_Head(recognition=told))
    return b"".join([head, *(each.tobytes() for each in embeddings), *crops])


def start_answer(act: Callable[[], Started]) -> bytes:
    """Return what an action returns or raises."""
    try:
        return _answer(_Head(started=act()))
    except Exception as error:  # noqa: BLE001 - the parent raises it again
        return _answer(_Head(error=_told(error)))


def read_start(answer: bytes) -> Started:
    """Return what a child said about its start, or raise what it raised.

    Raises
    ------
    RecognizerDied
        If the answer is not what a child says.
    """
    head, _ = _read(answer)
    if head.started is None:
        raise RecognizerDied(_UNREADABLE)
    return head.started


def read_recognition(answer: bytes) -> Recognition:
    """Return what a child recognised, or raise what it raised.

    Raises
    ------
    RecognizerDied
        If the answer is not what a child says.
    """
    head, body = _read(answer)
    if head.recognition is None:
        raise RecognizerDied(_UNREADABLE)
    try:
        faces = head.recognition["faces"]
        lengths = [_length(face["embedding"]) for face in faces]
        behind = _NUMBER_BYTES * sum(lengths)
        crops = _crops(body[behind:], [_length(face["crop"]) for face in faces])
        embeddings = _embeddings(body[:behind], lengths)
        for face, embedding, crop in zip(faces, embeddings, crops, strict=True):
            face.update(embedding=embedding, crop=crop)
        return _RECOGNITION.validate_python(head.recognition)
    except (KeyError, TypeError, ValueError) as error:  # pydantic's are ValueErrors
        raise RecognizerDied(_UNREADABLE) from error


def _embeddings(body: bytes, lengths: list[int]) -> list[NDArray[np.float32]]:
    numbers = np.frombuffer(body, np.float32).copy()
    if not np.isfinite(numbers).all():
        raise ValueError("an embedding is not finite")
    if sum(lengths) != len(numbers):
        raise ValueError("embeddings are missing")
    return np.split(numbers, np.cumsum(lengths[:-1])) if lengths else []


def _crops(body: bytes, lengths: list[int]) -> list[bytes | None]:
    if sum(lengths) != len(body):
        raise ValueError("crops are missing, or something is there beside them")
    ends = list(itertools.accumulate(lengths))
    crops = [body[end - length : end] or None for end, length in zip(ends, lengths, strict=True)]
    if not all(crop is None or is_crop(crop) for crop in crops):
        raise ValueError("a crop is no small JPEG")
    return crops


def _length(said: Any) -> int:
    length = int(said)
    if length < 0:
        raise ValueError("a length is negative")
    return length


def _answer(head: _Head) -> bytes:
    told = json.dumps(dataclasses.asdict(head)).encode()
    return _LENGTH.pack(len(told)) + told


def _read(answer: bytes) -> tuple[_Head, bytes]:
    try:
        (length,) = _LENGTH.unpack_from(answer)
        head = _HEAD.validate_json(answer[_LENGTH.size : _LENGTH.size + length])
    except (TypeError, ValueError, struct.error) as error:
        raise RecognizerDied(_UNREADABLE) from error
    if head.error is not None:
        _raise(head.error)
    return head, answer[_LENGTH.size + length :]


def _told(error: Exception) -> _Told:
    return _Told(
        name=type(error).__name__,
        text=str(error),
        trace="".join(traceback.format_exception(error)),
    )


def _raise(told: _Told) -> NoReturn:
    """Raise an error of this service or of Python by its name; others become a RuntimeError."""
    kind = getattr(errors, told.name, None) or getattr(builtins, told.name, None)
    raised: Exception = RuntimeError(f"{told.name}: {told.text}")
    if isinstance(kind, type) and issubclass(kind, Exception):
        with suppress(TypeError):  # it may want more than a text, as UnicodeDecodeError does
            raised = kind(told.text)
    raise raised from ChildTraceback(told.trace)
