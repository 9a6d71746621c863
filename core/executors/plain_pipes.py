"""Pipes between a pool and its children whose answers can hold plain data only.

Pebble sends pickles both ways. A child gets its work that way; what comes back may name
nothing but Pebble's own few classes, so a child that was taken over finds no function there.
"""

import io
import os
import pickle
from multiprocessing import reduction
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from typing import Any, Final

from pebble.common.types import Result, ResultStatus
from pebble.pool import process as pebble_process


def _status(kind: Any, name: Any) -> ResultStatus:
    """Stand in for ``getattr``, by which early versions of Python 3.11 name an enum's member."""
    if kind is not ResultStatus:
        raise pickle.UnpicklingError("an attribute of something else was asked for")
    return ResultStatus[name]


_LARGEST_ANSWER_BYTES: Final = 64 * 2**20
_ALLOWED: Final[dict[tuple[str, str], Any]] = {("builtins", "getattr"): _status} | {
    (kind.__module__, kind.__qualname__): kind
    for kind in (
        Result,
        ResultStatus,
        pebble_process.Acknowledgement,
        pebble_process.TaskProblem,
        pebble_process.TaskResult,
    )
}


class PlainContext(SpawnContext):
    """Starts processes as the spawn method does, with readers that take plain data only."""

    def Pipe(self, duplex: bool = True) -> tuple[Any, Any]:  # noqa: N802
        reader, writer = super().Pipe(duplex)
        with reader:
            return _PlainReader(os.dup(reader.fileno()), writable=False), writer


class _PlainReader(Connection):
    def recv(self) -> Any:
        content = self.recv_bytes(_LARGEST_ANSWER_BYTES)
        try:
            return _PlainUnpickler(io.BytesIO(content)).load()
        except Exception as error:
            # Pebble takes this for the end of the child.
            raise OSError("the child sent what is no answer") from error


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed") from None


def _as_connection(reader: _PlainReader) -> tuple[Any, tuple[Any]]:
    """Give a child, which may trust its parent, an ordinary end of the pipe."""
    return _connection, (reduction.DupFd(reader.fileno()),)


def _connection(descriptor: Any) -> Connection:
    return Connection(descriptor.detach(), writable=False)


reduction.register(_PlainReader, _as_connection)
