"""Lets something go wrong for each alert, and measures when it fires and when it resolves.

    python -m harness.watched.alerts [--artifact FILE]

Starts LocalStack, Redis, the web tier, the autoscaler with one worker, and Prometheus with the
rules and the configuration that are shipped. Somebody uploads a photo each second. The faults
follow each other, each until its alerts fire. Alerts on the last hours are looked at in a copy
whose windows are ten times shorter (`harness.watched.alert_rules`). In the end every query of the
dashboard about our metrics must have found data, and the workers must have counted each result
once.
Exit code 0 when all of that is so, and each alert as shipped fired within two minutes.
"""

import argparse
import itertools
import json
import math
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import requests

from harness.localstack import ROOT
from harness.report import machine, measured_at
from harness.waiting import wait_until
from harness.watched.alert_faults import FAULTS, Fault
from harness.watched.alert_rules import FACTOR
from harness.watched.counted import Counted, counted
from harness.watched.prometheus import MISSING, binary, panel_queries
from harness.watched.scene import Scene, scene
from harness.watched.visitors import Visitors

ARTIFACT: Final = ROOT / "docs/benchmarks/alerts.json"
MOST_S: Final = 120
"""In which an alert must fire."""
_PATIENCE_S: Final = 300


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An alert that fired for its fault; seconds since the fault began, and since it ended."""

    alert: str
    fault: str
    pace: str
    fired_s: float
    resolved_s: float
    others: list[str]
    """Other alerts that began to fire meanwhile."""

    @property
    def is_in_time(self) -> bool:
        return bool(self.pace) or self.fired_s <= MOST_S


@dataclass(frozen=True, kw_only=True)
class _Happened:
    fault: Fault
    began: float
    ended: float


def run(on: Scene, faults: Sequence[Fault] = FAULTS) -> tuple[list[Seen], Counted]:
    """Let faults happen one after another; return what was seen, and what was counted."""
    address = f"{on.stack.address}/"
    with Visitors(address, on.photos, every_s=1, collection_id=on.collection_id):
        wait_until(lambda: on.server.value("sum(efr_jobs_total)") > 1, what="the first jobs")
        _pass_a_limit(on)
        happened = [_happen(on, fault) for fault in faults]
        wait_until(
            lambda: not _active(on, [alert for fault in faults for alert in fault.alerts]),
            seconds=_PATIENCE_S,
            every_s=1,
            what="all alerts to resolve",
        )
    seen = [_seen(on, each, alert) for each in happened for alert in each.fault.alerts]
    return seen, counted(on.stack, on.server)


def _happen(on: Scene, fault: Fault) -> _Happened:
    wait_until(
        lambda: not _active(on, fault.alerts),
        seconds=_PATIENCE_S,
        every_s=1,
        what=f"{fault.alerts} to be at rest",
    )
    print(f"{time.strftime('%H:%M:%S')} {fault.name}", file=sys.stderr, flush=True)
    began = time.time()
    with fault.happens(on):
        wait_until(
            lambda: len(_active(on, fault.alerts, "firing")) == len(fault.alerts),
            seconds=_PATIENCE_S,
            every_s=0.5,
            what=f"{fault.alerts} to fire",
        )
        ended = time.time()
    return _Happened(fault=fault, began=began, ended=ended)


def _active(on: Scene, alerts: Sequence[str], state: str = "") -> set[str]:
    active = on.server.active(state)
    return {alert for alert in alerts if (alert, on.server.pace(alert)) in active}


def _seen(on: Scene, happened: _Happened, alert: str) -> Seen:
    pace = on.server.pace(alert)
    firing = _firing(on, happened, f'alertname="{alert}",pace="{pace}"')[alert]
    ended_s = happened.ended - happened.began
    resolved_s = next(at_s for at_s in itertools.count(math.ceil(ended_s)) if at_s not in firing)
    others = _firing(on, happened, 'pace=""')
    return Seen(
        alert=alert,
        fault=happened.fault.name,
        pace=pace,
        fired_s=min(firing),
        resolved_s=round(resolved_s - ended_s),
        others=sorted(
            name
            for name, seconds in others.items()
            if 0 < min(seconds) <= ended_s and name not in happened.fault.alerts
        ),
    )


def _firing(on: Scene, happened: _Happened, labels: str) -> dict[str, set[int]]:
    """Return in which seconds since a fault began alerts with these labels fired."""
    found = on.server.over_time(f'ALERTS{{alertstate="firing",{labels}}}', since=happened.began)
    seconds: defaultdict[str, set[int]] = defaultdict(set)
    for series in found:
        name = series["metric"]["alertname"]
        seconds[name] |= {round(float(at) - happened.began) for at, _ in series["values"]}
    return seconds


def _pass_a_limit(on: Scene) -> None:
    """Ask for more than is allowed: the dashboard shows how often that happens."""
    asked = {"collection_id": on.collection_id, "filename": "a.jpg"}
    uploads = f"{on.stack.address}/uploads"
    statuses = {requests.post(uploads, json=asked, timeout=60).status_code for _ in range(3)}
    if 429 not in statuses:
        raise ValueError(f"no limit was passed: {statuses}")


def report(on: Scene, seen: Sequence[Seen], found: Counted) -> dict[str, Any]:
    """Return what is kept of a run; ``kept`` tells whether nothing is amiss."""
    all_happened = {each.alert for each in seen} >= {a for fault in FAULTS for a in fault.alerts}
    without = on.server.panels_without_data() if all_happened else []  # some wait for a fault
    is_well = all(each.is_in_time for each in seen) and not without and found.is_exact
    return {
        "measured_at": measured_at(),
        "machine": machine(),
        "seconds_between_scrapes": on.server.every_s,
        "hurried_by": FACTOR,
        "alerts": [asdict(each) for each in seen],
        "queries_of_panels": len(panel_queries()),
        "queries_without_data": without,
        "counted": asdict(found),
        "kept": is_well,
    }


def main() -> int:
    """Run it and print the report; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--artifact", type=Path, default=ARTIFACT)
    parser.add_argument("--photos", type=Path, default=ROOT / "var/samples")
    parser.add_argument("--logs", type=Path, help="an empty folder where the logs stay")
    parser.add_argument("--only", nargs="*", metavar="ALERT", help="faults of these alerts only")
    options = parser.parse_args()
    if binary() is None:
        sys.exit(MISSING)
    faults = [each for each in FAULTS if not options.only or {*options.only} & {*each.alerts}]
    with (
        tempfile.TemporaryDirectory() as folder,
        scene(options.logs or Path(folder), options.photos, models_dir=ROOT / "var/models") as on,
    ):
        seen, found = run(on, faults)
        made = report(on, seen, found)
    print(json.dumps(made, indent=1))
    options.artifact.write_text(json.dumps(made, indent=1) + "\n")
    return 0 if made["kept"] else 1


if __name__ == "__main__":
    sys.exit(main())
