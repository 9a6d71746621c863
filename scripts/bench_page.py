"""Write docs/benchmarks.md and its plots from docs/benchmarks/engine.json."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from plots import bar_chart

_ROOT: Final = Path(__file__).resolve().parents[1]
_FOLDER: Final = _ROOT / "docs" / "benchmarks"
_OURS: Final = "balanced"
_GOALS: Final = {
    "face_recognition hog": 12,
    "face_recognition cnn": 100,
    "DeepFace": 15,
}


def main() -> None:
    """Write the page and the plots; nothing is measured here."""
    artifact = json.loads((_FOLDER / "engine.json").read_text())
    for name, chart in _charts(artifact).items():
        (_FOLDER / name).write_text(chart)
    introduction = (_FOLDER / "engine-notes.md").read_text()
    page = "\n\n".join([introduction.rstrip(), *_sections(artifact)])
    (_ROOT / "docs" / "benchmarks.md").write_text(page + "\n")


def _sections(artifact: dict[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in artifact["versions"].items())
    return [
        "## One run",
        f"Measured {artifact['measured_at'][:10]} on {artifact['machine']['cores']} cores "
        f"({artifact['machine']['system']}), one core a contender, {versions}. Medians of "
        f"{artifact['repetitions']} interleaved repetitions.",
        "### Throughput: example photos, bytes to named faces",
        _throughput_table(artifact),
        "![Throughput](benchmarks/throughput.svg)",
        "### Recall: faces found on the photos of WIDER FACE, by the face's smaller side",
        _recall_table(artifact),
        "![Recall](benchmarks/recall.svg)",
        "### Photos without people: faces reported",
        _no_face_table(artifact),
        "### Memory and start",
        _memory_table(artifact),
    ]


def _throughput_table(artifact: dict[str, Any]) -> str:
    throughput = artifact["throughput"]
    ours = throughput[_OURS]["photos_per_s"]
    rows = []
    for name, measured in throughput.items():
        ratio = ours / measured["photos_per_s"]
        goal = f"{_GOALS[name]} ×" if name in _GOALS else ""
        networks = measured["networks_ms_per_photo"]
        over = f"{measured['ms_per_photo'] / networks:.2f}" if networks else ""
        cells = (measured["ms_per_photo"], measured["photos_per_s"], f"{ratio:.1f} ×", goal, over)
        rows.append((name, *cells))
    head = ("", "ms a photo", "photos/s", f"{_OURS} is faster by", "goal", "pipeline ÷ networks")
    return _table(head, rows)


def _recall_table(artifact: dict[str, Any]) -> str:
    recall = artifact["recall"]
    sizes = list(recall[_OURS]["found"])
    rows = [
        (
            name,
            measured["ms_per_photo"],
            *(f"{found}/{there}" for found, there in (measured["found"][size] for size in sizes)),
        )
        for name, measured in recall.items()
    ]
    return _table(("", "ms a photo", *(f"{size} px" for size in sizes)), rows)


def _no_face_table(artifact: dict[str, Any]) -> str:
    rows = [
        (name, ", ".join(f"{photo} ({count})" for photo, count in found.items()) or "none")
        for name, found in artifact["no_face"].items()
    ]
    return _table(("", "photos (faces)"), rows)


def _memory_table(artifact: dict[str, Any]) -> str:
    memory = artifact["memory"]
    rows: list[tuple[object, ...]] = [
        (f"{_OURS}, one warm process", f"{memory['warm_mb']} MB", "160 MB"),
        (f"growth over {memory['photos']} photos", f"{memory['growth_mb']} MB", "5 MB"),
    ]
    rows += [
        (f"start to first answer, {name}", f"{seconds} s", "2.5 s" if name == _OURS else "")
        for name, seconds in artifact["start_s"].items()
    ]
    return _table(("", "measured", "goal"), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _charts(artifact: dict[str, Any]) -> dict[str, str]:
    throughput, recall = artifact["throughput"], artifact["recall"]
    sizes = list(recall[_OURS]["found"])
    return {
        "throughput.svg": bar_chart(
            "Example photos, one core",
            "photos per second",
            [name.replace(" ", "\n") for name in throughput],
            {"photos per second": [measured["photos_per_s"] for measured in throughput.values()]},
        ),
        "recall.svg": bar_chart(
            "Faces found, by size",
            "share of the faces there are",
            [f"{size} px" for size in sizes],
            {
                name: [found / there for found, there in (m["found"][size] for size in sizes)]
                for name, m in recall.items()
            },
        ),
    }


if __name__ == "__main__":
    main()
