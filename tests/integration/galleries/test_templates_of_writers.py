"""Templates of people whom several writers enrol, erase and rename in one stored gallery."""

import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.faces.templates import template_of
from core.gallery.lance.index import LanceFaceIndex
from core.ports import EnrolledFace
from tests.support.indexes import new_face_id, new_gallery

WRITERS = 4
CHANGES = int(os.environ.get("TEMPLATE_CHANGES", "60"))  # noqa: TID251 - how large a run is wanted
LENGTH = 128
PEOPLE = [f"person {n}" for n in range(20)]


def new_face(random: np.random.Generator, person: str) -> EnrolledFace:
    return EnrolledFace(
        face_id=new_face_id(),
        person=person,
        image_id="a.jpg",
        embedding=random.normal(size=LENGTH).astype(np.float32),
    )


def write(folder: Path, gallery_id: str, seed: int) -> None:
    """Change a gallery as one of its writers, each at its own faces and those of others."""
    random = np.random.default_rng(seed)
    index = LanceFaceIndex(str(folder), refresh_s=0.1)
    for _ in range(CHANGES // WRITERS):
        person = str(random.choice(PEOPLE))
        theirs = index.page(gallery_id, limit=1000, person=person)
        kind = random.random()
        if kind < 0.6 or not theirs:
            number = int(random.integers(1, 4))
            index.put(gallery_id, [new_face(random, person) for _ in range(number)])
        elif kind < 0.75:
            index.erase(gallery_id, [face.face_id for face in theirs[::2]])
        else:
            other = str(random.choice(PEOPLE))
            index.put(gallery_id, [replace(face, person=other) for face in theirs])
    index.close()


def test_templates_after_changes_of_four_writers_are_those_computed_anew(tmp_path: Path) -> None:
    gallery_id = new_gallery()
    reader = LanceFaceIndex(str(tmp_path), refresh_s=0.1)
    reader.create(gallery_id, length=LENGTH)
    probe = np.zeros((1, LENGTH), dtype=np.float32)
    reader.search_people(gallery_id, probe, limit=1)  # so that it follows the changes

    with ThreadPoolExecutor(WRITERS) as writers:
        for done in [writers.submit(write, tmp_path, gallery_id, n) for n in range(WRITERS)]:
            done.result()
    reader.refresh(gallery_id, max_age_s=0)

    faces: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    for face in reader.page(gallery_id, limit=100_000):
        if face.person is not None:
            faces[face.person].append(face.embedding)
    (found,) = reader.search_people(gallery_id, probe, limit=len(PEOPLE))
    assert {each.person: each.faces for each in found.nearest} == {
        person: len(embeddings) for person, embeddings in faces.items()
    }
    for each in found.nearest:
        assert np.allclose(each.template, template_of(np.stack(faces[each.person])), atol=1e-5)
    assert found.people == len(faces) == reader.count_people(gallery_id)
    reader.close()
