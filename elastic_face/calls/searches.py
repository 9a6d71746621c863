"""Questions about photos that are answered at once."""

from collections.abc import Mapping
from typing import Literal

from elastic_face.answers import Detected, Matched, SearchedByFace, Verified
from elastic_face.calls.base import Calls, path_of, read
from elastic_face.photo import Photo, S3Photo, form_fields, photo_fields

By = Literal["person", "face"]


class SearchCalls(Calls):
    """Matches, compares and describes the faces of photos."""

    def match(
        self,
        photo: Photo | S3Photo,
        collection_id: str,
        *,
        by: By = "person",
        threshold: float | None = None,
        max_matches: int | None = None,
        all_faces: bool = False,
        min_quality: float | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Matched:
        """Return who of a collection is like the largest face of a photo, or like all.

        Parameters
        ----------
        by : str
            ``person`` for people, ``face`` for single enrolled faces.
        threshold : float, optional
            Least similarity, 0 to 100, instead of the collection's.
        metadata : mapping, optional
            Only people whose metadata have all of this.
        """
        form = form_fields(
            collection_id=collection_id,
            by=by,
            threshold=threshold,
            max_matches=max_matches,
            all_faces=all_faces,
            min_quality=min_quality,
            metadata=None if metadata is None else dict(metadata),
        )
        answer = self._transport.ask(
            "POST", "/faces/match", form=form | photo_fields(photo), repeatable=True
        )
        return read(Matched, answer)

    def verify(
        self, photo: Photo | S3Photo, other: Photo | S3Photo, *, threshold: float | None = None
    ) -> Verified:
        """Tell whether the largest faces of two photos are one person's."""
        form = form_fields(threshold=threshold) | photo_fields(other, "other_image")
        answer = self._transport.ask(
            "POST", "/faces/verify", form=form | photo_fields(photo), repeatable=True
        )
        return read(Verified, answer)

    def verify_person(
        self,
        photo: Photo | S3Photo,
        collection_id: str,
        person: str,
        *,
        threshold: float | None = None,
    ) -> Verified:
        """Tell whether the largest face of a photo is that of an enrolled person."""
        form = form_fields(collection_id=collection_id, person=person, threshold=threshold)
        answer = self._transport.ask(
            "POST", "/faces/verify", form=form | photo_fields(photo), repeatable=True
        )
        return read(Verified, answer)

    def detect(self, photo: Photo | S3Photo) -> Detected:
        """Return the faces of a photo, without searching for anyone."""
        form = photo_fields(photo)
        return read(
            Detected, self._transport.ask("POST", "/faces/detect", form=form, repeatable=True)
        )

    def search_face(
        self,
        collection_id: str,
        face_id: str,
        *,
        by: By = "person",
        threshold: float | None = None,
        max_matches: int | None = None,
    ) -> SearchedByFace:
        """Return who else is like an enrolled face."""
        said = {"by": by, "threshold": threshold, "max_matches": max_matches}
        body = {name: value for name, value in said.items() if value is not None}
        path = path_of("collections", collection_id, "faces", face_id, "search")
        return read(SearchedByFace, self._transport.ask("POST", path, json=body, repeatable=True))
