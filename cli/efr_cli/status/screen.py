"""Two looks at a service as a screen for people."""

import textwrap
from collections.abc import Iterator
from typing import Final

import click

from efr_cli.status.figures import Figures, Times
from efr_cli.status.report import Report
from efr_cli.words import counted

_WIDTH: Final = 78
_ROW: Final = "{:<22}{:>28}{:>28}"
_QUEUE: Final = "{:<22}{:>10}{:>12}{:>16}{:>18}"
_MOST_ERRORS: Final = 5


def screen(report: Report) -> str:
    """Return the screen, at most 78 characters wide."""
    parts = (_verdict(report), _queues(report), _workers(report), _counts(report))
    return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines)


def _verdict(report: Report) -> Iterator[str]:
    if report.is_well:
        yield click.style("All is well.", fg="green")
    for alert in report.alerts:
        yield from _item("!", alert.says, colour="red")
        if alert.command:
            yield f"  {alert.command}"
    for what in report.look.unseen:
        yield from _item("?", what, colour="yellow")
    if report.alerts:
        yield "  What each means, and what to do: docs/metrics.md"


def _item(mark: str, text: str, *, colour: str) -> Iterator[str]:
    for number, line in enumerate(textwrap.wrap(text, _WIDTH - 2, break_on_hyphens=False)):
        yield click.style(f"{'  ' if number else f'{mark} '}{line}", fg=colour)


def _queues(report: Report) -> Iterator[str]:
    if report.look.queues:
        yield _head(_QUEUE.format("queue", "waiting", "in work", "dead letters", "oldest waits"))
    for queue in report.look.queues:
        waits = "-" if queue.oldest_s is None else duration(queue.oldest_s)
        yield _QUEUE.format(
            queue.queue,
            *(f"{count:,}" for count in (queue.waiting, queue.in_flight, queue.dead_letters)),
            "not known" if queue.waiting and queue.oldest_s is None else waits,
        )


def _workers(report: Report) -> Iterator[str]:
    workers = report.workers
    if workers.children is None and workers.wanted is None:
        return
    said = [counted(workers.there, "worker")]
    if workers.wanted is not None:
        said.append(f"{workers.wanted} wanted, {workers.most} at most")
    if workers.children:
        said.append(
            f"{workers.children_busy} of {counted(workers.children, 'child', 'children')} busy"
        )
    yield "; ".join(said)


def _counts(report: Report) -> Iterator[str]:
    """Yield what was counted; nothing of parts that were not seen."""
    lately, start = both = (report.lately, report.since_start)
    rows: list[tuple[str, ...]] = []
    if report.look.workers:
        rows += _of_jobs(*both)
    if report.look.web_tier:
        rows += _of_requests(*both)
    if not rows:
        return
    yield _head(_ROW.format("", f"last {lately.seconds:.0f} s", "since the start"))
    yield from (_ROW.format(*row) for row in rows)
    if start.errors:
        yield "errors"
    for code in list(start.errors)[:_MOST_ERRORS]:
        yield _ROW.format(f"  {code}", *(f"{each.errors.get(code, 0):,}" for each in both))
    left = sum(list(start.errors.values())[_MOST_ERRORS:])
    if left:
        yield _ROW.format("  others", "", f"{left:,}")
    yield "Of two times, half took less than the first, and 95 of 100 less than the second."


def _of_jobs(lately: Figures, start: Figures) -> Iterator[tuple[str, ...]]:
    yield "photos done", _rate(lately.photos, lately), f"{start.photos:,}"
    yield "  wait for a worker", _times(lately.wait), _times(start.wait)
    yield "  slowest stage", _slowest(lately), _slowest(start)
    yield "faces", _rate(lately.faces, lately), f"{start.faces:,}"
    yield "  unknown", *(_share(of.unknown_faces, of.faces) for of in (lately, start))
    if start.webhooks:
        yield "webhooks that failed", _failed_webhooks(lately), _failed_webhooks(start)


def _of_requests(lately: Figures, start: Figures) -> Iterator[tuple[str, ...]]:
    yield "requests", _rate(lately.requests, lately), f"{start.requests:,}"
    yield "  failed (5xx)", *(_share(of.failed_requests, of.requests) for of in (lately, start))
    if start.limited_requests:
        yield "  over a limit", f"{lately.limited_requests:,}", f"{start.limited_requests:,}"
    yield "  time of an upload", _times(lately.upload), _times(start.upload)
    yield "  photos seen before", *(_share(of.seen_before, of.looked_for) for of in (lately, start))


def _head(text: str) -> str:
    return click.style(text, bold=True)


def _rate(count: int, over: Figures) -> str:
    return f"{count / (over.seconds or 1):,.1f} /s"


def _share(count: int, of: int) -> str:
    if not of:
        return "-"
    share = 100 * count / of
    return "0 %" if not count else f"{share:.{1 if share < 10 else 0}f} %"


def _times(times: Times | None) -> str:
    return "-" if times is None else f"{duration(times.p50)}, {duration(times.p95)}"


def _slowest(of: Figures) -> str:
    return "-" if of.slowest is None else f"{of.slowest} {_times(of.stages[of.slowest])}"


def _failed_webhooks(of: Figures) -> str:
    return f"{of.failed_webhooks:,} of {sum(of.webhooks.values()):,}"


def duration(seconds: float) -> str:
    """Return a time in the unit in which it is short."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, hours = seconds / 60, seconds / 3600
    return f"{minutes:.0f} min" if minutes < 120 else f"{hours:.0f} h"
