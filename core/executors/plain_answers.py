"""What a child says, as plain data: it can be wrong, but it can't run code in its parent.

An answer is a head in JSON, preceded by its length, and then all embeddings as float32.
"""

import builtins
import dataclasses
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
from core.faces.results import Recognition


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
    for face in told["faces"]:
        face["embedding"] = len(face["embedding"])
    return _answer(_Head(recognition=told)) + b"".join(each.tobytes() for each in embeddings)


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
        lengths = [int(face["embedding"]) for face in faces]
        for face, embedding in zip(faces, _embeddings(body, lengths), strict=True):
            face["embedding"] = embedding
        return _RECOGNITION.validate_python(head.recognition)
    except (KeyError, TypeError, ValueError) as error:  # pydantic's are ValueErrors
        raise RecognizerDied(_UNREADABLE) from error


def _embeddings(body: bytes, lengths: list[int]) -> list[NDArray[np.float32]]:
    numbers = np.frombuffer(body, np.float32).copy()
    if not np.isfinite(numbers).all():
        raise ValueError("an embedding is not finite")
    if min(lengths, default=0) < 0 or sum(lengths) != len(numbers):
        raise ValueError("embeddings are missing, or too many")
    return np.split(numbers, np.cumsum(lengths[:-1])) if lengths else []


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
