"""Lets all kinds of things go wrong while a load runs, then audits what came of every job.

    python -m harness.chaos --minutes 3
    python -m harness.chaos --minutes 30 --artifact docs/benchmarks/soak.json
    python -m harness.chaos --home

Uploads and an album run on processes of their own: LocalStack behind a proxy, the web tier,
one worker that only loses its children, and one that is killed and stopped itself. On a home
there is no LocalStack; there all of them are killed at once as well, and root lets its disk be
full and lose power. Clients upload again, with the same Idempotency-Key, until they are answered.
Exit code 0 when every accepted job has exactly one result, the right one, and nothing is left
anywhere. Where Prometheus is installed it looks on, and the workers must have counted each result
once.
"""

import argparse
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from core.ground.storage_keys import collection_key
from harness.album import Album, SentAlbum
from harness.faults.aftermath import audited
from harness.faults.aws_faults import FaultsOfAws
from harness.faults.faults import Faults
from harness.faults.home_faults import FaultsOfHome
from harness.faults.injector import FaultInjector
from harness.faults.poison import with_poison
from harness.home.home_stack import HomeStack
from harness.load_clients import Answer, Pattern, Uploader, upload_all
from harness.photo_set import People, Photo, known_to
from harness.report import answers_summary, machine, measured_at
from harness.service_stack import ServiceStack
from harness.stack import Stack, enrol, make_collection, put_album
from harness.timeline import Timeline, memory_growth
from harness.waiting import wait_until
from harness.watched.onlooker import Onlooker

ROOT: Final = Path(__file__).resolve().parents[1]
COLLECTION: Final = "chaos"
_PATIENCE_S: Final = 900
"""Several faults may follow each other, some for 100 s and more."""
_DIFFERENT: Final = 60
"""Photos at most; they are uploaded again and again."""
_SETTINGS: Final[dict[str, object]] = {
    "web_processes": 1,
    "worker_processes": 1,
    "job_timeout_seconds": 3,
    "sqs_wait_time_seconds": 2,
    "sqs_visibility_timeout_seconds": 8,
    "visibility_heartbeat_seconds": 2,
    "sqs_max_receive_count": 12,
    "retry_backoff_seconds": 0.5,
    "dead_letter_sweep_seconds": 2,
    "shutdown_grace_seconds": 5,
}
"""Short times, so that much happens; more attempts, since faults use them up."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run: ``album`` photos are indexed while uploads come at ``rate`` a second."""

    seconds: float
    rate: float
    album: int
    fault_every_s: float
    away_s: float
    seed: int
    refused_s: float = 100
    """Longer than all receives of a message last, with the settings below."""
    slow_s: float = 5
    home: bool = False
    only: tuple[str, ...] = ()
    """Names of the only faults that happen; all of them unless given."""
    workers: int = 2
    has_disk: bool = True
    """A home lies on a disk of its own, if this process may make one."""

    @property
    def uploads(self) -> int:
        return max(1, round(self.seconds * self.rate))


def main() -> int:
    """Run the chaos and print the report; return the exit code."""
    options = _options()
    plan = Plan(
        seconds=options.minutes * 60,
        rate=options.rate,
        album=options.album,
        fault_every_s=options.fault_every,
        away_s=options.away,
        refused_s=options.refused,
        seed=options.seed,
        home=options.home,
        only=tuple(options.only),
    )
    with tempfile.TemporaryDirectory() as folder:
        report = run(plan, options.photos, options.logs or Path(folder))
    print(json.dumps({key: value for key, value in report.items() if key != "timeline"}, indent=1))
    if options.artifact:
        options.artifact.write_text(json.dumps(report, indent=1) + "\n")
    print("Every job was kept its promise" if report["kept"] else "FAIL: see above")
    return 0 if report["kept"] else 1


def run(
    plan: Plan, photos: Path, folder: Path, *, models_dir: Path = ROOT / "var/models"
) -> dict[str, Any]:
    """Run the plan; ``kept`` in what is returned tells whether nothing is amiss."""
    report: dict[str, Any] = {"measured_at": measured_at(), "machine": machine()}
    settings = {**_SETTINGS, "face_models_dir": models_dir}
    with Onlooker(folder) as onlooker, _stack(plan, folder, settings, onlooker) as stack:
        onlooker.begin(stack)
        different = min(_DIFFERENT, max(plan.uploads, plan.album))
        people = known_to(stack.settings, photos, probes=different)
        enrol(people, stack.settings, COLLECTION, folder / "people")
        album = _album(stack, people.sequence(plan.album))
        faults = _faults(stack, plan, people)
        with Timeline(stack.depth, workers=lambda: [stack.workers[0].pid]) as timeline:
            answers, indexing = _load(stack, people, album, plan, faults)
            settled = album.wait(indexing, patience_s=_PATIENCE_S)
            album_jobs = frozenset(album.job_ids(indexing))
            findings = audited(stack, answers, album_jobs, faults, patience_s=_PATIENCE_S)
        seen = onlooker.report(stack)
        census = album.census()
        steady = all(each.is_running for each in stack.processes) and not stack.ended_by_itself
    findings_shown = {name: found[:10] for name, found in asdict(findings).items() if found}
    report |= {
        "plan": asdict(plan),
        "uploads": answers_summary(answers, plan.seconds),
        "poison_uploads": sum(answer.expected == "" for answer in answers),
        "album": asdict(census) | {"jobs_failed": settled["failed"]},
        "faults": dict(faults.done),
        "no_process_ended_by_itself": steady,
        "parent_memory": memory_growth(timeline.moments),
        "seen_by_prometheus": seen,
        "findings": findings_shown,
        "timeline": timeline.as_list()[::10],
    }
    if isinstance(faults, FaultsOfHome):
        report["while_the_disk_was_full"] = {
            "refused": dict(faults.refused),
            "accepted": len(faults.accepted),
            "answered_otherwise": faults.amiss,
        }
    unanswered = sum(answer.status in ("unanswered", "refused") for answer in answers)
    album_is_whole = not (census.lost or census.doubled or census.foreign or settled["failed"])
    amiss = isinstance(faults, FaultsOfHome) and faults.amiss
    is_well = not (findings or unanswered or amiss) and album_is_whole and steady
    report["kept"] = is_well and seen["is_exact"] is not False  # None where nobody looked on
    return report


def _stack(plan: Plan, folder: Path, settings: dict[str, Any], onlooker: Onlooker) -> ServiceStack:
    settings = settings | onlooker.settings
    made = (
        HomeStack(folder, workers=plan.workers, has_disk=plan.has_disk, **settings)
        if plan.home
        else Stack(folder, workers=plan.workers, exposed=True, **settings)
    )
    made.numbers = onlooker.numbers
    return made


def _album(stack: ServiceStack, photos: list[Photo]) -> Album | SentAlbum:
    collection_id = f"{COLLECTION}-album"
    if isinstance(stack, Stack):
        return put_album(stack, photos, collection_id)
    make_collection(stack.address, collection_id)
    return SentAlbum(
        address=stack.address, collection_id=collection_id, prefix="album/", photos=photos
    )


def _faults(stack: ServiceStack, plan: Plan, people: People) -> Faults:
    if isinstance(stack, HomeStack):
        if stack.disk is None:
            print("Only root can mount a disk: it will not be full, nor lose power")
        return FaultsOfHome(
            stack,
            photo=people.probes[0],
            collection_id=COLLECTION,
            slow_s=plan.slow_s,
            seed=plan.seed,
            only=plan.only,
        )
    assert isinstance(stack, Stack)  # noqa: S101 - there is no third
    return FaultsOfAws(
        stack,
        away_s=plan.away_s,
        refused_s=plan.refused_s,
        slow_s=plan.slow_s,
        seed=plan.seed,
        only=plan.only,
    )


def _load(
    stack: ServiceStack, people: People, album: Album | SentAlbum, plan: Plan, faults: Faults
) -> tuple[list[Answer], list[str]]:
    """Upload while faults happen; every fault has happened at least once in the end."""
    uploader = Uploader(
        stack.address, collection_id=COLLECTION, patience_s=_PATIENCE_S, insists=True
    )
    photos = with_poison(people.sequence(plan.uploads))
    indexing = album.submit()
    # Else a worker of another engine might enrol the first one.
    wait_until(lambda: _has_faces(stack, album), seconds=_PATIENCE_S, what="the album's first face")
    with (
        ThreadPoolExecutor(1) as aside,
        FaultInjector(faults, every_s=plan.fault_every_s, seed=plan.seed) as injector,
    ):
        uploads = aside.submit(upload_all, uploader, photos, Pattern(rate=plan.rate))
        answers = uploads.result()
    if injector.failure is not None:
        raise injector.failure
    return answers, indexing


def _has_faces(stack: ServiceStack, album: Album | SentAlbum) -> bool:
    """Tell whether a face of the album was enrolled, and so the collection's model is settled."""
    gallery = stack.ports.bucket(stack.settings.s3_gallery_bucket)
    stored = gallery.get(collection_key(album.collection_id)).body
    return json.loads(stored)["model"] is not None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--home", action="store_true", help="on one machine, without LocalStack")
    parser.add_argument("--rate", type=float, default=4, help="uploads a second")
    parser.add_argument("--album", type=int, default=300, help="photos that are indexed meanwhile")
    parser.add_argument("--fault-every", type=float, default=4, metavar="SECONDS")
    parser.add_argument("--away", type=float, default=30, help="seconds that LocalStack is away")
    parser.add_argument("--refused", type=float, default=100, help="seconds of refused operations")
    parser.add_argument("--seed", type=int, default=1, help="of the faults and their order")
    parser.add_argument("--only", nargs="*", default=[], metavar="FAULT", help="as kill_worker")
    parser.add_argument("--photos", type=Path, default=ROOT / "var/samples")
    parser.add_argument("--logs", type=Path, help="an empty folder where the logs stay")
    parser.add_argument("--artifact", type=Path, help="where to write the report")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
