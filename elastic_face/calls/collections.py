"""Collections, and the key that may see them."""

from collections.abc import Iterator, Mapping

from elastic_face.answers import (
    CollectionDescription,
    CollectionList,
    CollectionSummary,
    KeyDescription,
    Receipt,
)
from elastic_face.calls.base import KEEP, Calls, Keep, given, path_of, read


class CollectionCalls(Calls):
    """Lists, creates, changes and erases collections."""

    def collections(self) -> Iterator[CollectionSummary]:
        """Yield all collections that the key is for, in order of ids."""
        for page in self._pages(CollectionList, "/collections"):
            yield from page.collections

    def collection(self, collection_id: str) -> CollectionDescription:
        """Return a collection, and how many people and faces are in it."""
        return self._get(CollectionDescription, path_of("collections", collection_id))

    def create_collection(
        self,
        collection_id: str,
        *,
        threshold: float | None = None,
        false_name_rate: float | None = None,
        metadata: Mapping[str, str] | None = None,
        keep_unknown: bool | None = None,
    ) -> CollectionDescription:
        """Create an empty collection.

        Raises
        ------
        Conflict
            If there is one of that id.
        """
        body = {
            "collection_id": collection_id,
            "threshold": threshold,
            "false_name_rate": false_name_rate,
            "metadata": dict(metadata or {}),
            "keep_unknown": keep_unknown,
        }
        answer = self._transport.ask("POST", "/collections", json=body)
        return read(CollectionDescription, answer)

    def change_collection(
        self,
        collection_id: str,
        *,
        threshold: float | Keep | None = KEEP,
        false_name_rate: float | Keep | None = KEEP,
        metadata: Mapping[str, str] | Keep = KEEP,
        keep_unknown: bool | Keep | None = KEEP,
    ) -> CollectionDescription:
        """Change some fields of a collection; None takes a threshold or a rate away."""
        body = given(
            threshold=threshold,
            false_name_rate=false_name_rate,
            metadata=metadata if isinstance(metadata, Keep) else dict(metadata),
            keep_unknown=keep_unknown,
        )
        path = path_of("collections", collection_id)
        return read(CollectionDescription, self._transport.ask("PATCH", path, json=body))

    def erase_collection(self, collection_id: str) -> Receipt:
        """Erase a collection for good, with its people, their photos and results."""
        return self._erase(path_of("collections", collection_id))

    def key(self) -> KeyDescription:
        """Return what the client's key may do."""
        return self._get(KeyDescription, "/key")
