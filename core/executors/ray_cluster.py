"""Membership of a Ray cluster; ray is imported when it is used, because it is an extra."""

import logging
import os
import secrets
import shutil
import signal
import socket
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from core.errors import InvalidSettings, RecognizerDied

_OBJECT_STORE_BYTES: Final = 200_000_000
"""Bound of a local cluster's shared memory: photos at work and the model files."""

_REACH_S: Final = 5.0


class RayCluster:
    """Membership of a Ray cluster, or a cluster of this process's own.

    Parameters
    ----------
    address : str, optional
        Cluster to join; without it one of this machine is started.
    cores : int
        Actors for which one of our own has room.
    """

    def __init__(self, address: str | None, *, cores: int) -> None:
        self._address = address
        self._cores = cores
        self._joined = False
        self._folder: str | None = None

    def join(self) -> None:
        """Join or start the cluster.

        Raises
        ------
        RecognizerDied
            If there is no such cluster, or it can't be started.
        """
        import ray

        options: dict[str, Any] = {"address": self._address}
        _keep_to_ourselves(own_cluster=self._address is None)
        if self._address is None:
            self._folder = tempfile.mkdtemp(prefix=f"ray-{os.getpid()}-")
            options = {
                "address": "local",
                "num_cpus": self._cores,
                "object_store_memory": _OBJECT_STORE_BYTES,
                "include_dashboard": False,
                "_temp_dir": self._folder,
            }
        logging.getLogger("ray").setLevel(logging.ERROR)
        try:
            with _sigterm_handler_kept(), warnings.catch_warnings():
                # Ray forks here, when this process has no threads yet that could hold a lock.
                warnings.filterwarnings("ignore", "lancedb fork support", RuntimeWarning)
                if self._address is not None:
                    _reach(self._address)
                ray.init(**options, configure_logging=False, log_to_driver=False)
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            self.leave()
            where = f"RAY_ADDRESS {self._address}" if self._address else "this machine"
            reason = str(error).partition("\n")[0]
            raise RecognizerDied(f"no Ray cluster at {where}: {reason}") from error
        self._joined = True

    def leave(self) -> None:
        """Leave what was joined; end what was started."""
        import ray

        if self._joined:
            ray.shutdown()
            self._joined = False
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _reach(address: str) -> None:
    """Raise ``OSError`` at once if no process listens; Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_S).close()


def require_ray() -> None:
    """Raise ``InvalidSettings`` unless Ray is installed."""
    try:
        import ray  # noqa: F401
    except ImportError as error:
        raise InvalidSettings("EXECUTOR=ray needs: pip install '.[ray]' in a checkout") from error


def _keep_to_ourselves(*, own_cluster: bool) -> None:
    """Have Ray send no statistics, and let no one else into a cluster of our own.

    Its ports are open to the network. By default Ray would take the token from the
    home folder, which a container need not have.
    """
    environ = os.environ  # noqa: TID251 - Ray takes these in no other way
    environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if own_cluster:
        environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


@contextmanager
def _sigterm_handler_kept() -> Iterator[None]:
    """Put back the handler of SIGTERM, over which Ray sets one that ends the process at once."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)
