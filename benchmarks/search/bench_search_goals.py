"""What the search shall reach, and whether its artifact shows that it does."""

from typing import Any, Final

from benchmarks.common.goals import Goal

OURS: Final = "ours"
COMPRESSED: Final = "ours compressed"
LARGEST: Final = "1000000"

Artifact = dict[str, Any]


def goals(artifact: Artifact) -> list[Goal]:
    """Return every goal with what was measured among a million faces."""
    million = artifact["sizes"].get(LARGEST)
    if million is None:
        return [Goal(name="a million faces", measured="not measured", met=None)]
    ways = million["ways"]
    return [
        *_search(ways),
        _ratio("face_recognition's face_distance over a list", ways, "face_distance", 500),
        _ratio("a product with numpy's matrix", ways, "product", 30),
        *_memory(artifact["memory"], ways[COMPRESSED]),
        *_start(artifact["start"]),
        _at_most("a new face is found by another process", artifact["new_face"]["found_max_s"], 2),
    ]


def speed_ratio(ways: Artifact, one: str, other: str) -> float:
    """Return how many times as many searches a second one way does as another."""
    return float(ways[other]["limit_1"]["p50_ms"] / ways[one]["limit_1"]["p50_ms"])


def _search(ways: Artifact) -> list[Goal]:
    ours = ways[OURS]
    p50_ms, p99_ms = ours["limit_1"]["p50_ms"], ours["limit_1"]["p99_ms"]
    return [
        Goal(name="a search at most 2 ms (p50)", measured=f"{p50_ms:.2f} ms", met=p50_ms <= 2),
        Goal(name="a search at most 5 ms (p99)", measured=f"{p99_ms:.2f} ms", met=p99_ms <= 5),
        Goal(
            name="the nearest face is the one that exact search finds, for at least 99.9 %",
            measured=f"{ours['recall_at_1']:.2%}",
            met=ours["recall_at_1"] >= 0.999,
        ),
    ]


def _ratio(text: str, ways: Artifact, other: str, least: int) -> Goal:
    ratio = speed_ratio(ways, OURS, other)
    return Goal(name=f"at least {least} × {text}", measured=f"{ratio:,.0f} ×", met=ratio >= least)


def _memory(memory: Artifact, compressed: Artifact) -> list[Goal]:
    plain, small = memory[OURS]["grown_over_raw"], memory[COMPRESSED]["grown_over_raw"]
    return [
        Goal(
            name="memory at most 1.2 × the embeddings",
            measured=f"{plain:.2f} ×",
            met=plain <= 1.2,
        ),
        Goal(
            name="memory at most 0.4 × the embeddings, compressed",
            measured=f"{small:.2f} ×, the nearest face for {compressed['recall_at_1']:.2%}",
            met=small <= 0.4,
        ),
    ]


def _start(start: Artifact) -> list[Goal]:
    return [
        _at_most("a fresh process answers exactly", start["exact_s"], 10),
        _at_most("a fresh process answers by its index", start["index_s"], 30),
    ]


def _at_most(text: str, seconds: float, most: int) -> Goal:
    return Goal(name=f"{text} within {most} s", measured=f"{seconds:.2f} s", met=seconds <= most)
