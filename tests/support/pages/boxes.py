"""Boxes on a picture and on the screen."""


def overlap(one: dict[str, float], other: dict[str, float]) -> float:
    """Return the intersection over the union of two boxes."""

    def side(start: str, length: str) -> float:
        end = min(one[start] + one[length], other[start] + other[length])
        return max(0.0, end - max(one[start], other[start]))

    both = side("left", "width") * side("top", "height")
    return both / (one["width"] * one["height"] + other["width"] * other["height"] - both)
