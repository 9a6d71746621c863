"""The whole service on a home of its own, whose disk can be full and lose power."""

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from core.home.home import Home
from core.scaling.policy import Depth
from core.settings import Settings
from harness.faults.own_disk import OwnDisk
from harness.localstack import ROOT, free_port
from harness.service_stack import ServiceStack

_MEGABYTES: Final = 4096
_DATA: Final = "data/of/the/service"
_QUEUES: Final = "messages/of/the/service/queues.sqlite"
"""Folders that are not there yet, each of which has to be on the disk."""


def settings_of(home: Path, **changes: object) -> Settings:
    """Return the settings of a service whose home lies below a folder."""
    defaults: dict[str, object] = {
        "auth": "off",
        "result_cache_seconds": 0,  # trials repeat their photos
        "web_host": "127.0.0.1",
        "storage": f"file://{home / _DATA}",
        "queue": f"sqlite://{home / _QUEUES}",
        "face_models_dir": ROOT / "var" / "models",
    }
    return Settings(_env_file=None, **(defaults | changes))  # type: ignore[arg-type]


class HomeStack(ServiceStack):
    """The service on a home, below ``home`` in a trial's folder.

    Parameters
    ----------
    folder : Path
    workers : int
    has_disk : bool
        The home lies on a disk of its own, if this process may make one.
    settings
    """

    disk: OwnDisk | None = None
    ports: Home

    def __init__(
        self, folder: Path, *, workers: int = 1, has_disk: bool = False, **settings: object
    ) -> None:
        super().__init__(folder, workers=workers, **settings)
        self._has_disk = has_disk
        self.home = folder.resolve() / "home"
        self._at_rest = threading.RLock()
        """Held while nobody else may have a file of the home open."""

    def _begin(self, parts: ExitStack) -> Settings:
        if self._has_disk and OwnDisk.is_possible(self._folder):
            self.disk = OwnDisk(self._folder / "disk.img", self.home, megabytes=_MEGABYTES)
            parts.callback(self.disk.unmount)
        self.settings = settings_of(self.home, web_port=free_port(), **self._changes)
        self.ports = Home.made(self.settings)
        parts.callback(self._let_go)
        return self.settings

    def depth(self, queue: str = "") -> Depth:
        with self._at_rest:
            return super().depth(queue)

    def restart_everything(self) -> None:
        with self._at_rest:
            self._let_go()
            super().restart_everything()

    def lose_power(self) -> None:
        """Lose power, and start the machine again."""
        assert self.disk is not None  # noqa: S101 - see FaultsOfHome
        with self._at_rest:
            self.disk.lose_power()
            self._kill(self.processes)
            self._let_go()
            self.disk.unmount()
            self.disk.mount()
            self._note_other_boot()
            self._begin_again()

    def _note_other_boot(self) -> None:
        """Let the next process find that the machine has started: here the kernel went on."""
        (self.home / _DATA / "boot").write_text("an earlier one")

    def _let_go(self) -> None:
        """Close the trial's own connection, which is made again at its next use."""
        self.ports.file.close()
