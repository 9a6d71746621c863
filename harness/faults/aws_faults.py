"""What goes wrong on purpose between the service and AWS."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from core.settings import Settings
from harness.faults import small_tmp
from harness.faults.faults import Faults
from harness.faults.http_proxy import Refusal
from harness.stack import ALBUM_BUCKET, Stack

_DELAY_S: Final = 0.3


class FaultsOfAws(Faults):
    """Faults of LocalStack, of the way to it, and of the disk for temporary files.

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
    only : sequence of str
        As of `Faults`.
    """

    _stack: Stack

    def __init__(
        self,
        stack: Stack,
        *,
        away_s: float,
        refused_s: float,
        slow_s: float,
        seed: int,
        only: Sequence[str] = (),
    ) -> None:
        super().__init__(stack, slow_s=slow_s, seed=seed, only=only)
        self._away_s = away_s
        self._refused_s = refused_s

    def _possible(self) -> list[Callable[[], None]]:
        kinds = [
            *super()._possible(),
            self.pause_localstack,
            self.refuse_connections,
            self.cut_connections,
            self.delay_connections,
            self.refuse_operations,
        ]
        return [*kinds, self.fill_disk] if self._stack.has_small_tmp else kinds

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

    def fill_disk(self) -> None:
        """Leave no space for temporary files."""
        pids = [self._stack.web.pid, *self._stack.worker_pids()]
        for pid in pids:
            small_tmp.fill(pid, self._stack.small_tmp)
        time.sleep(self._slow_s)
        for pid in pids:
            with contextlib.suppress(OSError):  # a process that has ended took its folder along
                small_tmp.empty(pid, self._stack.small_tmp)


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
