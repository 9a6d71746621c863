"""The tables of docs/search.md, which cog writes there, and its plot, from docs/benchmarks/."""

import argparse
import json
from pathlib import Path
from typing import Any, Final

from benchmarks.common.tables import paragraph, table
from benchmarks.search.bench_search_goals import COMPRESSED, OURS, goals, speed_ratio
from benchmarks.search.rank1 import USUAL_DISTANCE
from core.ground.plots import Line, line_chart

_ROOT: Final = Path(__file__).resolve().parents[2]
_FOLDER: Final = _ROOT / "docs" / "benchmarks"
PLOT: Final = _FOLDER / "search.svg"
_VERDICTS: Final = {True: "met", False: "**missed**", None: "not shown"}
_NAMES: Final = {
    OURS: "the service",
    COMPRESSED: "the service, compressed",
    "flat": "FAISS, all compared (flat)",
    "product": "numpy, product with the matrix",
    "face_distance": "face_recognition, `face_distance` over a list",
}
_KEPT: Final = {OURS: "as enrolled", COMPRESSED: "compressed"}


def main() -> None:
    """Draw the plot; nothing is measured here."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    PLOT.write_text(plot())


def tables() -> dict[str, str]:
    """Return the generated parts of the page by their names."""
    search, rank1 = _read("search.json"), _read("rank1.json")
    return {
        "goals": _goals_table(search),
        "run": _run(search),
        "sizes": _sizes_table(search["sizes"]),
        "memory": _memory_table(search["memory"]),
        **_people(_read("search_people.json")),
        "nearness": _nearness_table(search["faces"]),
        "rank1": _rank1_table(rank1),
        "rank1 photos": _rank1_photos(rank1),
    }


def plot() -> str:
    """Return the plot of the time of a search over the size of the gallery."""
    sizes = _read("search.json")["sizes"]
    names = sizes[min(sizes, key=int)]["ways"]
    return line_chart(
        "One search, one thread",
        "thousand faces",
        "milliseconds (median)",
        [
            Line(
                name=_NAMES[name].replace("`", ""),
                points=tuple(
                    (int(size) / 1000, measured["ways"][name]["limit_1"]["p50_ms"])
                    for size, measured in sizes.items()
                ),
            )
            for name in names
        ],
    )


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_FOLDER / name).read_text())
    return content


def _goals_table(search: dict[str, Any]) -> str:
    rows = [(goal.name, goal.measured, _VERDICTS[goal.met]) for goal in goals(search)]
    return table(("goal, for a million faces", "measured", ""), rows)


def _run(search: dict[str, Any]) -> str:
    machine, start, new_face = search["machine"], search["start"], search["new_face"]
    versions = ", ".join(f"{name} {version}" for name, version in search["versions"].items())
    loads = [size["load"][0] for size in search["sizes"].values()]
    return paragraph(
        f"Measured {search['measured_at'][:10]} on {machine['cores']} cores "
        f"({machine['system']}), {versions}. The load average was {machine['load_before'][0]} "
        f"before, {min(loads)} to {max(loads)} during the searches, {start['load'][0]} at the "
        f"starts from S3 and {new_face['load'][0]} at the new faces. Of {start['starts']} fresh "
        f"processes on LocalStack, half answered exactly after {start['exact_s']} s and by the "
        f"index after {start['index_s']} s, imports included. The last did after "
        f"{start['exact_max_s']} and {start['index_max_s']} s. "
        f"Another process put {new_face['faces']} faces. Half of them were found "
        f"{new_face['found_p50_s']} s after `put` had returned, the last after "
        f"{new_face['found_max_s']} s; `put` itself took {new_face['put_p50_s']} s."
    )


def _sizes_table(sizes: dict[str, Any]) -> str:
    rows = [
        (
            f"{int(size):,}",
            f"{_NAMES[name]} ({measured['searched_by']})" if name == OURS else _NAMES[name],
            f"{way['limit_1']['p50_ms']:.2f} / {way['limit_1']['p99_ms']:.2f}",
            _ten(way),
            f"{speed_ratio(measured['ways'], OURS, name):,.1f} ×",
            f"{way['recall_at_1']:.2%}, {way['recall_at_10']:.2%}" if "recall_at_1" in way else "",
        )
        for size, measured in sizes.items()
        for name, way in measured["ways"].items()
    ]
    head = ("faces", "", "ms, p50 / p99", "10 nearest", "the service is faster by", "recall")
    return table(head, rows)


def _ten(way: dict[str, Any]) -> str:
    ten = way.get("limit_10")
    return f"{ten['p50_ms']:.2f} / {ten['p99_ms']:.2f}" if ten else ""


def _memory_table(memory: dict[str, Any]) -> str:
    rows = [
        (
            _KEPT[name],
            f"{measured['raw_mb']} MB",
            f"{measured['grown_mb']} MB",
            f"{measured['grown_over_raw']:.2f} ×",
            f"{measured['arrays_mb']} MB",
            f"{measured['arrays_over_raw']:.2f} ×",
            f"{measured['process_before_mb']} MB",
        )
        for name, measured in memory.items()
        if name in _KEPT
    ]
    head = ("", "embeddings", "process grew by", "", "arrays alone", "", "process before")
    return table(head, rows)


def _people(measured: dict[str, Any]) -> dict[str, str]:
    machine = measured["machine"]
    return {
        "people": people_table(measured["sizes"]),
        "people run": paragraph(
            f"Measured {measured['measured_at'][:10]} on {machine['cores']} cores, with "
            f"{measured['probes']:,} probes. The load average was {machine['load_before']} before, "
            + "and "
            + " and ".join(str(size["load"]) for size in measured["sizes"].values())
            + " during the searches."
        ),
    }


def people_table(sizes: dict[str, Any]) -> str:
    """Return a row per size: times of the processor and of the clock, and what is found."""
    rows = [
        (
            f"{int(size):,}",
            f"{measured['people']:,}",
            *(_both_times(measured["ways"][way]) for way in ("1 face", "50 faces", "people")),
            *(f"{share:.2%}" for share in measured["recall"].values()),
        )
        for size, measured in sizes.items()
    ]
    head = ("faces", "people", "nearest face", "50 nearest faces", "12 nearest people")
    return table((*head, "best person", "best two", "of the best 12"), rows)


def _both_times(way: dict[str, float]) -> str:
    return f"{way['cpu_p50_ms']:.2f} / {way['p50_ms']:.2f}"


def _nearness_table(faces: dict[str, Any]) -> str:
    shares = faces["share_of_pairs_within"]
    rows = [
        (distance, *(f"{shares[of][kind][distance]:.4%}" for of in shares for kind in shares[of]))
        for distance in shares["two_people"]["real"]
    ]
    head = ("pairs within", *(f"{of.replace('_', ' ')}, {k}" for of in shares for k in shares[of]))
    return table(head, rows)


def _rank1_table(rank1: dict[str, Any]) -> str:
    ours, usual = (f"{distance:g}" for distance in (rank1["max_distance"], USUAL_DISTANCE))
    measured = [
        ("the service", ours, rank1["service"]),
        ("brute force on the same embeddings", ours, rank1["exact_of_same_embeddings"]),
        ("brute force on dlib's own embeddings", ours, rank1["exact_of_dlib"][ours]),
        ("the same, with face_recognition's tolerance", usual, rank1["exact_of_dlib"][usual]),
    ]
    names = ("rank_1", "named_rightly", "unknown", "named_wrongly", "strangers_named")
    rows = [
        (name, distance, *(f"{rates[key] * 100:.2f} %" for key in names))
        for name, distance, rates in measured
    ]
    head = ("", "distance", "nearest is right", *(name.replace("_", " ") for name in names[1:]))
    return table(head, rows)


def _rank1_photos(rank1: dict[str, Any]) -> str:
    service = rank1["service"]
    reasons = ", ".join(f"{count} {reason}" for reason, count in rank1["photos_refused"].items())
    same = rank1["exact_of_same_embeddings"]
    return paragraph(
        f"{rank1['photos']:,} photos: {rank1['people_enrolled']:,} people were enrolled with one "
        f"each, {service['searched']:,} photos of people with several were searched, and "
        f"{service['strangers']:,} of strangers. Enrolment refused some photos, and the person's "
        f"next photo was tried: {reasons or 'none'}. {rank1['people_refused']} people had no other "
        f"photo, so no search finds them. In {rank1['largest_is_not_middle_face']} photos the "
        "largest face, which is searched, is not the one for whom LFW names the photo. The service "
        f"and brute force found the same nearest face in {same['nearest_agree']:,} of "
        f"{same['of']:,} searches."
    )


if __name__ == "__main__":
    main()
