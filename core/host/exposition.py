"""Shows what processes count to Prometheus, at a port of its own.

As a program: ``python -m core.host.exposition PORT HOST FOLDER WEB``, which also tells whether the
web tier at that address may have requests.
"""

import contextlib
import logging
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.host.readiness import Readiness
from core.host.shared_numbers import SharedNumbers

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

log = logging.getLogger(__name__)

_ASKED_WITHIN_S: Final = 10.0
"""Else whoever connects and does not ask would hold a thread and a file for ever."""


def show(
    port: int, host: str, folder: Path | None = None, readiness: Readiness | None = None
) -> None:
    """Answer Prometheus in a thread, with a folder's numbers or with those of this process.

    A port that can't be had costs the numbers, and not the service.

    Parameters
    ----------
    readiness : Readiness, optional
        What answers ``/ready`` at the same port.
    """
    from prometheus_client import REGISTRY, CollectorRegistry, make_wsgi_app

    registry = REGISTRY
    if folder is not None:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(SharedNumbers(folder))
    app = make_wsgi_app(registry)
    try:
        _serve(port, host, app if readiness is None else readiness.beside(app))
    except OSError as error:
        log.warning("metrics are not shown", extra={"port": port, "reason": str(error)})


def _serve(port: int, host: str, app: "WSGIApplication") -> None:
    """Answer with an application in a thread, as ``start_http_server`` does with numbers alone."""
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    from prometheus_client.exposition import ThreadingWSGIServer

    class Server(ThreadingWSGIServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        def handle_error(self, *asker: Any) -> None:
            """Say nothing of those who connect and do not ask."""
            if not isinstance(sys.exc_info()[1], OSError):
                super().handle_error(*asker)

    class Handler(WSGIRequestHandler):
        timeout = _ASKED_WITHIN_S

        def log_message(self, *_: object) -> None:
            """Log no request."""

    server = make_server(host, port, app, Server, Handler)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


def show_beside(port: int, host: str, folder: Path, web: str) -> None:
    """Answer Prometheus in a process of its own, which ends with this one, and so probes of it.

    For a process that forks: it must have no threads.

    Parameters
    ----------
    web : str
        Where this machine reaches the web tier whose processes write to the folder.
    """
    itself = [sys.executable, "-P", "-m", __name__, str(port), host, str(folder), web]
    command = ["setpriv", "--pdeathsig", "TERM", *itself]
    subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - this module


def main() -> None:
    """Show a folder until a signal ends this process."""
    from core.host.logs import configure_logs

    configure_logs("INFO")
    port, host, folder, web = sys.argv[1:]
    show(int(port), host, Path(folder), Readiness(folder=Path(folder), address=web))
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main()
