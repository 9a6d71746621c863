"""What goes wrong on purpose on one machine."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import requests

from core.errors import QueueUnavailable, StorageUnavailable
from harness.faults.faults import Faults
from harness.home.home_stack import HomeStack
from harness.photo_set import Photo

_AGAIN_S: Final = 0.2
_ROOM: Final = (0, 0, 32_768, 200_000)
_TIMEOUT_S: Final = 90
_WHILE_FULL: Final = {StorageUnavailable.code, QueueUnavailable.code}


class FaultsOfHome(Faults):
    """Faults that end all processes at once, and those of the disk.

    Parameters
    ----------
    stack : HomeStack
    photo : Photo
        Is uploaded while the disk is full.
    collection_id : str
        Where its people are looked for.
    slow_s : float
        How long the disk is full, or a worker of another engine there.
    seed : int
    only : sequence of str
        As of `Faults`.
    """

    _stack: HomeStack

    def __init__(
        self,
        stack: HomeStack,
        *,
        photo: Photo,
        collection_id: str,
        slow_s: float,
        seed: int,
        only: Sequence[str] = (),
    ) -> None:
        super().__init__(stack, slow_s=slow_s, seed=seed, only=only)
        self.photo = photo
        self._form = {"collection_id": collection_id}
        self.refused: Counter[str] = Counter()
        """How often an upload was answered 503 while the disk was full, by the code."""
        self.accepted: list[str] = []
        """Jobs of the other ones."""
        self.amiss: list[str] = []
        """Answers that none should get then."""

    def _possible(self) -> list[Callable[[], None]]:
        kinds = [*super()._possible(), self.kill_web, self.kill_everything]
        return [*kinds, self.fill_disk, self.lose_power] if self._stack.disk else kinds

    def kill_web(self) -> None:
        self._stack.kill_web()

    def kill_everything(self) -> None:
        self._stack.restart_everything()

    def lose_power(self) -> None:
        self._stack.lose_power()

    def fill_disk(self) -> None:
        """Leave no room on the disk, and upload meanwhile."""
        disk = self._stack.disk
        assert disk is not None  # noqa: S101 - see _possible
        until_s = time.monotonic() + self._slow_s
        try:
            while time.monotonic() < until_s:
                # Again: some of it may have been given back. With a little, some writes succeed.
                disk.fill(room=self._random.choice(_ROOM))
                self._upload()
                time.sleep(_AGAIN_S)
        finally:
            disk.make_room()

    def _upload(self) -> None:
        answer = requests.post(
            f"{self._stack.address}/",
            data=self._form,
            files={"inputFile": ("photo.jpg", self.photo.content)},
            headers={"Prefer": "respond-async"},
            timeout=_TIMEOUT_S,
        )
        said = answer.json()
        if answer.ok:
            self.accepted.append(said["job_id"])
        elif answer.status_code == 503 and said["code"] in _WHILE_FULL:
            self.refused[said["code"]] += 1
        else:
            self.amiss.append(f"{answer.status_code} {answer.text[:200]}")
