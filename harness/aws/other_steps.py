"""What operators and daemons do: keys, dead letters, backups, scaling, a machine's end.

Each function is a step, and fails if the service does not do what it promises.
"""

from functools import partial

from core.ground.storage_keys import LAST_WORK
from core.jobs.recognition_job import Job
from harness.aws.api_steps import BIDEN, OBAMA, SAMPLES, STAFF, collections, index, uploads
from harness.aws.caller import Caller, expect
from harness.aws.guarded_stack import ALBUM, GuardedStack
from harness.aws.policy_files import AUTOSCALER
from harness.localstack import free_port
from harness.waiting import wait_until


def tenant(stack: GuardedStack, address: str) -> None:
    """Do the same for a tenant, whose objects lie below a prefix of their own."""
    key = stack.operator("--tenant", "acme", "keys", "create", "acme", "--admin").split()[0]
    call = Caller(address, key)
    collections(call)
    index(call)
    uploads(call)
    call("DELETE", f"/collections/{STAFF}/persons/Joe%20Biden")


def dead_letters(stack: GuardedStack) -> None:
    """Send messages that are no jobs; run dead letters again, and delete others."""
    kinds = ("request", "index", "webhook")
    names = dict(zip(kinds, stack.settings.queues[::2], strict=False))
    for kind, name in names.items():
        stack.ports.queue(name).send("this is no job")
        wait_until(partial(_is_dead, stack, f"{name}-dlq"), what="a dead letter")
        stack.operator("dead-letters", "show", "--queue", kind)
        stack.operator("dead-letters", "purge", "--queue", kind, "--yes")
        # As SQS itself moves one that was received too often. It is no job either, once it is back.
        stack.ports.queue(f"{name}-dlq").send(Job.new("gone.jpg").body)
    stack.operator("dead-letters", "list")
    stack.operator("dead-letters", "redrive")
    wait_until(lambda: stack.depth(names["request"]).jobs == 0, what="the job to be answered")


def _is_dead(stack: GuardedStack, queue: str) -> bool:
    return stack.depth(queue).jobs == 1


def administration(stack: GuardedStack) -> None:
    """Do with keys, the audit trail, people and backups what an operator does."""
    key = stack.operator("keys", "create", "door", "--scope", "recognise").split("_")[1]
    stack.operator("keys", "list")
    stack.operator("keys", "rotate", key)
    stack.operator("keys", "revoke", key, "--yes")
    stack.operator("audit")
    stack.operator("collections", "list", "--counts")
    stack.operator("enroll", SAMPLES, "--collection", "typed")
    stack.operator("people", "erase", "Joe Biden", "--collection", "typed", "--yes")
    stack.operator("index", SAMPLES, "--collection", "typed")
    stack.operator("rebuild", "--collection", "typed")
    file = stack.folder / "backup.tar"
    stack.operator("backup", file)
    stack.operator("restore", file)
    stack.operator("collections", "delete", "typed", "--yes")


def first_look(stack: GuardedStack) -> None:
    """Have the autoscaler look while no worker has left a note of its work yet."""
    daemon = stack.start_autoscaler(AUTOSCALER_INTERVAL_SECONDS="0.2")
    wait_until(lambda: _looked_for_work(stack), what="the autoscaler's look at the last work")
    daemon.stop()
    expect(not daemon.logged("fleet was left as it is"), "nothing to be in the autoscaler's way")


def _looked_for_work(stack: GuardedStack) -> bool:
    asked = [call.resource for part, call in list(stack.rights.asked) if part == AUTOSCALER]
    return any(resource.endswith(LAST_WORK) for resource in asked)


def scaling(stack: GuardedStack, call: Caller) -> None:
    """Have the autoscaler size the group from what waits, and back to nothing."""
    stack.start_autoscaler(METRICS_PORT=str(free_port()))
    wait_until(lambda: stack.capacity() == 0, what="no instance while nothing waits")
    for worker in stack.workers:
        worker.stop()
    stack.workers.clear()
    too_late = _photo_of_an_erased_collection(call)
    jobs = [
        call.photo("/", OBAMA / "obama2.jpg", "inputFile", headers={"Prefer": "respond-async"})[
            "job_id"
        ]
        for _ in range(4)
    ]
    wait_until(lambda: stack.capacity() > 0, what="an instance")
    stack.start_worker().started()
    for job in jobs:
        call.ended(job)
    expect(call.ended(too_late)["status"] == "failed", "no answer from an erased collection")
    wait_until(lambda: stack.capacity() == 0, what="no instance again")


def _photo_of_an_erased_collection(call: Caller) -> str:
    """Upload a photo for a collection, and erase the collection before a worker takes it."""
    call("POST", "/collections", json={"collection_id": "short"})
    later = {"Prefer": "respond-async"}
    asked = call.photo("/", BIDEN, "inputFile", collection_id="short", headers=later)
    call("DELETE", "/collections/short")
    return str(asked["job_id"])


def spot_notice(stack: GuardedStack) -> None:
    """Announce that the machine is about to end: the worker drains and ends."""
    stack.instance.announce_interruption()
    expect(stack.workers[0].wait() == 0, "the worker to end in peace")


def put_album(stack: GuardedStack) -> None:
    """Put a photo into the bucket of a caller."""
    photo = (OBAMA / "obama.jpg").read_bytes()
    stack.s3.put_object(Bucket=ALBUM, Key="2026/obama.jpg", Body=photo)
