"""What the commands work with."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import click

from core.collections.erasure import Erasure
from core.collections.people import People
from core.collections.registry import Collections
from core.ports import FaceIndex, Recognizer
from core.settings import Settings
from core.submission.batches import Batches
from efr_cli.errors import announced_settings

CLI: Final = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The service's parts.

    ``recognizer`` starts so many child processes, and ends them behind its block.
    ``run_folder`` is for what interrupted commands leave to be continued.
    """

    collections: Collections
    people: People
    erasure: Erasure
    index: FaceIndex
    batches: Batches
    recognizer: Callable[[int], AbstractContextManager[Recognizer]]
    threads: int
    max_distance: float
    min_enrol_quality: float
    min_match_quality: float
    run_folder: Path
    sleep: Callable[[float], None] = time.sleep


def opened(context: click.Context) -> Parts:
    """Return the parts; a test gives the context's object a way to make others.

    Paths on the command line must be absolute by now: the working directory changes.
    """
    parts: Parts = (context.obj or real_parts)()
    context.call_on_close(parts.index.close)
    return parts


def real_parts() -> Parts:
    """Join the real parts by the settings of the environment and the root's ``.env``.

    Raises
    ------
    InvalidSettings
        If a value can't be used.
    """
    return join_parts(root_settings())


def root_settings() -> Settings:
    """Return the settings, and tell on stderr which S3 and SQS they mean.

    Raises
    ------
    InvalidSettings
        If a value can't be used.
    """
    go_to_root()
    return announced_settings()


def go_to_root() -> None:
    """Change to the root of the checkout, if this is one: it has .env and var/."""
    if CLI.name == "cli":
        os.chdir(CLI.parent)


def join_parts(settings: Settings) -> Parts:
    """Return the parts that these settings name."""
    # Only here: --help and mistakes need not wait for the libraries behind these.
    from core.aws.clients import sqs_client
    from core.aws.sqs import SqsQueue
    from core.bootstrap.shared import Shared

    shared = Shared(settings)
    shared.tell_of_versions()
    return Parts(
        collections=shared.collections,
        people=shared.people,
        erasure=shared.erasure,
        index=shared.index,
        batches=Batches(
            queue=SqsQueue(sqs_client(settings), settings.sqs_index_queue_name),
            outputs=shared.outputs,
            sources=shared.sources(),
            collections=shared.collections,
        ),
        recognizer=partial(_started_pool, settings),
        threads=settings.worker_process_count,
        max_distance=settings.match_max_distance,
        min_enrol_quality=settings.min_enrol_quality,
        min_match_quality=settings.min_match_quality,
        run_folder=Path("var/run"),
    )


@contextmanager
def _started_pool(settings: Settings, processes: int) -> Iterator[Recognizer]:
    from core.bootstrap.recognizers import build_pool

    pool = build_pool(settings, processes=processes)
    try:
        pool.start()
        yield pool
    finally:
        pool.stop()
