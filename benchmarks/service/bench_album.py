"""Indexes a large album with one worker; writes docs/benchmarks/album.json.

    python -m benchmarks.service.bench_album [--photos-count 50000]

The photos are repeated under other keys, and every face is counted afterwards. Runs on a
service of its own, LocalStack on the same cores.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from harness.album import index_album
from harness.aws_prices import usd_per_million
from harness.photo_set import known_to
from harness.report import costs_summary, engine_summary, machine, measured_at
from harness.resource_meter import CpuMeter
from harness.stack import Stack, put_album
from harness.timeline import Moment, Timeline

ROOT: Final = Path(__file__).resolve().parents[2]
COLLECTION: Final = "album"
_SHOWN: Final = 20
"""Points of the memory over time that the artifact keeps."""


def main() -> int:
    """Index the album, write the artifact; return the exit code."""
    options = _options()
    artifact: dict[str, Any] = {"measured_at": measured_at(), "machine": machine()}
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder), sqs_visibility_timeout_seconds=120) as stack,
    ):
        people = known_to(stack.settings, options.photos, people=100, probes=500)
        album = put_album(stack, people.sequence(options.photos_count), COLLECTION)
        meter, requests = CpuMeter(stack.cpu_groups()), stack.request_log()
        with Timeline(
            stack.depth, workers=stack.worker_pids, requests=requests, every_s=5
        ) as timeline:
            indexed = index_album(album)
        costs = costs_summary(options.photos_count, meter.seconds(), requests.counts)
    artifact |= {
        "different_photos": len(people.probes),
        **indexed,
        **costs,
        "usd_per_million": usd_per_million(costs["requests_per_job"], costs["cpu_s_per_job"]),
        "engine_alone": engine_summary(people.probes),
        "parent_mb": memory(timeline.moments),
    }
    options.artifact.write_text(json.dumps(artifact, indent=1) + "\n")
    print(json.dumps(artifact, indent=1))
    return 0 if indexed["right"] == options.photos_count else 1


def memory(moments: Sequence[Moment]) -> dict[str, Any]:
    """Return the memory of the worker's parent over the run, in MB.

    Of the quarters of the run the second is compared with the last: by then
    every library is loaded.
    """
    seen = [moment.parent_mb for moment in moments]
    quarter = max(1, len(seen) // 4)
    step = max(1, len(seen) // _SHOWN)
    return {
        "second_quarter": round(statistics.median(seen[quarter : 2 * quarter] or seen), 1),
        "last_quarter": round(statistics.median(seen[-quarter:]), 1),
        "over_time": [round(mb) for mb in seen[::step]],
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos-count", type=int, default=50_000)
    parser.add_argument("--photos", type=Path, default=ROOT.parent / "shared/data/lfw-view1/images")
    parser.add_argument("--artifact", type=Path, default=ROOT / "docs/benchmarks/album.json")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
