"""An album of any size: indexed from a bucket or sent, and counted afterwards."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Final

import requests
from tqdm import tqdm

from core.ports import Bucket
from harness.photo_set import Photo

BATCH: Final = 1_000
_THREADS: Final = 4
_POLL_S: Final = 1.0
_WATCHED: Final = 2
"""Batches that are looked at in one round; the queue serves the oldest ones first."""
_TIMEOUT_S: Final = 90
_PATIENCE_S: Final = 300.0


@dataclass(frozen=True, kw_only=True)
class Census:
    """What the collection holds after an album was indexed into it.

    ``lost`` are photos without all of their faces, ``doubled`` those with more
    than they have, ``foreign`` faces of photos that are not in the album.
    """

    photos: int
    faces: int
    lost: int
    doubled: int
    foreign: int


@dataclass(frozen=True, kw_only=True)
class IndexedPhotos:
    """Photos that are indexed into one collection; the same ones repeated under other names."""

    address: str
    collection_id: str
    prefix: str
    photos: Sequence[Photo]

    def census(self) -> Census:
        """Count every face of the collection."""
        found = Counter(face["image_id"] for face in self._faces())
        faces = {self._key(n): photo.faces for n, photo in enumerate(self.photos)}
        return Census(
            photos=len(faces),
            faces=found.total(),
            lost=sum(found[key] < expected for key, expected in faces.items()),
            doubled=sum(found[key] > expected for key, expected in faces.items()),
            foreign=sum(n for key, n in found.items() if key not in faces),
        )

    def _key(self, number: int) -> str:
        return f"{self.prefix}{number:06}.jpg"

    def _faces(self) -> Iterator[dict[str, Any]]:
        token: str | None = ""
        while token is not None:
            page = self._get(
                f"/collections/{self.collection_id}/faces",
                limit=1000,
                **({"next_token": token} if token else {}),
            )
            yield from page["faces"]
            token = page["next_token"]

    def _get(self, path: str, **parameters: Any) -> dict[str, Any]:
        answer = requests.get(f"{self.address}{path}", params=parameters, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content


@dataclass(frozen=True, kw_only=True)
class Album(IndexedPhotos):
    """Photos of one bucket under a prefix, which are indexed in batches."""

    bucket: Bucket
    bucket_name: str

    def put(self) -> None:
        """Put the photos into the bucket."""
        with ThreadPoolExecutor(_THREADS) as threads:
            done = threads.map(self._put, range(len(self.photos)))
            for _ in tqdm(
                done, total=len(self.photos), desc="album put", unit="photo", disable=None
            ):
                pass

    def submit(self) -> list[str]:
        """Have all photos indexed; return the ids of their batches."""
        keys = [self._key(number) for number in range(len(self.photos))]
        return [self._submit(keys[start : start + BATCH]) for start in range(0, len(keys), BATCH)]

    def wait(self, batches: Sequence[str], *, patience_s: float) -> Counter[str]:
        """Return how many photos are done and how many failed once none is pending.

        Raises
        ------
        TimeoutError
            If no photo was settled for that long.
        """
        waiting, settled = list(batches), Counter[str]()
        seen: dict[str, int] = {}
        moved_s = time.monotonic()
        with tqdm(total=len(self.photos), desc="indexed", unit="photo", disable=None) as bar:
            while waiting:
                time.sleep(_POLL_S)
                for batch_id in waiting[:_WATCHED]:
                    counts = self._counts(batch_id)
                    seen[batch_id] = counts["done"] + counts["failed"]
                    if not counts["pending"]:
                        waiting.remove(batch_id)
                        settled += counts
                progress = sum(seen.values()) - bar.n
                bar.n += progress
                bar.refresh()
                if progress:
                    moved_s = time.monotonic()
                elif time.monotonic() - moved_s > patience_s:
                    raise TimeoutError(f"no photo was settled for {patience_s:g} s")
        return settled

    def job_ids(self, batches: Sequence[str]) -> list[str]:
        """Return the job of every photo."""
        pages = (self._get(f"/batches/{batch_id}", limit=BATCH) for batch_id in batches)
        return [outcome["job_id"] for page in pages for outcome in page["outcomes"]]

    def _put(self, number: int) -> None:
        self.bucket.put(self._key(number), self.photos[number].content, content_type="image/jpeg")

    def _submit(self, keys: list[str]) -> str:
        asked = {
            "collection_id": self.collection_id,
            "s3_bucket": self.bucket_name,
            "s3_keys": keys,
            "max_faces": 100,
        }
        answer = requests.post(f"{self.address}/faces/index/batch", json=asked, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        return str(answer.json()["batch_id"])

    def _counts(self, batch_id: str) -> Counter[str]:
        status = self._get(f"/batches/{batch_id}", limit=1)
        return Counter({name: status[name] for name in ("done", "failed", "pending")})


@dataclass(frozen=True, kw_only=True)
class SentAlbum(IndexedPhotos):
    """Photos that are sent with the requests, each a job of its own."""

    def submit(self) -> list[str]:
        """Have all photos indexed; return the ids of their jobs."""
        with ThreadPoolExecutor(_THREADS) as threads:
            return list(threads.map(self._send, range(len(self.photos))))

    def wait(self, jobs: Sequence[str], *, patience_s: float) -> Counter[str]:
        """Return how many photos are done and how many failed once none is pending.

        Raises
        ------
        TimeoutError
            If no photo was settled for that long.
        """
        settled = Counter[str]()
        for job_id in tqdm(jobs, desc="indexed", unit="photo", disable=None):
            moved_s = time.monotonic()
            while (status := self._get(f"/status/{job_id}")["status"]) == "pending":
                if time.monotonic() - moved_s > patience_s:
                    raise TimeoutError(f"no photo was settled for {patience_s:g} s")
                time.sleep(_POLL_S)
            settled[status] += 1
        return settled

    def job_ids(self, jobs: Sequence[str]) -> list[str]:
        """Return the job of every photo."""
        return list(jobs)

    def _send(self, number: int) -> str:
        form = {
            "collection_id": self.collection_id,
            "image_id": self._key(number),
            "max_faces": "100",
        }
        photo = {"image": ("photo.jpg", self.photos[number].content)}
        answer = requests.post(
            f"{self.address}/faces/index", data=form, files=photo, timeout=_TIMEOUT_S
        )
        answer.raise_for_status()
        return str(answer.json()["job_id"])


def index_album(album: Album) -> dict[str, Any]:
    """Have an album that is in its bucket indexed; return the report."""
    began_s = time.monotonic()
    settled = album.wait(album.submit(), patience_s=_PATIENCE_S)
    wall_s = time.monotonic() - began_s
    census = album.census()
    return {
        "photos": census.photos,
        "right": census.photos - census.lost - census.doubled,
        "jobs_failed": settled["failed"],
        "census": asdict(census),
        "index_s": round(wall_s, 1),
        "photos_per_s": round(census.photos / wall_s, 1),
    }
