"""Measure what metrics and traces cost; writes docs/benchmarks/observing.json.

    python -m benchmarks.observing.bench_observing

A service on a home of one machine is started again and again: without metrics, with them, and with
them and a tenth of all traces. In each round each of the three is started once, alone, in an order
that changes. Meanwhile the metrics are read as Prometheus reads them, and a collector takes the
traces.

A worker's child recognises, and neither counts nor traces anything. Its time differs from start to
start by more than what is looked for. So a job's cost has the median of all children, whichever
variant they ran in. The costs with each start's own child are in the artifact too.
"""

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.common.paired import Difference, orders
from benchmarks.observing.observed_service import (
    SAMPLE,
    SCRAPED_EVERY_S,
    VARIANTS,
    Costs,
    Uploads,
    costs,
    service,
)
from benchmarks.observing.observing_page import ARTIFACT, VERDICTS, goals
from harness.collectors.traces import TraceSink
from harness.localstack import ROOT
from harness.report import machine, measured_at

Round = Mapping[str, Costs]
"""The costs of each variant."""


def main() -> None:
    """Measure in turn, write the artifact and print the goals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--minutes", type=float, default=7, help="how long, with six rounds at least"
    )
    parser.add_argument("--before", type=int, default=40, help="photos that warm up")
    parser.add_argument("--photos", type=int, default=300, help="of a burst")
    parser.add_argument("--alone", type=int, default=40, help="photos of one client")
    parser.add_argument("--artifact", type=Path, default=ARTIFACT)
    options = parser.parse_args()
    uploads = Uploads(before=options.before, burst=options.photos, alone=options.alone)
    about = {"measured_at": measured_at(), "machine": machine()}
    with TraceSink() as sink:
        seen = list(_rounds(uploads, sink, minutes=options.minutes))
    written: dict[str, Any] = {
        **about,
        "minutes": options.minutes,
        "spans": len(sink.sent),
        "rounds": len(seen),
        "uploads": asdict(uploads),
        "sample": SAMPLE,
        "scraped_every_s": SCRAPED_EVERY_S,
        **summary(seen),
    }
    options.artifact.write_text(json.dumps(written, indent=1) + "\n")
    for goal in goals(written):
        print(f"{VERDICTS[goal.met]:13}{goal.name}: {goal.measured}")


def summary(seen: Sequence[Round]) -> dict[str, Any]:
    """Return medians of each variant, and what differs within a round."""
    child_ms = statistics.median(costs["child_ms"] for each in seen for costs in each.values())

    def median_of(name: str) -> Costs:
        return {
            cost: round(statistics.median(each[name][cost] for each in seen), 3)
            for cost in seen[0][name]
        }

    def against(name: str, other: str) -> dict[str, Any]:
        pairs = [(each[name], each[other]) for each in seen]
        return {
            "processor_percent": _percent(
                (_own_ms(one) + child_ms, _own_ms(two) + child_ms) for one, two in pairs
            ),
            "with_own_child_percent": _percent(
                (_own_ms(one) + one["child_ms"], _own_ms(two) + two["child_ms"])
                for one, two in pairs
            ),
            "p50_ms": asdict(Difference.of([one["p50_ms"] - two["p50_ms"] for one, two in pairs])),
        }

    return {
        "costs": {name: median_of(name) for name in VARIANTS},
        "metrics_against_off": against("metrics", "off"),
        "traces_against_metrics": against("traces", "metrics"),
    }


def _own_ms(of: Costs) -> float:
    """Return the time of those processes that count and trace."""
    return of["web_ms"] + of["worker_ms"]


def _percent(pairs: Iterable[tuple[float, float]]) -> dict[str, Any]:
    return asdict(Difference.of([100 * (one / other - 1) for one, other in pairs]))


def _rounds(uploads: Uploads, sink: TraceSink, *, minutes: float) -> Iterator[Round]:
    """Yield rounds for some minutes, but one of each order at least."""
    until_s = time.monotonic() + 60 * minutes
    for number, order in enumerate(orders(VARIANTS), 1):
        yield _round(order, uploads, sink)
        if number >= math.factorial(len(VARIANTS)) and time.monotonic() > until_s:
            return


def _round(order: Sequence[str], uploads: Uploads, sink: TraceSink) -> Round:
    """Start each variant alone, and return what a photo cost it."""
    seen: dict[str, Costs] = {}
    for variant in order:
        with (
            tempfile.TemporaryDirectory(dir=ROOT / "var") as folder,
            service(Path(folder), variant, sink) as place,
        ):
            seen[variant] = costs(place, uploads)
        print(variant, seen[variant], file=sys.stderr, flush=True)
    return seen


if __name__ == "__main__":
    main()
