"""When a tab counts as one that holds no more and more."""

import pytest

from benchmarks.browser.endurance import judged

END_S = 300


def looks(*, grown_mb: float = 0, left_addresses: int = 0) -> list[dict[str, float]]:
    """Return looks at a tab that has settled after a minute."""
    return [
        {
            "at_s": at_s,
            "heap_mb": 1 if at_s < END_S / 5 else 10 + grown_mb * at_s / END_S,
            "nodes": 100,
            "process_mb": 200,
            "open_addresses": 2 + left_addresses * at_s // END_S,
        }
        for at_s in range(10, END_S + 1, 10)
    ]


def test_heap_that_fills_in_the_first_minute_alone_is_flat() -> None:
    assert judged(looks())["is_proven"]


@pytest.mark.parametrize("more", [{"grown_mb": 2.0}, {"left_addresses": 10}])
def test_heap_that_grows_or_addresses_that_are_left_are_found(more: dict[str, float]) -> None:
    assert not judged(looks(**more))["is_proven"]  # type: ignore[arg-type]
