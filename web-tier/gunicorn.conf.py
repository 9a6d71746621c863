"""gunicorn's settings, from the service's own."""

from typing import Any, Final

from core.settings import load_settings

_settings = load_settings()

wsgi_app = "server:create_app()"
pythonpath = "web-tier"
bind = f"{_settings.web_host}:{_settings.web_port}"
worker_class = "gthread"
workers = _settings.web_processes
threads = _settings.web_threads
# A worker that is busy with long waits is well; one that stops beating is not.
timeout = 60
graceful_timeout = int(_settings.max_wait_seconds) + 5
keepalive = 5
worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn's heartbeat file must not wait for a disk

READ_TIMEOUT_S: Final = 15


def pre_request(_worker: Any, request: Any) -> None:
    """Give up a client that sends nothing more of its body: it would hold a thread for ever."""
    request.unreader.sock.settimeout(READ_TIMEOUT_S)
