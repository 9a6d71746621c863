"""Indexes the photos of a local folder through the service's index queue: send, wait, report.

A photo's ``image_id`` is the hash of its contents, as for ``efr enroll``. So a photo has the same
faces by whatever name and from wherever it comes, and a second run finds those that are there.
"""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tqdm import tqdm

from core.collections.enrolment.face_ids import face_id
from core.errors import InvalidPhoto, TooManyJobs
from core.ground.authors import TYPIST
from core.jobs.index_job import IndexDone, IndexRequest
from core.jobs.recognition_job import JobFailed
from core.jobs.results import JobResult
from efr_cli.context import CliContext
from efr_cli.index.remarks import Remark, left_out

_SENT_AT_ONCE: Final = 8
_POLL_S: Final = 1.0
_WATCHED: Final = 20
"""Jobs whose results one round asks for; the queue serves the oldest ones first."""


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """A photo with its job; none if it was known, or refused for a reason."""

    photo: Path
    job_id: str | None = None
    refusal: str | None = None


@dataclass(kw_only=True)
class FolderRun:
    """One run over a folder, and its results."""

    parts: CliContext
    request: IndexRequest
    faces: int = 0
    known: int = 0
    """Photos of which faces are enrolled already."""
    remarks: list[Remark] = field(default_factory=list)

    def index(self, photos: list[Path]) -> None:
        """Send the photos that are not known, and return when each is done or failed."""
        waiting: list[_Sent] = []
        for sent in self._sent(photos):
            if sent.job_id is not None:
                waiting.append(sent)
            elif sent.refusal is not None:
                self.remarks.append(Remark(key=str(sent.photo), reason=sent.refusal))
            else:
                self.known += 1
        with tqdm(desc="indexed", total=len(waiting), unit="photo", disable=None) as bar:
            while waiting:
                left = [each for each in waiting[:_WATCHED] if not self._is_over(each)]
                bar.update(min(len(waiting), _WATCHED) - len(left))
                waiting = left + waiting[_WATCHED:]
                if len(left) == min(len(waiting), _WATCHED) and waiting:
                    self.parts.sleep(_POLL_S)

    def _sent(self, photos: list[Path]) -> Iterator[_Sent]:
        executor = ThreadPoolExecutor(max_workers=_SENT_AT_ONCE)
        try:
            sent = executor.map(self._send, photos)
            yield from tqdm(sent, desc="sent", total=len(photos), unit="photo", disable=None)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _send(self, photo: Path) -> _Sent:
        requests = self.parts.index_requests
        try:
            content = photo.read_bytes()
            requests.intake.check(content)
        except OSError as error:
            return _Sent(photo=photo, refusal=f"UNREADABLE: {error.strerror}")
        except InvalidPhoto as error:
            return _Sent(photo=photo, refusal=f"{error.code}: {error}")
        image_id = hashlib.sha256(content).hexdigest()
        if self._is_known(image_id):
            return _Sent(photo=photo)
        while True:
            try:
                job_id = requests.submit(content, image_id, photo.name, self.request, TYPIST)
            except TooManyJobs:
                self.parts.sleep(_POLL_S)
            else:
                return _Sent(photo=photo, job_id=job_id)

    def _is_known(self, image_id: str) -> bool:
        """Tell whether faces of a photo are enrolled, under the name that is given if one is."""
        collection_id, person = self.request.collection_id, self.request.person
        collection = self.parts.collections.fresh_if_empty(collection_id)
        if collection.model is None:
            return False
        places = 1 if person is not None else self.request.max_faces
        ids = [face_id(collection_id, image_id, place) for place in range(places)]
        found = self.parts.people.found(collection, ids)
        return any(person in (None, face.person) for face in found)

    def _is_over(self, sent: _Sent) -> bool:
        result = self.parts.results.read(sent.job_id or "")
        if result is None:
            return False
        reason = _reason(result)
        added = len(result.face_records) if isinstance(result, IndexDone) else 0
        self.faces += added
        if reason is not None:
            self.remarks.append(Remark(key=str(sent.photo), reason=reason, used=added > 0))
        return True


def photos_below(folder: Path) -> list[Path]:
    """Return all files below a folder, in order; hidden ones are no photos."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _reason(result: JobResult) -> str | None:
    """Say why a photo or some of its faces are not indexed; None if all are."""
    if isinstance(result, JobFailed):
        return f"{result.error.code}: {result.error.message}"
    if not isinstance(result, IndexDone):
        return None
    if result.unindexed_faces:
        return left_out(result.unindexed_faces)
    return None if result.face_records else "NO_FACE: no face was found"
