"""All faces of a gallery, page by page."""

from collections.abc import Iterator

from core.ports import EnrolledFace, FaceIndex


def pages(index: FaceIndex, gallery_id: str, *, limit: int) -> Iterator[list[EnrolledFace]]:
    """Yield all faces of a gallery, in order of ids."""
    after = ""
    while page := index.page(gallery_id, limit=limit, after=after):
        yield page
        after = page[-1].face_id
