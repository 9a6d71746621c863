import json

import numpy as np
import pytest

from benchmarks.common.lfw import Pair
from benchmarks.engine.int8 import distances_apart
from scripts.int8_ranges import Chips, as_json, chosen_photos

_TRAIN = [
    Pair(one="Ann_0002", other="Ann_0004", same=True),
    Pair(one="Bob_0001", other="Cid_0003", same=False),
]


def test_each_person_is_looked_at_once() -> None:
    assert chosen_photos(_TRAIN, []) == ["Ann_0002", "Bob_0001", "Cid_0003"]


def test_people_of_the_test_are_not_looked_at() -> None:
    test = [Pair(one="Bob_0007", other="Dan_0001", same=False)]

    assert chosen_photos(_TRAIN, test) == ["Ann_0002", "Cid_0003"]


def test_calibrator_sees_each_chip_and_its_mirror_image_once() -> None:
    chips = Chips()
    left = np.zeros((2, 2, 3), dtype=np.uint8)
    left[:, 0] = 255

    chips.embed([left] * 9)
    batches = [len(batch["chips"]) for batch in chips]

    assert batches == [16, 2]
    assert np.array_equal(chips.chips[1], left[:, ::-1])


def test_ranges_are_read_as_they_were_written() -> None:
    written = as_json({"chips": 2}, {"value_0": (-0.5, 123.456789), "value_1": (0.0, 1e-7)})

    assert json.loads(written) == {
        "chips": 2,
        "ranges": {"value_0": [-0.5, 123.46], "value_1": [0, 1e-7]},
    }


def test_ranges_have_one_order_in_the_file() -> None:
    bounds = (0.0, 1.0)

    one = as_json({}, {"value_10": bounds, "value_9": bounds})

    assert one == as_json({}, {"value_9": bounds, "value_10": bounds})


def test_distances_apart_are_those_of_each_face_to_itself() -> None:
    one = np.array([[0, 0], [1, 1], [5, 5]], dtype=np.float32)
    other = np.array([[0, 0], [1, 3], [5, 6]], dtype=np.float32)

    assert distances_apart(one, other) == {"median": 1, "p99": pytest.approx(1.98)}
