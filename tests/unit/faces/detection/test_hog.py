import numpy as np
import pytest

from core.faces.detection.hog import HogDetector


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1), (2, 2)])
def test_image_of_any_shape_is_answered(shape: tuple[int, int]) -> None:
    assert HogDetector().detect(np.zeros((*shape, 3), dtype=np.uint8)) == []
