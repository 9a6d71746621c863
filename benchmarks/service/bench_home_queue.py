"""Measure queues in a file of SQLite: many jobs, a long queue, and idle readers.

    python -m benchmarks.service.bench_home_queue [--jobs 1000000]

Each job is sent by itself, as the web tier does, received in tens and deleted in tens. Writes
docs/benchmarks/home-queue.json.
"""

import argparse
import json
import platform
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from core.ground.ids import new_id
from core.home.home_folder import make_queues
from core.home.queue import SqliteQueue
from core.home.queue_file import QueueFile
from core.jobs.recognition_job import Job
from core.settings import Settings
from core.settings.queue_plans import queue_plans
from harness.report import machine, measured_at

ARTIFACT: Final = Path("docs/benchmarks/home-queue.json")
PARTS: Final = 10
TOGETHER: Final = 10
TRIES: Final = 300
IDLE_S: Final = 20


def main() -> None:
    """Measure and write the artifact."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--artifact", type=Path, default=ARTIFACT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="var") as folder:
        file = QueueFile(Path(folder) / "queues.sqlite")
        plans = queue_plans(Settings(_env_file=None))
        make_queues(file, plans)
        queue = SqliteQueue(file, "request-queue")
        found = {
            "measured_at": measured_at(),
            "machine": machine(),
            "jobs": options.jobs,
            "versions": {"sqlite": sqlite3.sqlite_version, "python": platform.python_version()},
            "through": list(through(queue, file, options.jobs)),
            "idle": idle([SqliteQueue(file, plan.name) for plan in plans if plan.dead_letters]),
            "short_queue": calls(queue),
        }
        fill(queue, options.jobs)
        found |= {"long_queue": calls(queue), "long_queue_bytes": size(file)}
        file.close()
    options.artifact.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=2))


def through(queue: SqliteQueue, file: QueueFile, jobs: int) -> Iterator[dict[str, Any]]:
    """Send, receive and delete jobs; yield what each tenth of them cost."""
    for part in range(PARTS):
        began_s, worked_s = time.perf_counter(), time.process_time()
        for _ in range(jobs // PARTS // TOGETHER):
            for _ in range(TOGETHER):
                queue.send(body())
            received = queue.receive(limit=TOGETHER, wait_s=0)
            if len(received) < TOGETHER:
                raise RuntimeError(f"{len(received)} messages came, not {TOGETHER}")
            queue.delete_many(received)
        done = jobs // PARTS
        yield {
            "jobs": done * (part + 1),
            "wall_ms_per_job": round((time.perf_counter() - began_s) / done * 1e3, 4),
            "processor_ms_per_job": round((time.process_time() - worked_s) / done * 1e3, 4),
            "file_bytes": size(file),
        }


def idle(queues: list[SqliteQueue]) -> dict[str, float]:
    """Return the share of a core that readers take while there is nothing."""
    readers = [
        threading.Thread(target=queue.receive, kwargs={"limit": 1, "wait_s": IDLE_S})
        for queue in queues
    ]
    worked_s = time.process_time()
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    share = (time.process_time() - worked_s) / IDLE_S
    return {"readers": len(readers), "seconds": IDLE_S, "share_of_a_core": round(share, 5)}


def calls(queue: SqliteQueue) -> dict[str, float]:
    """Return the milliseconds that a send, a receive and a deletion take."""
    sent = _ms(lambda: queue.send(body()))
    received: list[Any] = []
    receive = _ms(lambda: received.extend(queue.receive(limit=1, wait_s=0, visibility_s=60)))
    delete = _ms(lambda: queue.delete_many([received.pop()]))
    return {"send_ms": sent, "receive_ms": receive, "delete_ms": delete}


def fill(queue: SqliteQueue, messages: int) -> None:
    for _ in range(messages // 1_000):
        queue.send_many([body() for _ in range(1_000)])


def body() -> str:
    return Job(job_id=new_id(), filename="a_photo.jpg").body


def size(file: QueueFile) -> int:
    """Return the bytes of the file and of the log beside it."""
    return sum(path.stat().st_size for path in file.path.parent.glob("queues.sqlite*"))


def _ms(action: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    for _ in range(TRIES):
        action()
    return round((time.perf_counter() - began_s) / TRIES * 1e3, 4)


if __name__ == "__main__":
    main()
