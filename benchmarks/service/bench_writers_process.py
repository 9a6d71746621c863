"""A process that stores made-up faces in one collection; run by ``bench_writers.py``.

    PYTHON bench_writers_process.py SETTINGS_JSON COLLECTION_ID

Each line of standard input is a JSON object whose ``do`` names a method of `Writer`, each line of
standard output its answer.
"""

import json
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np

from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.bootstrap.use_cases.enrolling import build_enroller
from core.collections.enrolment.batching import EnrolmentGroups
from core.faces.geometry import Box
from core.faces.results import Face, Model, Recognition
from core.jobs.index_job import IndexJob
from core.ports import EnrolledFace
from core.settings import Settings

LENGTH = 128
MODEL = Model(name="made up", version="1")
_OF_A_PERSON = 4


class Puts:
    """Stores the faces of photos with one write, and does nothing else of an enrolment."""

    def __init__(self, shared: Shared, gallery_id: str) -> None:
        self._index = shared.index
        self._gallery_id = gallery_id
        self.writes = 0

    def enrol_all(self, photos: Sequence[tuple[IndexJob, Recognition]]) -> list[str]:
        faces = [
            EnrolledFace(
                face_id=str(uuid.uuid4()),
                person=job.person,
                image_id=job.image_id,
                embedding=recognition.faces[0].embedding,
                job_id=job.job_id,
            )
            for job, recognition in photos
        ]
        self._index.put(self._gallery_id, faces)
        self.writes += 1
        return [face.face_id for face in faces]


class Writer:
    """Stores one face a photo, for some seconds."""

    def __init__(self, settings: Settings, collection_id: str) -> None:
        self._random = np.random.default_rng()
        self._collection_id = collection_id
        shared = Shared(settings, Infrastructure.on_aws(settings))
        collection = shared.collections.get(collection_id)
        gallery = shared.collections.bind(collection, MODEL, length=LENGTH).gallery_id
        self._puts = Puts(shared, gallery)
        self._groups: Any = EnrolmentGroups(self._puts)  # type: ignore[arg-type]
        self._enrolments: Any = EnrolmentGroups(build_enroller(shared))
        self._count = 0

    def warm(self, enrolments: bool) -> dict[str, Any]:
        """Store some faces, so that whatever a process needs is loaded."""
        for _ in range(3):
            self._store(self._enrolments if enrolments else self._groups)
        return {}

    def singly(self, seconds: float, enrolments: bool) -> dict[str, Any]:
        """Store one photo after another, perhaps with all that enrolling takes."""
        return _rate(self._for(seconds, self._enrolments if enrolments else self._groups))

    def together(self, seconds: float, threads: int) -> dict[str, Any]:
        """Let as many photos wait for their write at a time."""
        taken: list[list[float]] = []

        def store() -> None:
            taken.append(self._for(seconds, self._groups))

        writes = self._puts.writes
        at_work = [threading.Thread(target=store) for _ in range(threads)]
        for each in at_work:
            each.start()
        for each in at_work:
            each.join()
        return _rate([each for one in taken for each in one]) | {
            "writes": self._puts.writes - writes
        }

    def lone(self, times: int, pause_s: float) -> dict[str, Any]:
        """Store a photo now and then."""
        taken = []
        for _ in range(times):
            time.sleep(pause_s)
            taken.append(self._store(self._groups))
        return {"ms": [round(each * 1000, 1) for each in taken]}

    def _for(self, seconds: float, groups: Any) -> list[float]:
        end_s = time.monotonic() + seconds
        taken = []
        while time.monotonic() < end_s:
            taken.append(self._store(groups))
        return taken

    def _store(self, groups: Any) -> float:
        began_s = time.monotonic()
        groups.enrol(*self._photo())
        return time.monotonic() - began_s

    def _photo(self) -> tuple[IndexJob, Recognition]:
        self._count += 1
        image_id = uuid.uuid4().hex
        job = IndexJob(
            collection_id=self._collection_id,
            job_id=str(uuid.uuid4()),
            image_id=image_id,
            person=f"person {self._count // _OF_A_PERSON} of {id(self)}",
            s3_bucket="made-up",
            s3_key=image_id,
        )
        vector = self._random.standard_normal(LENGTH).astype(np.float32)
        face = Face(
            box=Box(left=10, top=20, right=110, bottom=120),
            landmarks={"nose": (60.0, 70.0)},
            detection_score=1.5,
            embedding=vector / np.linalg.norm(vector),
        )
        return job, Recognition(width=640, height=480, faces=(face,), model=MODEL, timings_ms={})


def _rate(taken: Sequence[float]) -> dict[str, Any]:
    p50, p95 = np.percentile(taken, [50, 95]) * 1000 if taken else (0.0, 0.0)
    return {"faces": len(taken), "p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1)}


def main() -> None:
    """Answer every line."""
    settings = Settings(_env_file=None, **json.loads(sys.argv[1]))
    writer = Writer(settings, sys.argv[2])
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(getattr(writer, asked.pop("do"))(**asked)), flush=True)


if __name__ == "__main__":
    main()
