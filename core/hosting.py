"""The worker's ties to the machine that it runs on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.aws.metadata import InstanceMetadata
from core.notices import NoticeWatcher
from core.settings import Settings
from core.worker import Worker


@dataclass(frozen=True, kw_only=True)
class Host:
    """The machine, as far as it takes part in the worker's life.

    Parameters
    ----------
    notices : NoticeWatcher or None
        None where nobody announces the machine's end.
    on_wait : callable
        Called while the worker is held back, for health checks.
    """

    notices: NoticeWatcher | None
    on_wait: Callable[[], None]

    def is_clear(self) -> bool:
        """Wait as long as the machine is about to end; return False if ``stop()`` came first.

        A supervisor may start a drained worker anew, over and over. So that one
        neither loads models nor takes jobs: it waits for the end.
        """
        return self.notices is None or self.notices.wait_until_clear(self.on_wait)

    def start(self, worker: Worker) -> None:
        """Have the worker drain when the machine is about to end."""
        if self.notices is not None:
            self.notices.start(worker.stop)

    def stop(self) -> None:
        """Look for notices no more; safe to call from a signal handler."""
        if self.notices is not None:
            self.notices.stop()


def build_host(settings: Settings) -> Host:
    """Return the machine that the settings describe."""
    address = settings.ec2_metadata_url
    return Host(
        notices=NoticeWatcher(InstanceMetadata(address).notice) if address else None,
        on_wait=partial(touch, settings.worker_alive_file),
    )


def touch(path: str | None) -> None:
    """Show health checks that the worker is alive, if they look."""
    if path is not None:
        Path(path).touch()
