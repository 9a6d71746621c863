"""Compare the time of a request with keys and without; writes docs/benchmarks/door.json.

    python -m benchmarks.service.bench_door

Two web tiers on one LocalStack, one with ``AUTH=keys`` and the other with ``AUTH=off``, get the
same requests in turn. The same photo again, which gets its earlier answer, is measured beside it.
Run it on a quiet machine; the load average is noted.
"""

import argparse
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import requests

from benchmarks.common.interleaved import medians_ms
from core.access.key_store import KeyStore
from core.aws.clients import s3_client
from core.aws.provisioning import provision
from core.aws.s3 import S3Store
from core.settings import Settings
from harness.localstack import LocalStack, free_port
from harness.processes import WebProcess, WorkerProcess
from harness.report import machine, measured_at
from harness.waiting import wait_until

ROOT: Final = Path(__file__).resolve().parents[2]
ARTIFACT: Final = ROOT / "docs/benchmarks/door.json"
_ROUNDS: Final = 400
_WARM_UP: Final = 50
_REPEATS: Final = 100


def main() -> None:
    """Measure each kind of request and write the artifact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=ROOT.parent / "shared/data/lfw-view1/images")
    photos = sorted(parser.parse_args().photos.glob("*/*.jpg"))[:2]
    artifact: dict[str, Any] = {"measured_at": measured_at(), "machine": machine()}
    with tempfile.TemporaryDirectory() as folder:
        localstack = LocalStack(Path(folder)).start()
        try:
            artifact |= _measured(localstack, Path(folder), [each.read_bytes() for each in photos])
        finally:
            localstack.stop()
    ARTIFACT.write_text(json.dumps(artifact, indent=1) + "\n")
    print(json.dumps(artifact, indent=1))


def _measured(localstack: LocalStack, folder: Path, photos: list[bytes]) -> dict[str, Any]:
    settings = localstack.settings(result_cache_seconds=600, web_processes=1)
    provision(settings)
    key = _key(settings)
    doors = {auth: _web(settings, folder, auth) for auth in ("off", "keys")}
    worker = WorkerProcess(settings, folder / "worker.log")
    try:
        for web in doors.values():
            web.started()
        worker.started()
        clients = {auth: _Client(web.address, key) for auth, web in doors.items()}
        return {
            "requests": {
                "status of an unknown job": _compared(clients, _Client.ask),
                "upload that is not waited for": _compared(
                    clients, lambda one: one.send(photos[0])
                ),
            },
            "same photo again": _again(clients["keys"], photos[1]),
        }
    finally:
        worker.stop()
        for web in doors.values():
            web.stop()


def _key(settings: Settings) -> str:
    gallery = S3Store(settings, settings.s3_gallery_bucket, s3_client(settings))
    return KeyStore(store=gallery).create("bench", scopes=["admin"])[1].text


def _web(settings: Settings, folder: Path, auth: str) -> WebProcess:
    seen = settings.model_copy(update={"auth": auth, "web_port": free_port()})
    return WebProcess(seen, folder / f"web-{auth}.log")


class _Client:
    """One connection that is kept, as that of a client or a proxy."""

    def __init__(self, address: str, key: str) -> None:
        self._address = address
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        self._unknown = uuid.uuid4()

    def ask(self) -> requests.Response:
        return self._session.get(f"{self._address}/status/{self._unknown}")

    def send(self, photo: bytes, *, wait: bool = False) -> requests.Response:
        return self._session.post(
            f"{self._address}/",
            files={"inputFile": ("a.jpg", photo)},
            headers={}
            if wait
            else {"Prefer": "respond-async", "Idempotency-Key": uuid.uuid4().hex},
        )


def _compared(
    clients: dict[str, _Client], call: Callable[[_Client], requests.Response]
) -> dict[str, float]:
    """Return the median milliseconds of each door, and what keys add."""

    def answered(client: _Client) -> None:
        response = call(client)
        if response.status_code not in (202, 404):
            raise RuntimeError(f"{response.status_code}: {response.text}")

    ways = {name: partial(answered, client) for name, client in clients.items()}
    medians_ms(ways, rounds=_WARM_UP)
    medians = medians_ms(ways, rounds=_ROUNDS)
    return {
        **{f"{name}_p50_ms": round(median, 2) for name, median in medians.items()},
        "added_ms": round(medians["keys"] - medians["off"], 2),
    }


def _again(client: _Client, photo: bytes) -> dict[str, float]:
    """Return the milliseconds of a photo that had its answer before."""
    answers: list[str] = []

    def is_kept() -> bool:
        answers.append(client.send(photo, wait=True).json()["job_id"])
        return len(answers) > 1 and answers[-1] == answers[-2]

    wait_until(is_kept, seconds=60, what="an answer to be kept")
    seconds = []
    for _ in range(_REPEATS):
        began_s = time.perf_counter()
        if client.send(photo, wait=True).json()["job_id"] != answers[-1]:
            raise RuntimeError("the photo became another job")
        seconds.append(time.perf_counter() - began_s)
    return {
        "p50_ms": round(1000 * statistics.median(seconds), 2),
        "p95_ms": round(1000 * statistics.quantiles(seconds, n=20)[-1], 2),
    }


if __name__ == "__main__":
    main()
