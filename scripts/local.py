"""Starts and stops the service on this machine, without Docker.

    python scripts/local.py start|up|down|status

``up`` starts LocalStack (when AWS_ENDPOINT_URL points at this machine, and STORAGE at no
folder of it), makes the buckets and queues, starts the web tier and the autoscaler, which
starts workers when there are jobs, all under supervisord, and waits until they are ready.
``start`` does the same on a folder that stays: it first notes one in .env, unless the
settings name one. Exit codes: 0 done, 1 not done (the reason is printed), 2 a setting can't
be used.
"""

import argparse
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from xmlrpc.client import Fault, ServerProxy

import requests
from supervisor.xmlrpc import SupervisorTransport
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from core.errors import InvalidSettings
from core.host.cores import usable_cores
from core.settings import Settings, load_settings

ROOT: Final = Path(__file__).parent.parent
CONFIG: Final = "deploy/local/supervisord.conf"
SOCKET: Final = "var/run/supervisor.sock"
START_S: Final = 60
STOP_S: Final = 150
LOOPBACK: Final = "127.0.0.1"


class LocalError(Exception):
    """Raised when the service can't be started or stopped here."""


class Supervisor:
    """The calls of supervisord's XML-RPC interface that are used here."""

    def is_up(self) -> bool:
        """Tell whether it runs, or is still shutting down."""
        try:
            return bool(self._call("getState"))
        except OSError:
            return False

    def states(self) -> dict[str, str]:
        programs = self._call("getAllProcessInfo")
        return {program["name"]: program["statename"] for program in programs}

    def pids(self) -> dict[str, int]:
        """Return the process of each program that runs."""
        programs = self._call("getAllProcessInfo")
        return {program["name"]: program["pid"] for program in programs if program["pid"]}

    def start(self, program: str) -> None:
        if self.states()[program] != "RUNNING":
            self._call("startProcess", program)

    def shutdown(self) -> None:
        self._call("shutdown")

    def _call(self, method: str, *arguments: str) -> Any:
        # A transport that failed once can't be used again.
        transport = SupervisorTransport(serverurl=f"unix://{SOCKET}")
        proxy = ServerProxy("http://localhost", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except Fault as error:
            raise LocalError(f"supervisord: {error.faultString}; see var/log/") from error
        finally:
            transport.close()


def up(settings: Settings) -> None:
    """Start whatever does not run yet."""
    ports = _local_ports(settings)
    if "localstack" not in ports:  # else the set-up says so
        print(settings.whereabouts, flush=True)
    supervisor = Supervisor()
    running = supervisor.states() if supervisor.is_up() else {}
    for program, port in ports.items():
        if running.get(program) != "RUNNING":
            require_free(program, settings.web_host if program == "web" else LOOPBACK, port)
    if not running:
        _start_supervisord(settings, ports.get("localstack", 0))
        _wait(supervisor.is_up, "supervisord")
    if "localstack" in ports:
        supervisor.start("localstack")
        health = f"http://127.0.0.1:{ports['localstack']}/_localstack/health"
        _wait(lambda: _answers(health), "LocalStack")
        subprocess.run([sys.executable, "scripts/init_aws.py"], check=True)
    supervisor.start("web")
    supervisor.start("autoscaler")
    address = settings.web_address
    _wait(lambda: _answers(f"{address}{probe(settings)}"), "the web tier")
    print(f"The service answers at {address}; its logs are in var/log/")


def start(settings: Settings) -> None:
    """Start the service on a folder of this user, in which everything stays."""
    if settings.storage is None:
        if Supervisor().is_up():
            raise LocalError("the service runs on LocalStack or AWS: stop it with 'make down'")
        note_home(Path(".env"), default_folder())
        settings = load_settings()
    up(settings)


def down() -> None:
    """Stop everything that ``up`` started."""
    supervisor = Supervisor()
    if not supervisor.is_up():
        print("Nothing is running")
        return
    print("Stopping (workers finish what they run) ...", flush=True)
    supervisor.shutdown()
    _wait(lambda: not Path("var/run/supervisord.pid").exists(), "the stop", seconds=STOP_S)
    print("Stopped")


def status() -> None:
    """Print the state of every program; fail unless supervisord runs."""
    supervisor = Supervisor()
    if not supervisor.is_up():
        raise LocalError("nothing is running: start it with 'make up'")
    for program, state in supervisor.states().items():
        if program != "localstack" or state != "STOPPED":
            print(f"{program:<12}{state}")


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:  # noqa: TID251 - no setting
    """Return the folder of this user's data that the XDG specification names."""
    data = environment.get("XDG_DATA_HOME", "")
    return (Path(data) if data.startswith("/") else Path.home() / ".local" / "share") / "efr"


def note_home(env_file: Path, folder: Path) -> None:
    """Write ``STORAGE`` and ``QUEUE`` into a file of settings, in the place of empty ones."""
    text = env_file.read_text()
    for name, value in (
        ("STORAGE", f"file://{folder}"),
        ("QUEUE", f"sqlite://{folder}/queues.sqlite"),
    ):
        line = f"{name}={value}"
        text, found = re.subn(rf"^{name}=.*$", line.replace("\\", r"\\"), text, flags=re.MULTILINE)
        if not found:
            text = f"{text.rstrip()}\n{line}\n"
    written = env_file.with_name(f"{env_file.name}.new")
    written.touch(mode=0o600)
    written.write_text(text)
    written.replace(env_file)


def probe(settings: Settings) -> str:
    """Return a path that tells that the web tier is up, without a key and under any name."""
    return "/health" if settings.auth == "keys" or settings.trusted_hosts else "/ready"


def workers_here(settings: Settings, *, cores: int) -> int:
    """Return how many workers make sense on one machine: their children share its cores."""
    return min(settings.max_workers, max(1, cores // settings.worker_process_count))


def _local_ports(settings: Settings) -> dict[str, int]:
    ports = {"web": settings.web_port}
    if settings.storage is not None:
        return ports
    endpoint = urlsplit(settings.aws_endpoint_url or "")
    if endpoint.hostname in ("localhost", LOOPBACK):
        ports["localstack"] = endpoint.port or 80
    return ports


def require_free(program: str, host: str, port: int) -> None:
    """Raise ``LocalError`` if another program listens there."""
    variable = {"web": "WEB_PORT", "localstack": "AWS_ENDPOINT_URL"}[program]
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise LocalError(
                f"port {port} is in use by another program, {program} can't have it: "
                f"stop that program or change {variable} in .env"
            ) from error


def _start_supervisord(settings: Settings, localstack_port: int) -> None:
    for folder in ("var/log", "var/run"):
        Path(folder).mkdir(parents=True, exist_ok=True)
    Path(SOCKET).unlink(missing_ok=True)
    environment = {
        **os.environ,  # noqa: TID251 - handed on, not read
        "LOCALSTACK_PORT": str(localstack_port),
        "MAX_WORKERS": str(workers_here(settings, cores=usable_cores())),
    }
    supervisord = Path(sys.executable).with_name("supervisord")
    subprocess.run([supervisord, "--configuration", CONFIG], check=True, env=environment)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _wait(condition: Callable[[], bool], what: str, *, seconds: float = START_S) -> None:
    try:
        Retrying(
            retry=retry_if_result(lambda met: not met),
            stop=stop_after_delay(seconds),
            wait=wait_fixed(0.2),
        )(condition)
    except RetryError as error:
        raise LocalError(f"{what} took over {seconds:g} s; see var/log/") from error


def main() -> int:
    """Run one command; return the exit code."""
    os.chdir(ROOT)
    commands = {
        "start": lambda: start(load_settings()),
        "up": lambda: up(load_settings()),
        "down": down,
        "status": status,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=commands)
    command = parser.parse_args().command
    try:
        commands[command]()
    except InvalidSettings as error:
        print(f"settings: {error}", file=sys.stderr)
        return 2
    except (LocalError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
