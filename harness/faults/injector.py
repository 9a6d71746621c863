"""What goes wrong while a load runs."""

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Self

from core.aws.clients import sqs_client
from core.aws.sqs import SqsQueue
from core.errors import ServiceUnavailable
from core.ground.ids import new_id
from core.ports import JobQueue
from core.settings import Settings
from harness.faults import small_tmp
from harness.faults.http_proxy import Refusal
from harness.stack import ALBUM_BUCKET, Stack

_SHOWN_LATER_S: Final = 3
_DELAY_S: Final = 0.3
_UNREADABLE: Final = ("no job {}", "{}:v2", '{{"version": 2, "job_id": "{}"}}')
_OTHER_ENGINE: Final = "fast"


class Faults:
    """Faults of a stack whose first worker is never killed and whose second one often is.

    Parameters
    ----------
    stack : Stack
    away_s : float
        How long LocalStack is away, when it is.
    refused_s : float
        How long it refuses single operations, when it does.
    slow_s : float
        How long it is slow, the disk full, or a worker of another engine there.
    seed : int
    """

    def __init__(
        self, stack: Stack, *, away_s: float, refused_s: float, slow_s: float, seed: int
    ) -> None:
        self._stack = stack
        self._away_s = away_s
        self._refused_s = refused_s
        self._slow_s = slow_s
        self._random = random.Random(seed)  # noqa: S311 - no secret
        sqs = sqs_client(stack.settings)
        self._queues: list[JobQueue] = [
            SqsQueue(sqs, stack.settings.sqs_req_queue_name),
            SqsQueue(sqs, stack.settings.sqs_index_queue_name),
        ]
        self.done: Counter[str] = Counter()
        """How often each fault happened."""
        self.unreadable: list[str] = []
        """Bodies of messages that were sent and are no jobs."""

    def kinds(self) -> list[Callable[[], None]]:
        """Return every fault that this machine allows."""
        kinds = [
            self.kill_child,
            self.hang_child,
            self.kill_worker,
            self.terminate_worker,
            self.pause_localstack,
            self.refuse_connections,
            self.cut_connections,
            self.delay_connections,
            self.double_messages,
            self.reorder_messages,
            self.refuse_operations,
            self.send_unreadable_messages,
            self.change_engine,
        ]
        return [*kinds, self.fill_disk] if self._stack.has_small_tmp else kinds

    def happen(self, kind: Callable[[], None]) -> None:
        """Let one fault happen, and wait until it is over."""
        kind()
        self.done[kind.__name__.replace("_", " ")] += 1

    def kill_child(self) -> None:
        self._signal_child(signal.SIGKILL)

    def hang_child(self) -> None:
        """Stop a child; it is over its deadline when the worker notices."""
        self._signal_child(signal.SIGSTOP)

    def kill_worker(self) -> None:
        self._end_second_worker(signal.SIGKILL)

    def terminate_worker(self) -> None:
        self._end_second_worker(signal.SIGTERM)

    def pause_localstack(self) -> None:
        """Let requests hang."""
        self._stack.localstack.pause()
        time.sleep(self._away_s)
        self._stack.localstack.resume()

    def refuse_connections(self) -> None:
        """Let S3 and SQS be away."""
        self._stack.proxy.refuse(True)
        self._stack.proxy.cut()
        time.sleep(self._away_s)
        self._stack.proxy.refuse(False)

    def cut_connections(self) -> None:
        self._stack.proxy.cut()

    def delay_connections(self) -> None:
        self._stack.proxy.delay(_DELAY_S)
        time.sleep(self._slow_s)
        self._stack.proxy.delay(0)

    def double_messages(self) -> None:
        """Send some of the waiting messages a second time."""
        for queue in self._queues:
            messages = queue.receive(limit=5, wait_s=0, visibility_s=1)
            queue.send_many(
                [message.body for message in messages],
                notes=[message.notes for message in messages],
            )

    def reorder_messages(self) -> None:
        """Show some of the waiting messages later, each at another time."""
        for queue in self._queues:
            for message in queue.receive(limit=10, wait_s=0, visibility_s=_SHOWN_LATER_S):
                with contextlib.suppress(ServiceUnavailable):
                    queue.set_visibility(message, self._random.randint(0, _SHOWN_LATER_S))

    def refuse_operations(self) -> None:
        """Let S3 or SQS refuse something to do that each queue's jobs need, or some keys only."""
        one_in = self._random.choice([1, 1, 3])
        self._stack.http.refuse(
            *(
                replace(self._random.choice(choices), one_in=one_in)
                for choices in _refusals(self._stack.settings)
            )
        )
        time.sleep(self._refused_s)
        self._stack.http.refuse()

    def send_unreadable_messages(self) -> None:
        """Send what is no job of its queue, as another version or a swapped queue would."""
        for queue in self._queues:
            for form in _UNREADABLE:
                self.unreadable.append(form.format(new_id()))
                queue.send(self.unreadable[-1])

    def change_engine(self) -> None:
        """Let a worker of another engine work beside the others."""
        worker = self._stack.start_worker(FACE_ENGINE=_OTHER_ENGINE)
        try:
            worker.started()
            time.sleep(self._slow_s)
        finally:
            worker.stop()
            self._stack.workers.remove(worker)

    def fill_disk(self) -> None:
        """Leave no space for temporary files."""
        pids = [self._stack.web.pid, *self._stack.worker_pids()]
        for pid in pids:
            small_tmp.fill(pid, self._stack.small_tmp)
        time.sleep(self._slow_s)
        for pid in pids:
            with contextlib.suppress(OSError):  # a process that has ended took its folder along
                small_tmp.empty(pid, self._stack.small_tmp)

    def _signal_child(self, number: signal.Signals) -> None:
        worker = self._random.choice(self._stack.workers)
        children = worker.children()
        if children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._random.choice(children).pid, number)

    def _end_second_worker(self, number: signal.Signals) -> None:
        victim = self._stack.workers[-1]  # which stays there, to be stopped, if it does not end
        victim.send(number)
        victim.wait()
        self._stack.workers.pop()
        self._stack.start_worker()


def _refusals(settings: Settings) -> tuple[list[Refusal], list[Refusal]]:
    """Return what may be refused to uploads, and what to album photos."""
    inputs, outputs, gallery = (
        settings.s3_in_bucket,
        settings.s3_out_bucket,
        settings.s3_gallery_bucket,
    )
    return (
        [
            Refusal(what=f"^GET /{inputs}/"),
            Refusal(what=f"^GET /{outputs}/"),
            Refusal(what=f"^PUT /{outputs}/", status=503, code="SlowDown"),
            Refusal(what=r"^SQS\.ChangeMessageVisibility"),
        ],
        [
            Refusal(what=f"^GET /{ALBUM_BUCKET}/"),
            Refusal(what=f"^GET /{gallery}/galleries/"),
            Refusal(what=f"^(PUT|POST) /{gallery}/galleries/", status=503, code="SlowDown"),
            Refusal(what=r"^SQS\.DeleteMessage", status=503, code="ServiceUnavailable"),
        ],
    )


class FaultInjector:
    """Lets faults happen in a thread of its own, in a random order, each kind at least once.

    Parameters
    ----------
    faults : Faults
    every_s : float
        Time between the end of one and the next.
    seed : int
    """

    def __init__(self, faults: Faults, *, every_s: float, seed: int) -> None:
        self._faults = faults
        self._every_s = every_s
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failure: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            kinds = self._faults.kinds()
            while not self._over.is_set():
                self._random.shuffle(kinds)
                for kind in kinds:
                    if self._over.wait(self._every_s) and len(self._faults.done) == len(kinds):
                        return
                    self._faults.happen(kind)
        except BaseException as error:  # noqa: BLE001 - whoever began this has to see it
            self.failure = error
