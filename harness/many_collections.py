"""Many small collections, made by copying one: enrolling them would take an hour."""

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.faces.results import Model
from core.ground.storage_keys import collection_key, gallery_prefix, journal_key, marker_key
from core.ports import EnrolledFace
from core.settings import Settings

_THREADS: Final = 8


def make_collections(settings: Settings, ids: list[str], *, model: Model, length: int) -> None:
    """Create collections with one face each, the same made-up one in all."""
    shared = Shared(settings, Infrastructure.on_aws(settings))
    _enrolled(shared, ids[0], model, length)
    copy_collection(settings, ids[0], ids[1:])
    shared.index.close()


def copy_collection(settings: Settings, source: str, ids: Sequence[str]) -> None:
    """Make collections that hold what another one holds."""
    shared = Shared(settings, Infrastructure.on_aws(settings))
    template = shared.collections.now(source)
    folder = gallery_prefix(template.gallery_id)
    store = shared.gallery
    files = {key.removeprefix(folder): store.get(key).body for key in store.versions(folder)}

    journal = store.get(journal_key(template.gallery_id)).body

    def copy(collection_id: str) -> None:
        made = template.model_copy(
            update={"collection_id": collection_id, "gallery_id": uuid.uuid4().hex}
        )
        bodies = {gallery_prefix(made.gallery_id) + name: body for name, body in files.items()}
        bodies[collection_key(collection_id)] = made.model_dump_json().encode()
        bodies[journal_key(made.gallery_id)] = journal
        bodies[marker_key(made.gallery_id)] = uuid.uuid4().hex.encode()
        for key, body in bodies.items():
            store.put(key, body, content_type="application/octet-stream")

    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(copy, ids))


def _enrolled(shared: Shared, collection_id: str, model: Model, length: int) -> None:
    made = shared.collections.create(collection_id)
    collection = shared.collections.bind(made, model, length=length)
    embedding = np.random.default_rng(1).standard_normal(length).astype(np.float32)
    face = EnrolledFace(
        face_id=str(uuid.uuid4()), person="Nobody", image_id="none", embedding=embedding
    )
    shared.index.put(collection.gallery_id, [face])
