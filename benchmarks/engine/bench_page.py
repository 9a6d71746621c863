"""The tables of docs/benchmarks.md, which cog writes there, and its plots."""

import argparse
import json
from pathlib import Path
from typing import Any, Final

from benchmarks.common.goals import OURS, Artifacts, goals, speed_ratio
from benchmarks.common.tables import paragraph, table
from core.ground.plots import bar_chart

_ROOT: Final = Path(__file__).resolve().parents[2]
_FOLDER: Final = _ROOT / "docs" / "benchmarks"
_VERDICTS: Final = {True: "met", False: "**missed**", None: "not shown"}


def main() -> None:
    """Draw the plots; nothing is measured here."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for name, chart in _charts(_artifacts()).items():
        (_FOLDER / name).write_text(chart)


def tables() -> dict[str, str]:
    """Return the generated parts of the page by their names."""
    artifacts = _artifacts()
    engine = artifacts.engine
    return {
        "goals": _goals_table(artifacts),
        "run": _run(engine),
        "throughput": _throughput_table(engine),
        "cnn": _cnn_section(engine),
        "limits": f"{_limits_text(engine['limits'])}\n\n{_limits_table(engine['limits'])}",
        "recall": _recall_table(_recalls(artifacts)),
        "no faces": _no_face_table(engine),
        "memory": _memory_table(engine),
        "upright": _upright_section(_read("upright.json")),
    }


def _artifacts() -> Artifacts:
    return Artifacts(
        engine=_read("engine.json"),
        cnn_recall=_read("cnn-recall.json"),
        accuracy=_read("accuracy.json"),
    )


def _read(name: str) -> dict[str, Any]:
    file = _FOLDER / name
    content: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    return content


def _goals_table(artifacts: Artifacts) -> str:
    rows = [(goal.name, goal.measured, _VERDICTS[goal.met]) for goal in goals(artifacts)]
    return table(("goal", "measured", ""), rows)


def _run(engine: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in engine["versions"].items())
    return paragraph(
        f"Measured {engine['measured_at'][:10]} on {engine['machine']['cores']} cores "
        f"({engine['machine']['system']}), one core per contender, {versions}. Medians of "
        f"{engine['repetitions']} interleaved repetitions."
    )


def _throughput_table(artifact: dict[str, Any]) -> str:
    throughput = artifact["throughput"]
    rows = []
    for name, measured in throughput.items():
        networks = measured["networks_ms_per_photo"]
        over = f"{measured['ms_per_photo'] / networks:.2f}" if networks else ""
        ratio = f"{speed_ratio(throughput, OURS, name):.1f} ×"
        rows.append((name, measured["ms_per_photo"], measured["photos_per_s"], ratio, over))
    return table(
        ("", "ms per photo", "photos/s", f"{OURS} is faster by", "pipeline ÷ networks"), rows
    )


def _cnn_section(artifact: dict[str, Any]) -> str:
    if "cnn" not in artifact:
        return "The CNN was not asked in this run."
    throughput = artifact["cnn"]["throughput"]
    rows = [
        (name, measured["ms_per_photo"], f"{speed_ratio(throughput, OURS, name):.1f} ×")
        for name, measured in throughput.items()
    ]
    text = paragraph(
        f"These are the {throughput[OURS]['photos']} example photos of fewer than "
        f"{artifact['cnn']['photos_below_pixels']:,} pixels, in the same run. "
        "The CNN was asked once about each:"
    )
    return f"{text}\n\n{table(('', 'ms per photo', f'{OURS} is faster by'), rows)}"


def _limits_text(limits: dict[str, Any]) -> str:
    return paragraph(
        f"One thread on this core did {limits['giga_multiply_adds_per_s']} billion float32 "
        "multiply-adds per second, in products of matrices that fit into its cache. The table "
        "shows the least time that each network needs for the example photos at that rate, and "
        "the time that it took. In int8 it may need less:"
    )


def _limits_table(limits: dict[str, Any]) -> str:
    head = ("", "usual input", "its million multiply-adds", "runs per photo", "million per photo")
    rows = [
        (
            f"{name}: {network}",
            " × ".join(map(str, measured["usual_input"])),
            measured["million_multiply_adds_of_it"],
            measured["runs_per_photo"],
            measured["million_multiply_adds_per_photo"],
            measured["least_ms_per_photo"],
            measured["ms_per_photo"],
            f"{measured['least_ms_per_photo'] / measured['ms_per_photo']:.0%}",
        )
        for name, networks in limits["networks"].items()
        for network, measured in networks.items()
    ]
    return table((*head, "least ms per photo", "ms per photo", "of the limit"), rows)


def _recalls(artifacts: Artifacts) -> dict[str, Any]:
    recalls = dict(artifacts.engine["recall"])
    if artifacts.cnn_recall and not artifacts.cnn_recall["photos_left"]:
        recalls["face_recognition cnn"] = artifacts.cnn_recall | {"ms_per_photo": ""}
    return recalls


def _recall_table(recalls: dict[str, Any]) -> str:
    sizes = list(recalls[OURS]["found"])
    rows = [
        (
            name,
            measured["ms_per_photo"],
            *(f"{found}/{there}" for found, there in (measured["found"][size] for size in sizes)),
        )
        for name, measured in recalls.items()
    ]
    return table(("", "ms per photo", *(f"{size} px" for size in sizes)), rows)


def _no_face_table(artifact: dict[str, Any]) -> str:
    rows = [
        (name, ", ".join(f"{photo} ({count})" for photo, count in found.items()) or "none")
        for name, found in artifact["no_face"].items()
    ]
    return table(("", "photos (faces)"), rows)


def _memory_table(artifact: dict[str, Any]) -> str:
    memory = artifact["memory"]
    rows = [
        (f"{OURS}, one warm process", f"{memory['warm_mb']} MB"),
        (f"growth over {memory['photos']:,} photos", f"{memory['growth_mb']} MB"),
    ]
    rows += [(f"start to first answer, {n}", f"{s} s") for n, s in artifact["start_s"].items()]
    return table(("", "measured"), rows)


def _upright_section(upright: dict[str, Any]) -> str:
    rows = [
        (
            profile,
            photos,
            measured["base_ms_per_photo"],
            measured["ms_per_photo"],
            f"{measured['ratio']:.2f}",
            f"{measured['median_ratio']:.2f}",
            f"{measured['same_boxes']} of {measured['photos']}",
        )
        for profile, sets in upright["profiles"].items()
        for photos, measured in sets.items()
    ]
    head = ("", "photos", "ms before", "ms now", "ratio", "median ratio", "same boxes")
    run = paragraph(
        f"Measured {upright['measured_at'][:10]} beside commit {upright['base_commit']} on "
        f"{upright['cores']} cores, at a load of {upright['load']}: medians of "
        f"{upright['rounds'] - 1} interleaved rounds."
    )
    return f"{run}\n\n{table(head, rows)}"


def _charts(artifacts: Artifacts) -> dict[str, str]:
    throughput, recall = artifacts.engine["throughput"], _recalls(artifacts)
    sizes = list(recall[OURS]["found"])
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
