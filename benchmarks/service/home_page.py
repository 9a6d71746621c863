"""The tables of docs/one-machine.md, from docs/benchmarks/home*.json and chaos-home.json."""

import json
from pathlib import Path
from typing import Any, Final

from benchmarks.common.tables import paragraph, table

_ARTIFACTS: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"
_PLACES: Final = {"home": "home", "localstack": "LocalStack"}
_ROWS: Final = (
    ("photos per second in a burst", "photos_per_s", ""),
    ("one client, answered within (p50)", "one_client_ms", " ms"),
    ("processor time per photo: web tier", "web_ms", " ms"),
    ("processor time per photo: worker and child", "worker_ms", " ms"),
    ("processor time per photo: LocalStack", "localstack_ms", " ms"),
)


def service() -> str:
    """Return what photos cost on a home and on LocalStack, and when that was measured."""
    artifact = _read("home.json")
    head = ["", *(f"{size}: {place}" for size in artifact["sizes"] for place in _PLACES.values())]
    rows = [
        [
            text,
            *(
                _cell(artifact["sizes"][size][place], name, unit)
                for size in artifact["sizes"]
                for place in _PLACES
            ),
        ]
        for text, name, unit in _ROWS
    ]
    how = paragraph(
        f"Measured {_when(artifact)}. Both ran at the same time, each with a web process and a "
        f"worker with two children. They got {artifact['rounds']} bursts of {artifact['photos']} "
        "photos each, in turn; the table shows medians."
    )
    return f"{table(head, rows)}\n\n{how}"


def chaos() -> str:
    """Return what went wrong on a home, and what came of it."""
    artifact = _read("chaos-home.json")
    uploads, album, full = (artifact[n] for n in ("uploads", "album", "while_the_disk_was_full"))
    faults = artifact["faults"]
    answered = uploads["right"] + artifact["poison_uploads"]
    rows = [
        ["uploads, and album photos", f"{uploads['photos']:,}, and {album['photos']:,}"],
        ["the one right answer", f"{answered:,}, and {album['photos'] - album['lost']:,}"],
        ["lost, doubled or left behind", str(len(artifact["findings"]) + album["doubled"])],
        *([f"{name}, times", str(faults[name])] for name in sorted(faults)),
        ["uploads while the disk was full, answered 503", str(sum(full["refused"].values()))],
    ]
    how = paragraph(
        f"Measured {_when(artifact)}. It took {artifact['plan']['seconds'] / 60:g} minutes; "
        f"{artifact['poison_uploads']} of the uploads were damaged photos, whose right answer is "
        "`INVALID_IMAGE`."
    )
    return f"{table(['', 'seen'], rows)}\n\n{how}"


def queue() -> str:
    """Return what jobs cost the queue."""
    artifact = _read("home-queue.json")
    parts = artifact["through"]
    largest = max(part["file_bytes"] for part in parts)
    rows = [
        ["send, receive and delete, the first tenth of the jobs", _ms(parts[0])],
        ["the same, the last tenth", _ms(parts[-1])],
        ["file and log, at most", f"{largest / 1e6:.1f} MB"],
        [f"send, with {artifact['jobs']:,} messages waiting", _call(artifact, "send_ms")],
        [f"receive, with {artifact['jobs']:,} messages waiting", _call(artifact, "receive_ms")],
        [f"delete, with {artifact['jobs']:,} messages waiting", _call(artifact, "delete_ms")],
        [
            f"processor time of {artifact['idle']['readers']} readers that wait for messages",
            f"{artifact['idle']['share_of_a_core'] * 100:.1f} % of a core",
        ],
    ]
    how = paragraph(
        f"Measured {_when(artifact)}. {artifact['jobs']:,} jobs went through one queue, each sent "
        "by itself and brought to the disk. With messages waiting, the time in brackets is that "
        "of an empty queue."
    )
    return f"{table(['', 'measured'], rows)}\n\n{how}"


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_ARTIFACTS / name).read_text())
    return found


def _when(artifact: dict[str, Any]) -> str:
    run = artifact["machine"]
    return (
        f"{artifact['measured_at'][:10]} on {run['cores']} cores ({run['system']}), with a load "
        f"average of {run['load_before']} before"
    )


def _cell(costs: dict[str, float], name: str, unit: str) -> str:
    return f"{costs[name]:.3g}{unit}" if name in costs else ""


def _ms(part: dict[str, float]) -> str:
    return f"{part['processor_ms_per_job']:.2f} ms of processor time per job"


def _call(artifact: dict[str, Any], name: str) -> str:
    return f"{artifact['long_queue'][name]:.2f} ms ({artifact['short_queue'][name]:.2f})"
