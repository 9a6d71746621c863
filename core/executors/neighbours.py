"""The web processes of one service lend each other their free children.

Without it a photo of a crowd would hold up those callers that happened to come
to its process, while the children of the others idle.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any, Final, Protocol

from core.errors import TooBusy
from core.faces.results import Recognition

_UNIX: Final = "AF_UNIX"
_LOOK_EVERY_S: Final = 0.25
_CALLERS: Final = 64
"""That connect at once."""


class Pool(Protocol):
    """Children of this process."""

    def has_free(self) -> bool: ...

    @property
    def recognise(self) -> Callable[..., Recognition]:
        """Take a photo, ``patience_s`` and what else is to be done with it."""
        ...


class Neighbours:
    """A pool's children, and those of the other processes that share a folder.

    Parameters
    ----------
    pool : Pool
    folder : Path
        Where each process has a socket. It must be the service's alone: what comes
        from there is believed.
    answer_s : float
        Time after which a neighbour that took a photo is given up.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        pool: Pool,
        folder: Path,
        *,
        answer_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._folder = folder
        self._own = folder / f"{os.getpid()}-{id(self):x}"
        self._answer_s = answer_s
        self._clock = clock

    def start(self) -> None:
        """Lend children from now on."""
        self._own.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._own))
        listener.listen(_CALLERS)
        threading.Thread(
            target=self._lend, args=(listener,), name="neighbours", daemon=True
        ).start()

    def recognise(self, photo: bytes, *, patience_s: float, **how: Any) -> Recognition:
        """Return the faces of a photo from whichever child is free first, the own ones first.

        Raises
        ------
        TooBusy
            If none was free in time.
        InvalidPhoto, RecognitionTimedOut, RecognizerDied
            As the pool does.
        """
        deadline_s = self._clock() + patience_s
        pause_s = 0.0
        while True:
            try:
                return self._pool.recognise(photo, patience_s=pause_s, **how)
            except TooBusy:
                borrowed = next(self._borrowed(photo, how), None)
                if borrowed is not None:
                    return borrowed
                pause_s = min(_LOOK_EVERY_S, deadline_s - self._clock())
                if pause_s <= 0:
                    raise

    def _borrowed(self, photo: bytes, how: dict[str, Any]) -> Iterator[Recognition]:
        """Yield the answers of neighbours that have a free child."""
        for place in sorted(self._folder.iterdir()):
            if place != self._own:
                answer = self._asked(place, photo, how)
                if isinstance(answer, Exception):
                    raise answer
                if answer is not None:
                    yield answer

    def _asked(
        self, place: Path, photo: bytes, how: dict[str, Any]
    ) -> Recognition | Exception | None:
        """Return what a neighbour answers; None if it has no free child, or is no more."""
        try:
            with Client(str(place), _UNIX) as connection:
                if not self._told(connection):
                    return None
                connection.send((photo, how))
                answer: Recognition | Exception | None = self._told(connection)
                return answer
        except (OSError, EOFError):
            return None

    def _told(self, connection: Connection) -> Any:
        if not connection.poll(self._answer_s):
            raise EOFError
        return connection.recv()

    def _lend(self, listener: socket.socket) -> None:
        while True:
            accepted, _ = listener.accept()
            connection = Connection(accepted.detach())
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        try:
            with connection:
                is_free = self._pool.has_free()
                connection.send(is_free)
                if is_free:
                    photo, how = self._told(connection)
                    connection.send(self._answer(photo, how))
        except (OSError, EOFError):  # who asked is no more
            return

    def _answer(self, photo: bytes, how: dict[str, Any]) -> Recognition | Exception | None:
        try:
            return self._pool.recognise(photo, patience_s=0, **how)
        except TooBusy:
            return None
        except Exception as error:  # noqa: BLE001 - it is for the process that asked
            return error
