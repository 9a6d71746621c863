"""A real nginx with the configuration of ``deploy/nginx``, on ports of its own."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.localstack import free_port
from harness.waiting import wait_until
from tests.support.missing import missing
from tests.support.photos import ROOT

TEMPLATE: Final = ROOT / "deploy" / "nginx" / "efr.conf.template"
NAME: Final = "localhost"
WITHOUT: Final = "WITHOUT_NGINX"
"""Set by .ci/run where nginx can't be installed."""
_MAIN: Final = """
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    include {folder}/efr.conf;
}}
"""


def nginx_binary() -> str:
    """Return nginx; skip without it on a developer's machine, and fail in CI."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None or shutil.which("openssl") is None:
        missing("nginx or openssl is not installed: apt-get install nginx-light openssl", WITHOUT)
    return found


@dataclass(frozen=True)
class Nginx:
    """A running nginx and where it is reached."""

    folder: Path
    port: int
    plain_port: int

    @property
    def address(self) -> str:
        return f"https://{NAME}:{self.port}"

    @property
    def certificate(self) -> str:
        return str(self.folder / "certificate.pem")

    def logged(self) -> str:
        """Return all that nginx has written."""
        return "".join(path.read_text() for path in self.folder.glob("*.log"))


@contextmanager
def running_nginx(
    folder: Path,
    servers: Sequence[str],
    *,
    max_body_mb: int = 4,
    rate: str = "1000r/s",
    burst: int = 1000,
) -> Iterator[Nginx]:
    """Yield nginx in front of web processes, with a certificate of its own.

    Parameters
    ----------
    servers : sequence of str
        Host and port of each, with options of nginx's ``server``.
    """
    binary = nginx_binary()
    nginx = Nginx(folder, free_port(), free_port())
    _make_certificate(nginx)
    written = _filled_in(nginx, servers, max_body_mb=max_body_mb, rate=rate, burst=burst)
    (folder / "efr.conf").write_text(written)
    user = "user root;" if os.geteuid() == 0 else ""  # others may not enter the test's folder
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, user=user))
    process = subprocess.Popen([binary, "-c", str(folder / "nginx.conf"), "-e", "stderr"])
    try:
        wait_until(lambda: _listens(nginx.port, process), what="nginx to listen")
        yield nginx
    finally:
        process.terminate()
        process.wait(timeout=30)


def _filled_in(
    nginx: Nginx, servers: Sequence[str], *, max_body_mb: int, rate: str, burst: int
) -> str:
    """Return the template as envsubst fills it in, on the test's ports and in its folder."""
    text = TEMPLATE.read_text()
    values = {
        "SERVER_NAME": NAME,
        "WEB_SERVERS": " ".join(f"server {server};" for server in servers),
        "MAX_BODY_MB": str(max_body_mb),
        "RATE": rate,
        "BURST": str(burst),
        "CERTIFICATE": nginx.certificate,
        "CERTIFICATE_KEY": str(nginx.folder / "key.pem"),
    }
    for name, value in values.items():
        assert f"${{{name}}}" in text, name
        text = text.replace(f"${{{name}}}", value)
    for port, own in ((443, nginx.port), (80, nginx.plain_port)):
        text = text.replace(f"listen {port} ", f"listen 127.0.0.1:{own} ")
        text = "\n".join(line for line in text.splitlines() if f"listen [::]:{port} " not in line)
    return text.replace("/var/log/nginx/", f"{nginx.folder}/")


def _make_certificate(nginx: Nginx) -> None:
    what = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    who = f"-subj /CN={NAME} -addext subjectAltName=DNS:{NAME}"
    where = ["-keyout", str(nginx.folder / "key.pem"), "-out", nginx.certificate]
    command = ["openssl", *what.split(), *who.split(), *where]
    subprocess.run(command, check=True, capture_output=True)


def _listens(port: int, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, "nginx has ended: its configuration is wrong"
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
