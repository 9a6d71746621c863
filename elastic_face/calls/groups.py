"""Groups of faces that nobody has named."""

from collections.abc import Iterator, Sequence

from elastic_face.answers import (
    FaceList,
    GroupIgnored,
    GroupList,
    GroupNamed,
    KnownFace,
    UnknownGroup,
)
from elastic_face.calls.base import Calls, path_of, read


class GroupCalls(Calls):
    """Lists groups of unnamed faces, and names or ignores them.

    Each may raise `Conflict`, ``GROUP_CHANGED``, where a group is not there any more.
    """

    def groups(self, collection_id: str, *, ignored: bool = False) -> Iterator[UnknownGroup]:
        """Yield the groups of a collection, the biggest first; those that are ignored, if asked."""
        path = path_of("collections", collection_id, "groups")
        for page in self._pages(GroupList, path, ignored=ignored):
            yield from page.groups

    def group_faces(self, collection_id: str, group_id: str) -> Iterator[KnownFace]:
        """Yield all faces of a group."""
        for page in self._pages(FaceList, _group(collection_id, group_id)):
            yield from page.faces

    def name_group(
        self, collection_id: str, group_id: str, person: str, *, without: Sequence[str] = ()
    ) -> GroupNamed:
        """Say whose the faces of a group are, but for some of them."""
        body = {"person": person, "without": list(without)}
        path = _group(collection_id, group_id, "name")
        return read(GroupNamed, self._transport.ask("POST", path, json=body))

    def ignore_group(self, collection_id: str, group_id: str) -> GroupIgnored:
        """Never list a group again."""
        path = _group(collection_id, group_id, "ignore")
        return read(GroupIgnored, self._transport.ask("POST", path))

    def unignore_group(self, collection_id: str, group_id: str) -> GroupIgnored:
        """List a group again."""
        path = _group(collection_id, group_id, "unignore")
        return read(GroupIgnored, self._transport.ask("POST", path))


def _group(collection_id: str, group_id: str, *what: str) -> str:
    return path_of("collections", collection_id, "groups", group_id, *what)
