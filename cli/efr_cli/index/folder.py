"""Indexes the photos of a local folder through the service's index queue: send, wait, report.

A photo's ``image_id`` is the hash of its contents, as for ``efr enroll``. So a photo has the same
faces by whatever name and from wherever it comes, and a second run finds those that are there.
"""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tqdm import tqdm

from core.errors import InvalidPhoto, TooManyJobs
from core.jobs.index_job import IndexDone, IndexRequest
from core.jobs.recognition_job import JobFailed
from core.jobs.results import JobResult
from efr_cli.index.remarks import Remark, left_out
from efr_cli.index.sending import Sending

_SENT_AT_ONCE: Final = 8

Wanted = tuple[Path, IndexRequest]
"""A photo, and what it is to be indexed for."""


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """A photo with its job; none if it was known, or refused for a reason."""

    photo: Path
    job_id: str | None = None
    refusal: str | None = None


@dataclass(kw_only=True)
class FolderRun:
    """One run over a folder, and its results."""

    sending: Sending
    again: bool = False
    """Whether to send also photos that are known."""
    faces: int = 0
    known: list[Path] = field(default_factory=list)
    """Photos of which faces are enrolled already."""
    added: list[Path] = field(default_factory=list)
    """Photos of which faces were added."""
    remarks: list[Remark] = field(default_factory=list)

    def index(self, photos: Sequence[Wanted]) -> None:
        """Send the photos that are not known, and return when each is done or failed."""
        waiting: list[_Sent] = []
        for sent in self._sent(photos):
            if sent.job_id is not None:
                waiting.append(sent)
            elif sent.refusal is not None:
                self.remarks.append(Remark(key=str(sent.photo), reason=sent.refusal))
            else:
                self.known.append(sent.photo)
        watched = self.sending.watched
        with tqdm(desc="indexed", total=len(waiting), unit="photo", disable=None) as bar:
            while waiting:
                left = [each for each in waiting[:watched] if not self._is_over(each)]
                bar.update(min(len(waiting), watched) - len(left))
                waiting = left + waiting[watched:]
                if len(left) == min(len(waiting), watched) and waiting:
                    self.sending.pause()

    def _sent(self, photos: Sequence[Wanted]) -> Iterator[_Sent]:
        executor = ThreadPoolExecutor(max_workers=_SENT_AT_ONCE)
        try:
            sent = executor.map(self._send, photos)
            yield from tqdm(sent, desc="sent", total=len(photos), unit="photo", disable=None)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _send(self, wanted: Wanted) -> _Sent:
        photo, request = wanted
        try:
            content = photo.read_bytes()
        except OSError as error:
            return _Sent(photo=photo, refusal=f"UNREADABLE: {error.strerror}")
        image_id = hashlib.sha256(content).hexdigest()
        if not self.again and self.sending.is_known(image_id, request):
            return _Sent(photo=photo)
        while True:
            try:
                job_id = self.sending.send(content, image_id, photo.name, request)
            except TooManyJobs:
                self.sending.pause()
            except InvalidPhoto as error:
                return _Sent(photo=photo, refusal=f"{error.code}: {error}")
            else:
                return _Sent(photo=photo, job_id=job_id)

    def _is_over(self, sent: _Sent) -> bool:
        result = self.sending.result(sent.job_id or "")
        if result is None:
            return False
        reason = _reason(result)
        added = len(result.face_records) if isinstance(result, IndexDone) else 0
        self.faces += added
        if added:
            self.added.append(sent.photo)
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
