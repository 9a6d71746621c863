"""Photos that are to be enrolled at the same moment share one write.

A write takes some requests, whether it brings one face or a thousand. While one group of
photos is being written, the next one gathers, and takes all that come: who comes first leads
it, and writes it as soon as the one before is through. Only if that one was of several photos,
so that more of them are on their way, does a group that is not full wait a little for company.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from core.collections.enrolment.enroller import Enroller
from core.errors import Erased, ServiceUnavailable
from core.faces.results import Model, Recognition
from core.jobs.index_job import IndexDone, IndexJob

_FULL: Final = 20
"""Photos of a group that is written as soon as the one before is through."""
APART_S: Final = 0.25
_MOST: Final = 500
"""Photos of a group, so that no write takes long."""

_Key = tuple[str, Model]


class EnrolmentGroups:
    """Enrols photos like an `Enroller`, several with one write; for many threads.

    Parameters
    ----------
    enroller : Enroller
    apart_s : float
        Time between the write of several photos and the next one, unless that is full.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        enroller: Enroller,
        *,
        apart_s: float = APART_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._enroller = enroller
        self._gathering: dict[_Key, _Group] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._apart_s = apart_s
        self._clock = clock
        self._next_s = clock()
        self._has_company = False

    def enrol(self, job: IndexJob, recognition: Recognition) -> IndexDone:
        """Add a photo's faces, and tell which were added and which not.

        Raises
        ------
        CollectionNotFound, Erased, ModelMismatch, ServiceUnavailable
            As `Enroller.enrol` does.
        """
        key = (job.collection_id, recognition.model)
        with self._lock:
            group = self._gathering.get(key)
            leads = group is None or not group.takes(job)
            if group is None or leads:
                group = self._gathering[key] = _Group()
            done = group.add(job, recognition)
        if leads:
            self._write(key, group)
        return done.result()

    def refuse_erased(self, job: IndexJob) -> None:
        """Raise ``Erased`` as `Enroller.refuse_erased` does."""
        self._enroller.refuse_erased(job)

    def _write(self, key: _Key, group: "_Group") -> None:
        with self._writing:
            if self._has_company:
                group.full.wait(max(0.0, self._next_s - self._clock()))
            with self._lock:
                if self._gathering.get(key) is group:
                    del self._gathering[key]
            group.write(self._enroller)
            self._next_s = self._clock() + self._apart_s
            self._has_company = len(group) > 1


class _Group:
    """Photos of one collection, each image once."""

    def __init__(self) -> None:
        self._photos: list[tuple[IndexJob, Recognition]] = []
        self._done: list[Future[IndexDone]] = []
        self.full = threading.Event()

    def __len__(self) -> int:
        return len(self._photos)

    def takes(self, job: IndexJob) -> bool:
        images = {photo.image_id for photo, _ in self._photos}
        return len(images) < _MOST and job.image_id not in images

    def add(self, job: IndexJob, recognition: Recognition) -> Future[IndexDone]:
        self._photos.append((job, recognition))
        self._done.append(Future())
        if len(self._done) >= _FULL:
            self.full.set()
        return self._done[-1]

    def write(self, enroller: Enroller) -> None:
        """Enrol all photos; one that can't be enrolled does no harm to the others."""
        try:
            answers = enroller.enrol_all(self._photos)
        except ServiceUnavailable as error:
            for done in self._done:
                done.set_exception(error)
        except Exception:  # noqa: BLE001 - each photo meets its own error below
            for photo, done in zip(self._photos, self._done, strict=True):
                _settle(done, enroller, photo)
        else:
            for done, answer in zip(self._done, answers, strict=True):
                if isinstance(answer, Erased):
                    done.set_exception(answer)
                else:
                    done.set_result(answer)


def _settle(
    done: "Future[IndexDone]", enroller: Enroller, photo: tuple[IndexJob, Recognition]
) -> None:
    try:
        done.set_result(enroller.enrol(*photo))
    except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for this photo
        done.set_exception(error)
