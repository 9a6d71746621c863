"""Shows how the workers follow the queue: none, as many as a burst needs, none again.

    python -m harness.demo_elastic [--photos-count 200] [--max-workers 4]

Starts a service of its own, without a worker and with the autoscaler, and uploads a burst
of photos at the same moment. Draws queue, workers and latency over time in the terminal and
into ``var/demo/elastic.png``. Exit code 0 when every answer was right and the workers went.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import uniplot

from core.ground.plots import Line, line_charts_png
from harness.load_clients import Answer, Pattern, Uploader, upload_all
from harness.photo_set import known_to
from harness.stack import Stack, enrol
from harness.timeline import Moment, Timeline
from harness.waiting import wait_until

ROOT: Final = Path(__file__).resolve().parents[1]
COLLECTION: Final = "demo"
_WIDTH: Final = 72
_HEIGHT: Final = 8
_GONE_S: Final = 90
_TUNING: Final[dict[str, Any]] = {
    "worker_processes": 1,
    "target_latency_seconds": 2,
    "scale_in_cooldown_seconds": 10,
    "autoscaler_interval_seconds": 1,
}


def main() -> int:
    """Run the demonstration; return the exit code."""
    options = _options()
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder), workers=0, max_workers=options.max_workers, **_TUNING) as stack,
    ):
        people = known_to(stack.settings, options.photos)
        enrol(people, stack.settings, COLLECTION, Path(folder) / "people")
        autoscaler = stack.start_autoscaler()
        wait_until(lambda: autoscaler.logged("autoscaler started"), what="the autoscaler")
        print(f"No worker runs; {options.photos_count} photos come at the same moment")
        with Timeline(stack.depth, workers=stack.worker_pids, every_s=0.5) as timeline:
            uploader = Uploader(stack.address, collection_id=COLLECTION)
            answers = upload_all(uploader, people.sequence(options.photos_count), Pattern())
            wait_until(lambda: not stack.worker_pids(), seconds=_GONE_S, what="the workers to go")
    show(timeline.moments, answers)
    draw(timeline.moments, answers, options.picture)
    right = sum(answer.is_right for answer in answers)
    most = max(moment.workers for moment in timeline.moments)
    print(f"{right} of {len(answers)} answers were right; workers: 0, then {most}, then 0")
    print(f"The picture is {options.picture}")
    return 0 if right == len(answers) else 1


def series(moments: Sequence[Moment], answers: Sequence[Answer]) -> dict[str, Line]:
    """Return what is drawn, by what stands on the y axis."""
    ended = sorted((answer.due_s + answer.seconds, answer.seconds) for answer in answers)
    jobs = tuple((m.at_s, float((m.visible or 0) + (m.in_flight or 0))) for m in moments)
    return {
        "jobs": Line(name="jobs that wait or are in flight", points=jobs),
        "workers": Line(name="workers", points=tuple((m.at_s, float(m.workers)) for m in moments)),
        "seconds": Line(name="seconds from upload to answer", points=tuple(ended)),
    }


def show(moments: Sequence[Moment], answers: Sequence[Answer]) -> None:
    """Draw in the terminal."""
    end_s = max(moment.at_s for moment in moments)
    for line in series(moments, answers).values():
        at_s, values = zip(*line.points, strict=True)
        uniplot.plot(
            xs=at_s,
            ys=values,
            lines=True,
            title=line.name,
            width=_WIDTH,
            height=_HEIGHT,
            x_min=0,
            x_max=end_s,
            y_min=0,
            x_unit=" s",
        )


def draw(moments: Sequence[Moment], answers: Sequence[Answer], picture: Path) -> None:
    """Draw into a PNG."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(line_charts_png("seconds since the burst", series(moments, answers)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos-count", type=int, default=200)
    parser.add_argument("--max-workers", type=int, default=4)
    parser.add_argument("--photos", type=Path, default=ROOT / "var/samples")
    parser.add_argument("--picture", type=Path, default=ROOT / "var/demo/elastic.png")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
