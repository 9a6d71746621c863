"""The real processes under the policies of the deployment, and with a right taken from one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from core.settings import Settings
from harness.aws import api_steps as api
from harness.aws.caller import Caller
from harness.aws.gate import Rights
from harness.aws.guarded_stack import ALBUM, GROUP, GuardedStack
from harness.aws.policy_files import WEB, WORKER, policies_of
from harness.aws.rights import HASTE
from harness.aws.scenario import first_key
from harness.localstack import free_port
from harness.processes import WebProcess, WorkerProcess
from harness.waiting import wait_until
from tests.conftest import require_localstack
from tests.support.models import models_dir

RESULTS = ("s3:PutObject", "output-bucket/*")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedStack]:
    require_localstack()
    rights = Rights(policies=policies_of(Settings(_env_file=None), GROUP, (ALBUM,)))
    folder = tmp_path_factory.mktemp("guarded")
    more = {"face_models_dir": models_dir(), "metrics_port": free_port()}
    with GuardedStack(folder, rights, **HASTE, **more) as running:
        yield running


@pytest.fixture(scope="module")
def call(stack: GuardedStack) -> Caller:
    """Return a caller of a service that knows two people."""
    caller = Caller(stack.address, first_key(stack))
    api.collections(caller)
    api.index(caller)
    return caller


@contextmanager
def without(stack: GuardedStack, part: str, action: str) -> Iterator[None]:
    """Take an action from a part's policy while the block runs."""
    whole = stack.rights.policies[part]
    stack.rights.policies[part] = whole.without_action(action)
    try:
        yield
    finally:
        stack.rights.policies[part] = whole


def test_service_works_and_is_refused_nothing(stack: GuardedStack, call: Caller) -> None:
    api.looks(call)
    api.uploads(call)

    assert not stack.rights.refused


def test_upload_is_503_and_leaves_nothing_if_the_web_tier_may_not_send(
    stack: GuardedStack, call: Caller
) -> None:
    before = photos(stack)

    with (
        without(stack, WEB, "sqs:SendMessage"),
        pytest.raises(requests.HTTPError, match="503") as refused,
    ):
        call.photo("/", api.BIDEN, "inputFile")

    assert refused.value.response.json()["code"] == "QUEUE_UNAVAILABLE"
    assert photos(stack) == before


def photos(stack: GuardedStack) -> set[str]:
    listed = stack.s3.list_objects_v2(Bucket=stack.settings.s3_in_bucket)
    return {each["Key"] for each in listed.get("Contents", [])}


def test_ready_names_the_queue_that_the_web_tier_may_not_see(
    stack: GuardedStack, call: Caller
) -> None:
    with without(stack, WEB, "sqs:GetQueueAttributes"):
        wait_until(lambda: _ready(call).status_code == 503, what="/ready to say so")
        assert stack.settings.sqs_req_queue_name in _ready(call).text

    wait_until(lambda: _ready(call).ok, what="/ready to be well again")


def _ready(call: Caller) -> requests.Response:
    try:
        return call("GET", "/ready")
    except requests.HTTPError as error:
        return error.response


def test_web_tier_that_may_not_see_a_queue_never_gets_requests(
    stack: GuardedStack, tmp_path: Path
) -> None:
    ports = {"web_port": free_port(), "metrics_port": free_port()}
    web = WebProcess(stack.settings_of(WEB).model_copy(update=ports), tmp_path / "web.log")
    probed = f"http://127.0.0.1:{ports['metrics_port']}/ready"
    try:
        with without(stack, WEB, "sqs:GetQueueAttributes"):
            web.started()
            wait_until(lambda: web.logged("dependency is missing"), what="the queue to be missed")
            assert requests.get(probed, timeout=30).status_code == 503

        wait_until(lambda: requests.get(probed, timeout=30).ok, what="the web tier to be ready")
    finally:
        web.stop()


def test_job_waits_for_the_right_to_receive_and_is_then_answered(
    stack: GuardedStack, call: Caller
) -> None:
    later = {"Prefer": "respond-async"}
    (worker,) = stack.workers
    lacked = ("sqs:ReceiveMessage", "request-queue")
    with without(stack, WORKER, "sqs:ReceiveMessage"):
        wait_until(lambda: lacked in missing_rights(worker), what="the worker to be refused")
        asked = call.photo("/", api.BIDEN, "inputFile", collection_id=api.STAFF, headers=later)

    assert call.ended(asked["job_id"])["result"] == "Joe Biden"


def missing_rights(worker: WorkerProcess) -> set[tuple[str, str]]:
    """Return the rights that a worker says are missing, with the queue or the folder."""
    lines = [json.loads(line) for line in worker.log.read_text().splitlines() if "{" in line]
    return {
        (line["action"], line["resource"].rpartition(":")[2])
        for line in lines
        if line["message"] == "right is missing"
    }


def test_job_waits_for_the_right_to_store_its_result(stack: GuardedStack, call: Caller) -> None:
    later = {"Prefer": "respond-async"}
    (worker,) = stack.workers
    with without(stack, WORKER, "s3:PutObject"):
        asked = call.photo("/", api.BIDEN, "inputFile", collection_id=api.STAFF, headers=later)
        wait_until(lambda: RESULTS in missing_rights(worker), what="the worker to be refused")

    assert call.ended(asked["job_id"])["result"] == "Joe Biden"
