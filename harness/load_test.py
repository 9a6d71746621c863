"""Loads the running service and reports right answers, latency and costs.

    python -m harness.load_test --profile 1000
    python -m harness.load_test --count 300 --rate 20
    python -m harness.load_test --profile 50000          # an album, indexed in batches

Start the service first (``make up``). Of each person in the folder of photos the first
photo is enrolled and the others are uploaded, again and again until there are enough;
right is what the engine says when it is asked directly. Writes ``load-COUNT.json`` and
``load-COUNT.html``. Exit code 0 when every answer was right, 1 otherwise.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.bootstrap.infrastructure import Infrastructure
from core.settings import Settings, load_settings
from harness.album import Album, index_album
from harness.load_clients import Answer, Pattern, Uploader, upload_all
from harness.photo_set import People, known_to
from harness.report import (
    answers_summary,
    costs_summary,
    engine_summary,
    machine,
    measured_at,
    page,
)
from harness.resource_meter import CpuMeter, RequestLog
from harness.stack import enrol, make_collection
from harness.timeline import Timeline, workers_below
from scripts.supervision import SOCKET, Supervisor

ROOT: Final = Path(__file__).resolve().parents[1]
COLLECTION: Final = "load-test"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How many photos, and how they come."""

    count: int
    pattern: Pattern | None
    """None for an album, which is indexed."""


PROFILES: Final = {
    "100": Profile(count=100, pattern=Pattern(clients=10)),
    "1000": Profile(count=1_000, pattern=Pattern(clients=10)),
    "10000": Profile(count=10_000, pattern=Pattern(clients=20)),
    "50000": Profile(count=50_000, pattern=None),
}


def main() -> int:
    """Run one load; return the exit code."""
    options = _options()
    settings = load_settings()
    profile = _profile(options)
    before = machine()
    people = known_to(settings, options.photos, people=options.people, probes=options.probes)
    service = Service.running(settings)
    meter, requests = service.meter(), service.request_log()
    queues = [settings.sqs_req_queue_name, settings.sqs_index_queue_name]
    depth = Infrastructure.of(settings).depth(queues, [])
    with Timeline(depth, workers=service.workers, requests=requests) as timeline:
        began_s = time.monotonic()
        load, answers = _load(profile, people, settings, service, options)
        load["wall_s"] = round(time.monotonic() - began_s, 2)
    jobs = profile.count
    report = {
        "measured_at": measured_at(),
        "machine": before,
        "load": str(profile.pattern or "an album, indexed in batches"),
        "people_enrolled": len(people.enrolled),
        "different_photos": len(people.probes),
        **load,
        **costs_summary(jobs, meter.seconds(), requests.counts if requests else {}),
        "engine_alone": engine_summary(people.probes),
        "timeline": timeline.as_list(),
    }
    _write(report, answers, options.report / f"load-{jobs}")
    return 0 if report["right"] == jobs else 1


@dataclass(frozen=True, kw_only=True)
class Service:
    """The running service; ``pids`` are known where ``make up`` started it."""

    address: str
    pids: Mapping[str, int]

    @classmethod
    def running(cls, settings: Settings) -> "Service":
        supervised = Path(SOCKET).exists() and Supervisor().is_up()
        return cls(
            address=settings.web_address,
            pids=Supervisor().pids() if supervised else {},
        )

    def workers(self) -> list[int]:
        return workers_below(list(self.pids.values()))

    def meter(self) -> CpuMeter:
        return CpuMeter({name: [pid] for name, pid in self.pids.items()})

    def request_log(self) -> RequestLog | None:
        return RequestLog(ROOT / "var/log/localstack.log") if "localstack" in self.pids else None


def _load(
    profile: Profile,
    people: People,
    settings: Settings,
    service: Service,
    options: argparse.Namespace,
) -> tuple[dict[str, Any], list[Answer]]:
    if profile.pattern is None:
        return _index_album(profile, people, settings, service), []
    with tempfile.TemporaryDirectory() as folder:
        enrol(people, settings, COLLECTION, Path(folder))
    uploader = Uploader(service.address, collection_id=COLLECTION)
    began_s = time.monotonic()
    answers = upload_all(uploader, people.sequence(profile.count), profile.pattern)
    return answers_summary(answers, time.monotonic() - began_s), answers


def _index_album(
    profile: Profile, people: People, settings: Settings, service: Service
) -> dict[str, Any]:
    if not settings.allowed_buckets:
        sys.exit("an album needs a bucket: name one in ALLOWED_BUCKETS, in .env")
    name = settings.allowed_buckets[0]
    collection_id = f"{COLLECTION}-{int(time.time())}"
    make_collection(service.address, collection_id)
    album = Album(
        address=service.address,
        collection_id=collection_id,
        bucket=Infrastructure.on_aws(settings).bucket(name),
        bucket_name=name,
        prefix=f"{collection_id}/",
        photos=people.sequence(profile.count),
    )
    album.put()
    return index_album(album)


def _write(report: dict[str, Any], answers: list[Answer], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")
    file.with_suffix(".html").write_text(page(report, answers))
    shown = {name: value for name, value in report.items() if name != "timeline"}
    print(json.dumps(shown, indent=1))
    print(f"The report is in {file.with_suffix('.html')}")


def _profile(options: argparse.Namespace) -> Profile:
    asked = PROFILES[options.profile]
    pattern = asked.pattern
    if options.album:
        pattern = None
    elif options.clients or options.rate or options.at_once:
        pattern = Pattern(clients=options.clients, rate=options.rate)
    return Profile(count=options.count or asked.count, pattern=pattern)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profile", choices=PROFILES, default="100")
    parser.add_argument("--count", type=int, help="photos, instead of the profile's")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--clients", type=int, help="number of clients, each with one photo at a time")
    how.add_argument("--rate", type=float, help="photos per second, answered or not")
    how.add_argument("--at-once", action="store_true", help="all at the same moment")
    how.add_argument("--album", action="store_true", help="indexed in batches from a bucket")
    parser.add_argument(
        "--photos", type=Path, default=ROOT / "var/samples", help="a folder with a folder a person"
    )
    parser.add_argument("--people", type=int, default=50, help="people enrolled at most")
    parser.add_argument("--probes", type=int, default=200, help="different photos at most")
    parser.add_argument("--report", type=Path, default=ROOT / "var/load", help="where to write")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
