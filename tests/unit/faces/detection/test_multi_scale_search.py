import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.faces.detection.detection import Detection, Detector
from core.faces.detection.multi_scale_search import FaceSearch, SearchSizes
from core.faces.detection.turned import TurnedFaces
from core.faces.geometry import Box
from core.faces.photos.images import Photo


class ListedFaces:
    """Sees the faces that it was told of, where they are large enough in the image."""

    smallest_face_px: float = 16.0
    min_score = 0.4
    sure_score = 1.0
    upright_score = 0.5

    def __init__(self, *sides_px: float, photo_width: int) -> None:
        self.looks: list[int] = []
        self._photo_width = photo_width
        self._boxes = [
            Box(left=100 * index, top=0, right=100 * index + side, bottom=side)
            for index, side in enumerate(sides_px)
        ]

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        self.looks.append(image.shape[1])
        factor = image.shape[1] / self._photo_width
        boxes = [box.scaled(factor) for box in self._boxes]
        return [
            Detection(box=box, landmark_box=box, score=0.5)
            for box in boxes
            if box.width >= self.smallest_face_px
        ]


def _photo(width: int, height: int | None = None) -> Photo:
    buffer = io.BytesIO()
    Image.new("L", (width, height or width // 4)).save(buffer, format="PNG")
    return Photo(buffer.getvalue(), max_pixels=10_000_000)


def _sizes(max_side_px: int = 500, *, finer: int = 1000, min_face: int = 10) -> SearchSizes:
    return SearchSizes(max_side_px=max_side_px, finer_max_side_px=finer, min_face_px=min_face)


def _search(detector: Detector, sizes: SearchSizes) -> FaceSearch:
    return FaceSearch(detector, sizes, TurnedFaces(detector, face_px=48))


def test_small_photo_is_looked_at_once_at_its_own_size() -> None:
    detector = ListedFaces(60, photo_width=400)

    _search(detector, _sizes(min_face=16)).find(_photo(400))

    assert detector.looks == [400]


def test_photo_with_large_faces_is_looked_at_once() -> None:
    detector = ListedFaces(200, photo_width=1000)

    _search(detector, _sizes()).find(_photo(1000))

    assert len(detector.looks) == 1


@pytest.mark.parametrize(("width", "look"), [(500, 500), (501, 251), (840, 420), (841, 281)])
def test_photo_over_the_bound_is_reduced_well_below_it(width: int, look: int) -> None:
    detector = ListedFaces(200, photo_width=width)

    _search(detector, _sizes(500)).find(_photo(width))

    assert detector.looks == [look]


def test_second_look_finds_smaller_faces_and_keeps_the_larger_once() -> None:
    detector = ListedFaces(50, 20, photo_width=1000)

    found = _search(detector, _sizes()).find(_photo(1000))

    assert detector.looks == [334, 1000]
    assert [round(face.box.width) for face in found] == [50, 20]


@pytest.mark.parametrize(("crowd", "looks"), [(1.0, 1), (1.5, 2)])
def test_faces_of_a_size_that_tells_of_a_crowd_are_looked_at_closer(
    crowd: float, looks: int
) -> None:
    detector = ListedFaces(60, photo_width=1000)
    sizes = SearchSizes(max_side_px=500, finer_max_side_px=1000, min_face_px=10, crowd=crowd)

    _search(detector, sizes).find(_photo(1000))

    assert len(detector.looks) == looks


def test_photo_without_faces_is_looked_at_closer() -> None:
    detector = ListedFaces(20, photo_width=1000)

    found = _search(detector, _sizes()).find(_photo(1000))

    assert [round(face.box.width) for face in found] == [20]


def test_second_look_is_bounded() -> None:
    detector = ListedFaces(photo_width=4000)

    _search(detector, _sizes(500, finer=1400)).find(_photo(4000))

    assert max(detector.looks) == 1334


def test_second_look_is_no_closer_than_the_smallest_wanted_face_needs() -> None:
    detector = ListedFaces(photo_width=1000)

    _search(detector, _sizes(100, finer=10_000, min_face=32)).find(_photo(1000))

    assert detector.looks[:2] == [84, 500]


def test_face_that_fills_the_photo_is_found_from_farther_away() -> None:
    class SeesNothingThatFillsThePhoto(ListedFaces):
        def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
            return [face for face in super().detect(image) if face.box.width < 80]

    detector = SeesNothingThatFillsThePhoto(100, photo_width=400)

    found = _search(detector, _sizes(400)).find(_photo(400))

    assert [round(face.box.width) for face in found] == [100]


class NearAndFar:
    """Sees some boxes in an image of 300 pixels, and others when it is reduced to 100."""

    smallest_face_px = 16.0
    min_score = 0.4
    sure_score = 1.0
    upright_score = 0.5

    def __init__(self, *, near: list[Box], far: list[Box]) -> None:
        self._boxes = {300: near, 100: far}

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        boxes = self._boxes.get(image.shape[1], [])
        return [Detection(box=box, landmark_box=box, score=0.5) for box in boxes]


def test_face_that_is_seen_in_parts_is_one_face() -> None:
    upper, lower = (Box(left=0, top=top, right=300, bottom=top + 270) for top in (0, 130))
    detector = NearAndFar(near=[upper, lower], far=[Box(left=0, top=0, right=100, bottom=133)])

    found = _search(detector, _sizes(400)).find(_photo(300, 400))

    assert [(face.box.top, round(face.box.bottom)) for face in found] == [(0, 399)]


def test_two_faces_that_overlap_stay_two_where_one_is_missed_from_farther_away() -> None:
    left, right = (Box(left=left, top=0, right=left + 160, bottom=200) for left in (0, 130))
    detector = NearAndFar(near=[left, right], far=[left.scaled(1 / 3)])

    found = _search(detector, _sizes(400)).find(_photo(300, 400))

    assert sorted(round(face.box.left) for face in found) == [0, 130]


def test_small_face_is_not_taken_from_farther_away() -> None:
    class SeesFacesFromAfar(ListedFaces):
        def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
            return super().detect(image) if image.shape[1] == 134 else []

    detector = SeesFacesFromAfar(39, photo_width=400)
    detector.smallest_face_px = 8.0

    assert _search(detector, _sizes(400)).find(_photo(400)) == []


def test_large_face_that_only_the_second_look_sees_is_none() -> None:
    class SeesWallsWhenClose(ListedFaces):
        def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
            return super().detect(image) if image.shape[1] == 1000 else []

    detector = SeesWallsWhenClose(300, 40, photo_width=1000)

    found = _search(detector, _sizes()).find(_photo(1000))

    assert [face.box.width for face in found] == [40]


def test_photo_is_enlarged_where_the_detector_needs_larger_faces() -> None:
    detector = ListedFaces(12, photo_width=300)

    found = _search(detector, _sizes(300, finer=600, min_face=10)).find(_photo(300))

    assert max(detector.looks) == 480
    assert [round(face.box.width) for face in found] == [12]


def test_faces_under_the_smallest_wanted_size_are_left_out() -> None:
    detector = ListedFaces(39, 40, photo_width=400)

    found = _search(detector, _sizes(400, min_face=40)).find(_photo(400))

    assert [face.box.width for face in found] == [40]


def test_faces_come_largest_first() -> None:
    detector = ListedFaces(20, 60, 40, photo_width=400)

    found = _search(detector, _sizes(400)).find(_photo(400))

    assert [face.box.width for face in found] == [60, 40, 20]


class Doubtful(ListedFaces):
    """Is sure of no face, as in a crowd."""

    upright_score = 0.6


def test_crowd_of_doubtful_faces_costs_a_bounded_number_of_looks() -> None:
    few = Doubtful(*[40] * 3, photo_width=4000)
    many = Doubtful(*[40] * 30, photo_width=4000)

    for detector in (few, many):
        _search(detector, _sizes(4000, min_face=16)).find(_photo(4000))

    assert len(many.looks) == len(few.looks)


def test_photo_without_faces_is_glanced_at_in_three_turns_at_a_bounded_size() -> None:
    detector = ListedFaces(photo_width=1600)

    found = _search(detector, _sizes(1600, min_face=16)).find(_photo(1600))

    assert found == []
    assert detector.looks == [1600, 534, 100, 400, 100]
