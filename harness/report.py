"""What a load came to: numbers as JSON, and a page with plots."""

import datetime
import html
import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from core.ground.plots import Line, line_chart
from harness.load_clients import Answer
from harness.photo_set import Photo

_PERCENTILES: Final = (50, 95, 99)
_WATCHING: Final = ("sqs.GetQueueAttributes", "sqs.GetQueueUrl")
"""Requests of those who look on; no job needs them."""


def machine() -> dict[str, Any]:
    """Return on what it ran, and how busy that was before."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def measured_at() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def answers_summary(answers: Sequence[Answer], wall_s: float) -> dict[str, Any]:
    """Count the answers, and tell how long they took."""
    seconds = np.array([answer.seconds for answer in answers])
    return {
        "photos": len(answers),
        "right": sum(answer.is_right for answer in answers),
        "wrong": sum(a.status == "done" and not a.is_right for a in answers),
        **{
            status: sum(answer.status == status for answer in answers)
            for status in ("failed", "refused", "unanswered")
        },
        "errors": dict(Counter(answer.error for answer in answers if answer.error)),
        "wall_s": round(wall_s, 2),
        "photos_per_s": round(len(answers) / wall_s, 2),
        "latency_s": {
            "mean": round(float(seconds.mean()), 3),
            **{f"p{n}": round(float(np.percentile(seconds, n)), 3) for n in _PERCENTILES},
            "max": round(float(seconds.max()), 3),
        },
        "result_gets_per_job": round(sum(a.result_gets for a in answers) / len(answers), 2),
        "http_requests_per_job": round(sum(a.requests for a in answers) / len(answers), 2),
    }


def costs_summary(
    jobs: int, cpu_s: Mapping[str, float], requests: Mapping[str, int]
) -> dict[str, Any]:
    """Tell what each job cost."""
    asked = {name: n for name, n in sorted(requests.items()) if name not in _WATCHING}
    return {
        "cpu_s_per_job": {name: round(seconds / jobs, 4) for name, seconds in cpu_s.items()},
        "requests_per_job": {name: round(n / jobs, 3) for name, n in asked.items()},
        "s3_per_job": round(_sum_of(asked, "s3.") / jobs, 2),
        "sqs_per_job": round(_sum_of(asked, "sqs.") / jobs, 2),
    }


def engine_summary(photos: Sequence[Photo]) -> dict[str, Any]:
    """Tell what these photos cost the engine alone, in one thread."""
    wall_ms = np.array([photo.engine_s for photo in photos]) * 1000
    return {
        "wall_ms_p50": round(float(np.median(wall_ms)), 1),
        "wall_ms_mean": round(float(wall_ms.mean()), 1),
    }


def page(report: Mapping[str, Any], answers: Sequence[Answer] = ()) -> str:
    """Return the report as HTML that needs nothing else."""
    plots = [_timeline_plot(report.get("timeline", []))]
    if answers:
        plots = [_latency_plot(answers), _over_time_plot(answers), *plots]
    rows = "".join(
        f"<tr><td>{html.escape(name)}<td>{html.escape(str(value))}" for name, value in _flat(report)
    )
    title = f"Load test, {report['measured_at']}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        "<style>body{font:16px sans-serif;margin:2rem auto;max-width:60rem}"
        "td{padding:.1rem 1rem .1rem 0;vertical-align:top}</style>"
        f"<h1>{title}</h1>{''.join(plots)}<table>{rows}</table></html>\n"
    )


def _sum_of(requests: Mapping[str, int], prefix: str) -> int:
    return sum(n for name, n in requests.items() if name.startswith(prefix))


def _flat(report: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in report.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{above}{name} ")
        elif not isinstance(value, list):
            rows.append((above + name, value))
    return rows


def _latency_plot(answers: Sequence[Answer]) -> str:
    seconds = np.percentile([answer.seconds for answer in answers], range(101))
    points = tuple((float(n), float(s)) for n, s in enumerate(seconds))
    return line_chart(
        "Time to the result", "percent of uploads", "seconds", [Line(name="at most", points=points)]
    )


def _over_time_plot(answers: Sequence[Answer]) -> str:
    ordered = sorted(answers, key=lambda answer: answer.due_s)
    points = tuple((answer.due_s, answer.seconds) for answer in ordered)
    return line_chart(
        "Time to the result over the run",
        "second of the upload",
        "seconds",
        [Line(name="uploads", points=points)],
    )


def _timeline_plot(moments: Sequence[Mapping[str, Any]]) -> str:
    if not moments:
        return ""
    lines = [
        Line(name=name, points=tuple((m["at_s"], m[key] or 0) for m in moments))
        for key, name in (
            ("visible", "messages waiting"),
            ("in_flight", "messages in flight"),
            ("workers", "workers"),
        )
    ]
    return line_chart("Queues and workers", "second of the run", "", lines, y_scale="symlog")
