"""Measure start, first answer and idle requests with many collections; write the artifact.

Usage: python -m benchmarks.service.bench_collections [--collections 20 300 2000] [--delay-ms 25]

For each number of collections there is a LocalStack of its own. Each process of the service
reaches it through a proxy that lets every request take longer, as on AWS, and counts them.
The first answer is about a photo for a collection that no process has loaded.
"""

import argparse
import json
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import requests

from core.aws.provisioning import provision
from core.faces.recognition.embedding import DLIB_RESNET_INT8_MIRRORED
from core.settings import Settings
from harness.faults.http_proxy import HttpProxy
from harness.localstack import LocalStack, free_port
from harness.many_collections import make_collections
from harness.processes import WebProcess, WorkerProcess
from harness.report import machine, measured_at
from harness.waiting import wait_until

ROOT: Final = Path(__file__).resolve().parents[2]
ARTIFACT: Final = ROOT / "docs" / "benchmarks" / "many-collections.json"
_PHOTO: Final = ROOT / "var" / "samples" / "Barack Obama" / "obama2.jpg"
_LENGTH: Final = 128
_SETTLED_S: Final = 10.0
_FEW_A_SECOND: Final = 3.0
"""Fewer than while galleries are loaded ahead."""


def main() -> None:
    """Measure each number of collections and write the artifact."""
    options = _options()
    artifact: dict[str, Any] = {
        "measured_at": measured_at(),
        "machine": machine(),
        "delay_ms": options.delay_ms,
        "idle_s": options.idle_s,
        "priority": options.priority,
        "runs": [],
    }
    for collections in options.collections:
        artifact["runs"].append(_measured(collections, options))
        print(json.dumps(artifact["runs"][-1]))
    options.out.write_text(json.dumps(artifact, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--collections", type=int, nargs="+", default=[20, 300, 2000])
    parser.add_argument("--delay-ms", type=float, default=25)
    parser.add_argument("--idle-s", type=float, default=60)
    parser.add_argument(
        "--priority",
        action="store_true",
        help="let what is measured go before all else on a busy machine (needs root)",
    )
    parser.add_argument("--out", type=Path, default=ARTIFACT)
    return parser.parse_args()


def _measured(collections: int, options: argparse.Namespace) -> dict[str, Any]:
    ids = [f"tenant-{number:05}" for number in range(collections)]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as parts:
        localstack = LocalStack(Path(folder))
        parts.callback(localstack.stop)
        localstack.start()
        settings = localstack.settings(
            web_host="127.0.0.1",
            web_port=free_port(),
            web_processes=1,
            face_models_dir=ROOT / "var" / "models",
        )
        provision(settings)
        make_collections(settings, ids, model=DLIB_RESNET_INT8_MIRRORED, length=_LENGTH)
        proxies = []
        for _ in range(2):
            proxy = parts.enter_context(HttpProxy(localstack.port, free_port()))
            proxy.delay(options.delay_ms / 1000)
            proxies.append(proxy)
        first = partial(_before_others, [os.getpid(), localstack.pid] if options.priority else [])
        return {"collections": collections} | _of_processes(
            settings, proxies, ids[-1], Path(folder), options.idle_s, first
        )


@contextmanager
def _before_others(pids: list[int]) -> Iterator[None]:
    """Let the sessions of these processes go first while the block runs.

    Niceness alone counts within a session only, where the kernel groups processes by them.
    """
    groups = [Path(f"/proc/{pid}/autogroup") for pid in pids]
    try:
        for group in groups:
            group.write_text("-15")
        yield
    finally:
        for group in groups:
            group.write_text("0")


def _of_processes(
    settings: Settings,
    proxies: list[HttpProxy],
    collection_id: str,
    folder: Path,
    idle_s: float,
    first: Callable[[], AbstractContextManager[None]],
) -> dict[str, Any]:
    for_web, for_worker = (
        settings.model_copy(update={"aws_endpoint_url": proxy.address}) for proxy in proxies
    )
    with ExitStack() as processes:
        with first():
            began_s = time.monotonic()
            web = WebProcess(for_web, folder / "web.log")
            processes.callback(web.stop)
            wait_until(lambda: _is_up(web), seconds=300, every_s=0.02, what="/health")
            health_s = time.monotonic() - began_s
        idle_web = _idle_requests(proxies[0], idle_s)
        job_id = _upload(web.address, collection_id)
        with first():
            began_s = time.monotonic()
            worker = WorkerProcess(for_worker, folder / "worker.log")
            processes.callback(worker.stop)
            wait_until(
                lambda: _is_done(web.address, job_id), seconds=300, every_s=0.2, what="the answer"
            )
            answer_s = time.monotonic() - began_s
        idle_worker = _idle_requests(proxies[1], idle_s)
    return {
        "health_s": round(health_s, 2),
        "first_answer_s": round(answer_s, 2),
        "idle_requests_per_s": {"web": idle_web, "worker": idle_worker},
    }


def _is_up(web: WebProcess) -> bool:
    try:
        return requests.get(f"{web.address}/health", timeout=300).ok
    except requests.ConnectionError:
        return False


def _upload(address: str, collection_id: str) -> str:
    answer = requests.post(
        address,
        files={"inputFile": _PHOTO.read_bytes()},
        data={"collection_id": collection_id},
        headers={"Prefer": "respond-async"},
        timeout=60,
    )
    answer.raise_for_status()
    return str(answer.json()["job_id"])


def _is_done(address: str, job_id: str) -> bool:
    status = requests.get(f"{address}/status/{job_id}", timeout=60).json()
    if status["status"] == "failed":
        raise RuntimeError(f"the job failed: {status['error']}")
    return bool(status["status"] == "done")


def _idle_requests(proxy: HttpProxy, idle_s: float) -> float:
    """Return the requests a second of a process, once it has loaded what it loads ahead."""
    _wait_until_settled(proxy)
    proxy.asked.clear()
    time.sleep(idle_s)
    return round(sum(proxy.asked.values()) / idle_s, 2)


def _wait_until_settled(proxy: HttpProxy) -> None:
    """Return once a process has made few requests for some seconds."""
    asked = math.inf
    while asked > _FEW_A_SECOND * _SETTLED_S:
        before = sum(proxy.asked.values())
        time.sleep(_SETTLED_S)
        asked = sum(proxy.asked.values()) - before


if __name__ == "__main__":
    main()
