"""gunicorn's settings, from the service's own; gunicorn runs this file (``efr serve``)."""

import resource
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from core.bootstrap.data_at_start import check_data
from core.bootstrap.observing import check_observing, start_reports, start_tracing
from core.bootstrap.shared_redis import redis_of
from core.bootstrap.store_at_start import check_store
from core.errors import InvalidSettings
from core.host import exposition, shared_numbers
from core.host.logs import configure_logs, log_invalid_settings, log_uncaught_errors
from core.host.tracing import tracing
from core.settings import load_settings
from efr_web.requests.photos import most_body_bytes

EXIT_SETTINGS: Final = 2
READ_TIMEOUT_S: Final = 15
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - mkdtemp makes what is ours there
_MAX_CONNECTIONS: Final = 2000
_OTHER_FILES: Final = 300
"""Descriptors of a process that are no clients: S3, SQS, children, files."""


def _connections(threads: int) -> int:
    """Return how many clients a process holds, after raising the limit of open files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = hard if hard != resource.RLIM_INFINITY else 2 * _MAX_CONNECTIONS
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(threads + 2, min(_MAX_CONNECTIONS, files - _OTHER_FILES))


configure_logs("INFO")
log_uncaught_errors()
_numbers: Path | None = None
try:
    _settings = load_settings()
    if _settings.metrics_port:
        _numbers = shared_numbers.share_numbers()  # before anything counts
    redis_of(_settings)  # a process that could not would end gunicorn with another code
    check_observing(_settings)
    check_store(_settings)
    check_data(_settings)
except InvalidSettings as error:
    log_invalid_settings(error)
    if _numbers is not None:
        shared_numbers.remove(_numbers)
    sys.exit(EXIT_SETTINGS)
configure_logs(_settings.log_level)

# Not below TMPDIR, whose path may be longer than a socket's can be, or not writable.
_neighbours = tempfile.mkdtemp(prefix="web-tier-", dir=_SHARED_MEMORY)
wsgi_app = f"efr_web.app:create_app(neighbours={_neighbours!r})"
pythonpath = str(Path(__file__).resolve().parents[1])  # where efr_web lies
bind = _settings.web_bind
worker_class = "efr_web.connections.HeaderFirstWorker"
logger_class = "efr_web.gunicorn_logs.JsonLines"
workers = _settings.web_processes
threads = _settings.web_threads
worker_connections = _connections(threads)
# A worker that is busy with long waits is well; one that stops beating is not.
timeout = 60
graceful_timeout = int(_settings.max_wait_seconds) + 5
keepalive = 5
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190
forwarder_headers = ""  # no header may say under which path the service lies
worker_tmp_dir = _SHARED_MEMORY  # gunicorn's heartbeat file must not wait for a disk
# It would lie in the home folder, where all copies of the service share it.
control_socket_disable = True


def when_ready(_master: Any) -> None:
    """Show what all processes count, and whether they may have requests."""
    port, host = _settings.metrics_port, _settings.metrics_host
    if _numbers is not None and port is not None:
        exposition.show_beside(port, host, _numbers, _settings.web_address)


def on_exit(_master: Any) -> None:
    """Leave no folder behind."""
    shutil.rmtree(_neighbours, ignore_errors=True)
    if _numbers is not None:
        shared_numbers.remove(_numbers)


def post_fork(_master: Any, worker: Any) -> None:
    """Tell the worker which bodies it may gather before a thread is taken; let it trace."""
    worker.most_body_bytes = most_body_bytes(_settings.max_file_bytes)
    start_reports(_settings, "efr-web")
    start_tracing(_settings, "efr-web")  # a thread, which no fork would take along


def worker_exit(_master: Any, _worker: Any) -> None:
    """Send the last spans of a process."""
    tracing().stop()


def pre_request(_worker: Any, request: Any) -> None:
    """Give up a client that sends nothing more of its body: it would hold a thread for ever."""
    request.unreader.sock.settimeout(READ_TIMEOUT_S)
