"""Write Grafana's dashboard of the service; ``make dashboard``.

    python -m scripts.dashboard [FILE]

Grafana's format has some hundred fields, of which a panel needs a dozen: they are here once.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
FILE: Final = ROOT / "deploy/grafana/dashboards/efr.json"
_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
_WIDTH: Final = 8
_HEIGHT: Final = 8
_IN_A_ROW: Final = 3


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Curves of queries, each with what its curves are called."""

    title: str
    says: str
    unit: str
    queries: dict[str, str]
    is_stacked: bool = False


def _share(metric: str, chosen: str) -> str:
    return f"sum(rate({metric}{chosen}[$__rate_interval])) / sum(rate({metric}[$__rate_interval]))"


def _quantile(quantile: float, metric: str, by: str, chosen: str = "") -> str:
    buckets = f"sum by (le, {by}) (rate({metric}_bucket{chosen}[$__rate_interval]))"
    return f"histogram_quantile({quantile}, {buckets})"


_SEEN: Final = '{route="/"}'

PANELS: Final = (
    Panel(
        title="Requests",
        says="Answers a second, by their status.",
        unit="reqps",
        queries={"{{status}}": "sum by (status) (rate(efr_http_requests_total[$__rate_interval]))"},
        is_stacked=True,
    ),
    Panel(
        title="Time of an upload",
        says="From a request's headers to its answer; 202 counts too.",
        unit="s",
        queries={
            f"p{q}": _quantile(q / 100, "efr_http_request_seconds", "route", _SEEN)
            for q in (50, 95, 99)
        },
    ),
    Panel(
        title="Failed requests",
        says="Share of answers that are the service's fault (5xx). The objective is 0.5 %.",
        unit="percentunit",
        queries={"5xx": _share("efr_http_requests_total", '{status=~"5.."}')},
    ),
    Panel(
        title="Messages",
        says="What waits in the queues, and what workers have.",
        unit="short",
        queries={
            "{{queue}} {{state}}": "max by (queue, state) (efr_queue_messages)",
            "{{queue}} given up": "max by (queue) (efr_dead_letters)",
        },
    ),
    Panel(
        title="Oldest message",
        says="Age of the oldest message when workers last received any.",
        unit="s",
        queries={"{{queue}}": "max by (queue) (efr_oldest_message_seconds)"},
    ),
    Panel(
        title="Workers",
        says="Workers that are there, that are wanted, and that MAX_WORKERS allows.",
        unit="short",
        queries={
            "{{state}}": "max by (state) (efr_workers)",
            "children": "sum(efr_children)",
            "children at work": "sum(efr_children_busy)",
        },
    ),
    Panel(
        title="Stages of a job",
        says="Mean time in each stage. To wait is to lie in the queue.",
        unit="s",
        queries={
            "{{stage}}": "sum by (stage)"
            ' (rate(efr_job_stage_seconds_sum{queue="interactive"}[$__rate_interval]))'
            " / sum by (stage)"
            ' (rate(efr_job_stage_seconds_count{queue="interactive"}[$__rate_interval]))'
        },
        is_stacked=True,
    ),
    Panel(
        title="Jobs",
        says="Messages a second, by how their handling ended.",
        unit="ops",
        queries={
            "{{queue}} {{outcome}}": "sum by (queue, outcome)"
            " (rate(efr_jobs_total[$__rate_interval]))"
        },
    ),
    Panel(
        title="Errors",
        says="Errors a second that clients and jobs met, by code (docs/errors.md).",
        unit="ops",
        queries={"{{code}}": "sum by (code) (rate(efr_errors_total[$__rate_interval]))"},
    ),
    Panel(
        title="Faces",
        says="Share of faces by what became of them. It moves when a camera or a model changes.",
        unit="percentunit",
        queries={
            "{{outcome}}": "sum by (outcome) (rate(efr_faces_total[$__rate_interval]))"
            " / ignoring (outcome) group_left sum(rate(efr_faces_total[$__rate_interval]))"
        },
        is_stacked=True,
    ),
    Panel(
        title="Similarity and quality",
        says="Medians: similarity of faces that got a name, and quality of all faces.",
        unit="short",
        queries={
            "similarity": "histogram_quantile(0.5,"
            " sum by (le) (rate(efr_match_similarity_bucket[$__rate_interval])))",
            "quality": "histogram_quantile(0.5,"
            " sum by (le) (rate(efr_face_quality_bucket[$__rate_interval])))",
        },
    ),
    Panel(
        title="Galleries",
        says="Enrolled faces in memory of all processes, and how long no news could be read.",
        unit="short",
        queries={
            "faces": "sum(efr_gallery_faces)",
            "seconds without news": "max(efr_gallery_stale_seconds)",
        },
    ),
    Panel(
        title="Earlier answers and limits",
        says="Share of photos that were seen before, and requests a second over a limit.",
        unit="short",
        queries={
            "seen before": _share("efr_repeats_total", '{result="hit"}'),
            "over {{limit}}": "sum by (limit) (rate(efr_rate_limited_total[$__rate_interval]))",
        },
    ),
    Panel(
        title="Webhooks",
        says="Deliveries a second, by how they ended.",
        unit="ops",
        queries={"{{outcome}}": "sum by (outcome) (rate(efr_webhooks_total[$__rate_interval]))"},
    ),
    Panel(
        title="Notices",
        says="Notices of EC2's that a worker's machine ends.",
        unit="short",
        queries={"notices": "sum(increase(efr_spot_notices_total[$__rate_interval]))"},
    ),
)


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana reads it."""
    return {
        "uid": "efr",
        "title": "Elastic Face Recognition",
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "source",
                    "label": "Source",
                    "type": "datasource",
                    "query": "prometheus",
                    "current": {},
                }
            ]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(PANELS)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    stacking = {"mode": "normal" if panel.is_stacked else "none"}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.says,
        "datasource": _SOURCE,
        "gridPos": {
            "x": number % _IN_A_ROW * _WIDTH,
            "y": number // _IN_A_ROW * _HEIGHT,
            "w": _WIDTH,
            "h": _HEIGHT,
        },
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "custom": {"fillOpacity": 20 if panel.is_stacked else 0, "stacking": stacking},
            },
            "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": query,
                "legendFormat": name,
            }
            for place, (name, query) in enumerate(panel.queries.items())
        ],
    }


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    file = parser.parse_args().file
    file.write_text(json.dumps(dashboard(), indent=1) + "\n")


if __name__ == "__main__":
    main()
