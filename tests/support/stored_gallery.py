"""A stored gallery that a test changes, and galleries in memory that follow it."""

import uuid
from collections.abc import Callable, Iterator
from typing import Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import StorageUnavailable
from core.gallery.replica.replica import GalleryReplica
from core.gallery.replica.rows import Addresses, ReplicaRows, Snapshot
from core.ports import EnrolledFace
from harness.waiting import wait_until

T = TypeVar("T")
LENGTH: Final = 16

random = np.random.default_rng(7)


class StoredInMemory:
    """A stored gallery; every change gives rows new addresses, as LanceDB does."""

    length = LENGTH

    def __init__(self) -> None:
        self.version = 1
        self.kept: dict[int, tuple[EnrolledFace, int]] = {}
        self.available = True
        self.reads = 0
        self.rows_read = 0
        self._next = 0

    @property
    def change(self) -> Self:
        return self

    def put(self, *faces: EnrolledFace) -> None:
        ids = {face.face_id for face in faces}
        self._keep(
            {address: row for address, row in self.kept.items() if row[0].face_id not in ids}
        )
        for face in faces:
            self._next += 1
            self.kept[self._next] = (face, self._next)

    def erase(self, *faces: EnrolledFace) -> None:
        gone = {face.face_id for face in faces}
        self._keep({at: row for at, row in self.kept.items() if row[0].face_id not in gone})

    def compact(self) -> None:
        self._keep({at + 1_000_000: row for at, row in self.kept.items()})

    def read(self, action: Callable[[Snapshot], T], since: object = None) -> T:
        if not self.available:
            raise StorageUnavailable("switched off by the test")
        self.reads += 1
        return action(self)

    def addresses(self) -> Addresses:
        return np.array(list(self.kept), dtype=np.uint64)

    def written(self, addresses: Addresses) -> NDArray[np.int64]:
        return np.array([self.kept[int(address)][1] for address in addresses], dtype=np.int64)

    def rows(self, addresses: Addresses) -> Iterator[ReplicaRows]:
        for part in np.array_split(addresses, 2):
            if len(part):
                self.rows_read += len(part)
                yield self._rows(part)

    def _rows(self, addresses: Addresses) -> ReplicaRows:
        faces = [self.kept[int(address)][0] for address in addresses]
        persons = sorted({face.person for face in faces if face.person})
        return ReplicaRows(
            addresses=addresses,
            written=self.written(addresses),
            face_ids=np.array([list(uuid.UUID(face.face_id).bytes) for face in faces], np.uint8),
            persons=persons,
            person_of=np.array(
                [persons.index(face.person) if face.person else -1 for face in faces], np.int32
            ),
            rejected={row: face.rejected for row, face in enumerate(faces) if face.rejected},
            embeddings=np.array([face.embedding for face in faces]),
        )

    def _keep(self, kept: dict[int, tuple[EnrolledFace, int]]) -> None:
        self.kept = kept
        self.version += 1


def a_face(
    person: str | None = "Ada",
    embedding: NDArray[np.float32] | None = None,
    rejected: frozenset[str] = frozenset(),
    face_id: str = "",
) -> EnrolledFace:
    return EnrolledFace(
        face_id=face_id or str(uuid.uuid4()),
        person=person,
        image_id="a.jpg",
        embedding=clustered(1)[0] if embedding is None else embedding,
        rejected=rejected,
    )


def clustered(count: int, people: int = 50) -> NDArray[np.float32]:
    """Return embeddings of several faces a person, as real ones are."""
    centres = np.random.default_rng(3).normal(size=(people, LENGTH))
    faces = centres[random.integers(people, size=count)] + 0.2 * random.normal(size=(count, LENGTH))
    return faces.astype(np.float32)


def loaded(
    stored: StoredInMemory, *, exact_max: int = 1000, compressed: bool = False
) -> GalleryReplica:
    gallery = GalleryReplica(stored, exact_max=exact_max, compressed=compressed)
    gallery.follow()
    return gallery


def indexed(stored: StoredInMemory, *, compressed: bool = False) -> GalleryReplica:
    gallery = loaded(stored, exact_max=100, compressed=compressed)
    wait_until(lambda: gallery.state == "index", what="the index")
    return gallery
