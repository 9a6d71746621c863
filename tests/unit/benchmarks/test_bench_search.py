import copy
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.search.bench_search import summarise, true_neighbours
from benchmarks.search.bench_search_faces import RealFaces, made_faces, nearness
from benchmarks.search.bench_search_goals import COMPRESSED, LARGEST, OURS, goals
from benchmarks.search.bench_search_process import FaceDistance, Flat, Product


def _way(p50_ms: float, p99_ms: float, recall: float = 1.0) -> dict[str, Any]:
    return {"limit_1": {"p50_ms": p50_ms, "p99_ms": p99_ms}, "recall_at_1": recall}


_ARTIFACT: dict[str, Any] = {
    "sizes": {
        LARGEST: {
            "ways": {
                OURS: _way(1.0, 2.0, 0.9995),
                COMPRESSED: _way(1.0, 2.0, 0.98),
                "product": _way(30.0, 40.0),
                "face_distance": _way(500.0, 600.0),
            }
        }
    },
    "memory": {OURS: {"grown_over_raw": 1.2}, COMPRESSED: {"grown_over_raw": 0.4}},
    "start": {"exact_s": 10.0, "index_s": 30.0},
    "new_face": {"found_max_s": 2.0},
}


def test_every_goal_is_met_by_an_artifact_that_is_good_enough() -> None:
    assert {goal.name: goal.met for goal in goals(_ARTIFACT)} == {
        goal.name: True for goal in goals(_ARTIFACT)
    }


@pytest.mark.parametrize(
    ("place", "value", "goal"),
    [
        (("sizes", LARGEST, "ways", OURS, "limit_1", "p50_ms"), 2.1, "p50"),
        (("sizes", LARGEST, "ways", OURS, "limit_1", "p99_ms"), 5.1, "p99"),
        (("sizes", LARGEST, "ways", OURS, "recall_at_1"), 0.9989, "99.9 %"),
        (("sizes", LARGEST, "ways", "product", "limit_1", "p50_ms"), 29.0, "30 ×"),
        (("sizes", LARGEST, "ways", "face_distance", "limit_1", "p50_ms"), 499.0, "500 ×"),
        (("memory", OURS, "grown_over_raw"), 1.21, "1.2 ×"),
        (("memory", COMPRESSED, "grown_over_raw"), 0.41, "0.4 ×"),
        (("start", "exact_s"), 10.1, "exactly"),
        (("start", "index_s"), 30.1, "by its index"),
        (("new_face", "found_max_s"), 2.1, "new face"),
    ],
)
def test_goal_is_missed_when_its_value_is_beyond_it(
    place: tuple[str, ...], value: float, goal: str
) -> None:
    artifact = copy.deepcopy(_ARTIFACT)
    *way, last = place
    part = artifact
    for step in way:
        part = part[step]
    part[last] = value

    missed = [missed.name for missed in goals(artifact) if not missed.met]

    assert any(goal in name for name in missed)


def test_smaller_run_shows_no_goal() -> None:
    artifact = copy.deepcopy(_ARTIFACT)
    artifact["sizes"] = {"10000": artifact["sizes"][LARGEST]}

    assert [goal.met for goal in goals(artifact)] == [None]


@pytest.fixture(scope="module")
def real() -> RealFaces:
    generator = np.random.default_rng(5)
    people = generator.normal(size=(300, 16)) + 0.5
    return RealFaces(
        people=(people / np.linalg.norm(people, axis=1, keepdims=True)).astype(np.float32),
        spreads=(0.05 * generator.normal(size=(500, 16))).astype(np.float32),
    )


def test_fewer_made_faces_are_the_first_of_more(real: RealFaces) -> None:
    few, many = (made_faces(real, count, probes=20) for count in (1000, 150_000))

    assert (few.embeddings == many.embeddings[:1000]).all()
    assert (few.known == many.known).all()


def test_photos_of_a_made_person_are_as_near_as_real_ones(real: RealFaces) -> None:
    made = made_faces(real, 5000, probes=20)
    same = made.person_of[1:] == made.person_of[:-1]
    steps = np.linalg.norm(np.diff(made.embeddings, axis=0), axis=1)
    real_steps = np.linalg.norm(real.spreads, axis=1) * np.sqrt(2)

    assert np.median(steps[same]) == pytest.approx(np.median(real_steps), rel=0.1)
    assert np.median(steps[~same]) > 3 * np.median(real_steps)


def test_known_probes_are_near_the_first_people(real: RealFaces) -> None:
    made = made_faces(real, 5000, probes=20)

    nearest = [np.linalg.norm(made.embeddings - probe, axis=1).argmin() for probe in made.known]

    assert made.person_of[nearest].tolist() == list(range(10))
    assert len(made.known) == len(made.strangers) == 10


def test_nearness_counts_pairs_within_distances(real: RealFaces) -> None:
    shares = nearness(real)

    assert shares["one_person"]["real"]["0.6"] == 1
    assert 0 < shares["two_people"]["made"]["0.6"] < 0.1


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float32]:
    return np.random.default_rng(6).normal(size=(500, 16)).astype(np.float32)


@pytest.mark.parametrize("way", [Flat, Product, FaceDistance])
def test_every_way_finds_the_nearest_face(
    way: Any,
    rows: NDArray[np.float32],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Were it imported, Pillow would accept damaged photos in the tests that follow.
    monkeypatch.setitem(sys.modules, "face_recognition", None)
    file = tmp_path_factory.mktemp("faces") / "faces.npy"
    np.save(file, rows)
    probes = rows[:40] + np.float32(0.05)

    answer = way(probes, str(file)).search(0, 40, 1)

    assert answer["faces"] == [[row] for row in range(40)]
    assert len(answer["seconds"]) == 40


def test_recall_is_the_share_of_searches_that_found_the_truth(rows: NDArray[np.float32]) -> None:
    truth = true_neighbours(rows, rows[:4])
    found = truth.tolist()
    wrong = [[row[1], row[0], *row[2:9], 499] for row in found]

    summary = summarise(
        {1: [0.001] * 4, 10: [0.002] * 4},
        {1: [row[:1] for row in (*found[:3], wrong[3])], 10: [*found[:3], wrong[3]]},
        truth,
        2,
    )

    assert summary["recall_at_1"] == 0.75
    assert summary["recall_at_1_known"] == 1
    assert summary["recall_at_1_strangers"] == 0.5
    assert summary["recall_at_10"] == pytest.approx(0.975)
    assert summary["limit_10"]["p50_ms"] == 2
