"""Keys of boto3's own chain, looked for again when AWS refuses them."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import boto3
import botocore.session
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

from core.ground.aws_keys import APART_S, REFUSALS

_OF_HEAD: Final = "403"
"""What a HEAD request is told, whose answer has no body."""


class ChainKeys(Credentials):
    """What the environment, a profile or a role says; boto3 asks them once, this again.

    Parameters
    ----------
    load : callable
        Asks them; returns None if none of them has keys.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        load: Callable[[], Credentials | None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("", "")
        self._load = load
        self._clock = clock
        self._loaded: Credentials | None = None
        self._load_at_s = clock()
        self._were_others = False
        self._lock = threading.Lock()

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        with self._lock:
            if self._loaded is None:
                self._load_if_due()
            if self._loaded is None:
                raise NoCredentialsError
            return self._loaded.get_frozen_credentials()

    def renew(self) -> bool:
        """Load the keys again, but not often; tell whether the last time brought others."""
        with self._lock:
            before = self._loaded and self._loaded.get_frozen_credentials()
            if self._load_if_due():
                after = self._loaded and self._loaded.get_frozen_credentials()
                self._were_others = after is not None and after != before
            return self._were_others

    def _load_if_due(self) -> bool:
        now_s = self._clock()
        if now_s < self._load_at_s:
            return False
        self._load_at_s = now_s + APART_S
        self._loaded = self._load() or self._loaded
        return True


def chain_session(region: str, session: botocore.session.Session) -> boto3.Session:
    """Return a session of boto3's own chain, whose clients look for other keys when refused."""
    keys = ChainKeys(lambda: boto3.Session(region_name=region).get_credentials())

    def try_again(response: Any, attempts: int, **_: object) -> int | None:
        """Have a request signed and sent again at once, if there are other keys by now."""
        code = response[1].get("Error", {}).get("Code") if response else None
        is_refused = code in REFUSALS or code == _OF_HEAD
        return 0 if is_refused and attempts == 1 and keys.renew() else None

    session.register_component("credential_provider", _Chain(keys))
    session.register("needs-retry", try_again)  # type: ignore[arg-type]
    return boto3.Session(botocore_session=session, region_name=region)


@dataclass(frozen=True)
class _Chain:
    """What botocore asks for credentials."""

    keys: ChainKeys

    def load_credentials(self) -> Credentials:
        return self.keys
