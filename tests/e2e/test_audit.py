"""Who did what, by real processes with keys: the key is known in the worker, too."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from harness.localstack import LocalStack
from harness.processes import environment
from harness.waiting import wait_until
from tests.e2e.conftest import Service, running_service
from tests.support.photos import ROOT, sample

OBAMA = "Barack Obama"
NOTE = {"text": f"{OBAMA} agrees", "date": "2026-04-01", "source": "Form 17"}


@pytest.fixture
def guarded(localstack: LocalStack, tmp_path: Path) -> Iterator[Service]:
    with running_service(localstack, tmp_path, auth="keys") as running:
        yield running


def efr(service: Service, *arguments: str) -> str:
    """Run a command for the tenant as a user would; return what it prints."""
    ran = subprocess.run(
        [sys.executable, "scripts/efr.py", "--tenant", "acme", *arguments],
        cwd=ROOT,
        env=environment(service.settings, {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def trail(service: Service, *options: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in efr(service, "audit", "--json", *options).splitlines()]


def test_enrolment_and_erasure_are_known_by_the_key_that_asked_for_them(guarded: Service) -> None:
    key = efr(guarded, "keys", "create", "door", "--admin").strip()
    http = requests.Session()
    http.headers.update({"Authorization": f"Bearer {key}", "X-Request-ID": "order-17"})

    def call(method: str, path: str, status: int, **options: Any) -> requests.Response:
        answer = http.request(method, f"{guarded.address}{path}", timeout=120, **options)
        assert answer.status_code == status, answer.text
        return answer

    call("POST", "/collections", 201, json={"collection_id": "staff"})
    fields = {"collection_id": "staff", "image_id": "1", "person": OBAMA}
    photo = {"image": sample(f"{OBAMA}/obama.jpg")}
    job = call("POST", "/faces/index", 202, files=photo, data=fields).json()["job_id"]
    wait_until(
        lambda: http.get(f"{guarded.address}/status/{job}", timeout=30).status_code == 200,
        seconds=60,
        what="the job's end",
    )
    call("PUT", f"/collections/staff/consents/{OBAMA}", 200, json=NOTE)
    erased = call("DELETE", f"/collections/staff/persons/{OBAMA}", 204)
    receipt = call("GET", erased.headers["Receipt"], 200).json()

    key_id = key.split("_")[1]
    by_key = [record for record in trail(guarded) if record["action"] != "create_key"]
    assert [record["action"] for record in by_key] == [
        "create_collection", "enrol", "consent", "erase_person"
    ]  # fmt: skip
    assert {(record["actor"], record["request_id"]) for record in by_key} == {(key_id, "order-17")}
    assert by_key[1]["job_id"] == job
    assert receipt["removed"] == {
        "faces": 1, "unknown_faces": 0, "jobs": 1, "photos": 1, "results": 1, "batches": 0,
        "consents": 1,
    }  # fmt: skip
    assert receipt["actor"] == key_id
    assert json.loads(efr(guarded, "receipt", receipt["receipt_id"])) == receipt
    found = trail(guarded, "--person", OBAMA)
    assert [record["action"] for record in found] == ["enrol", "consent", "erase_person"]
