"""Chooses the engine that ``FACE_INDEX`` names; only its own libraries are imported."""

from core.errors import InvalidSettings
from core.gallery.changes import Watch
from core.ports import Bucket, FaceIndex
from core.settings import Settings


def build_index(settings: Settings, watch: Watch, bucket: Bucket) -> FaceIndex:
    """Return the engine of the settings; nothing is connected yet.

    ``watch`` and the gallery bucket are for the engine that keeps galleries in memory.

    Raises
    ------
    InvalidSettings
        If the extra of the engine is not installed.
    """
    if settings.face_index == "qdrant":
        from core.gallery.remote.qdrant_index import QdrantFaceIndex

        key = settings.qdrant_api_key
        return QdrantFaceIndex(
            _given(settings.qdrant_url), api_key=key.get_secret_value() if key else None
        )
    if settings.face_index == "milvus":
        from core.gallery.remote.milvus_index import MilvusFaceIndex

        token = settings.milvus_token
        return MilvusFaceIndex(
            _given(settings.milvus_uri), token=token.get_secret_value() if token else None
        )
    if settings.face_index == "pinecone" and settings.pinecone_api_key is not None:
        from core.gallery.remote.pinecone_index import PineconeFaceIndex

        return PineconeFaceIndex(
            _given(settings.pinecone_index_host),
            api_key=settings.pinecone_api_key.get_secret_value(),
        )
    from core.gallery.lance.index import LanceFaceIndex

    return LanceFaceIndex.from_settings(settings, watch, bucket)


def _given(value: str | None) -> str:
    """Narrow a setting that the settings' own check demands of this engine."""
    if value is None:
        raise InvalidSettings("the address of the FACE_INDEX is missing")
    return value
