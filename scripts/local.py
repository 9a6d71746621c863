"""Starts and stops the service on this machine, without Docker.

    python -m scripts.local start|up|down|status

``up`` starts LocalStack (when AWS_ENDPOINT_URL is used and points at this machine), makes the
buckets and queues, starts the web tier and the autoscaler, which starts workers when there are
jobs, all under supervisord, and waits until they are ready. ``start`` does the same on a folder
that stays: the one of STORAGE, or a folder of the user. Both note in var/started.env where the
data are, for all that is run later in this checkout. Exit codes: 0 done, 1 not done (the reason
is printed), 2 a setting can't be used.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click
import requests
from efr_cli.status.look import Observer
from efr_cli.status.screen import screen
from efr_cli.status.status_command import reports
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from core.bootstrap.infrastructure import Infrastructure
from core.errors import InvalidSettings
from core.host.cores import usable_cores
from core.host.environment import GIVEN_EMPTY, STARTED_FILE
from core.settings import Settings, load_settings
from scripts.preflight import LOOPBACK, default_folder, taken_port
from scripts.supervision import SOCKET, LocalError, Supervisor

ROOT: Final = Path(__file__).parent.parent
CONFIG: Final = "deploy/local/supervisord.conf"
START_S: Final = 60
STOP_S: Final = 150
STARTED: Final = Path(STARTED_FILE)


def chosen(*, home: bool) -> Settings:
    """Return the settings of a home or of S3 and SQS, and note which, if nothing runs yet.

    What was noted before stays until it is known that these can be started.

    Raises
    ------
    InvalidSettings
        If a value can't be used.
    LocalError
        If the other one runs, a variable of the environment asks for it, or a port is taken.
    """
    if Supervisor().is_up():
        settings = load_settings()
        if (settings.storage is not None) != home:
            raise LocalError(
                f"the service runs already ({settings.whereabouts}): stop it with 'make down' first"
            )
        return settings
    STARTED.parent.mkdir(exist_ok=True)
    draft = STARTED.with_suffix(".new")
    try:
        draft.write_text(noted(load_settings(None)) if home else f"{GIVEN_EMPTY}=storage,queue\n")
        settings = load_settings(draft)
        if (settings.storage is not None) != home:
            raise LocalError("STORAGE and QUEUE are set in the environment: unset both")
        require_free(_places(settings))
        draft.replace(STARTED)
    finally:
        draft.unlink(missing_ok=True)
    return settings


def noted(settings: Settings) -> str:
    """Return the lines that name a home: that of the settings, or a folder of this user."""
    folder = default_folder()
    places = {
        "STORAGE": settings.storage or f"file://{folder}",
        "QUEUE": settings.queue or f"sqlite://{folder}/queues.sqlite",
    }
    return "".join(f"{name}={_quoted(place)}\n" for name, place in places.items())


def _quoted(text: str) -> str:
    """Return a value as a file of settings holds it."""
    return "'" + text.replace("\\", r"\\").replace("'", r"\'") + "'"


def up(settings: Settings) -> None:
    """Start whatever does not run yet."""
    ports = _local_ports(settings)
    if "localstack" not in ports:  # else the set-up says so
        print(settings.whereabouts, flush=True)
    supervisor = Supervisor()
    running = supervisor.states() if supervisor.is_up() else {}
    places = _places(settings).items()
    require_free({each: place for each, place in places if running.get(each) != "RUNNING"})
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
    _wait(lambda: _has_come_up(f"{address}{probe(settings)}"), "the web tier")
    print(f"The service answers at {address}; its logs are in var/log/")


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
    """Print the programs, then what ``efr status`` shows; fail unless supervisord runs."""
    supervisor = Supervisor()
    if not supervisor.is_up():
        raise LocalError("nothing is running: start it with 'make start' or 'make up'")
    settings, pids = load_settings(), supervisor.pids()
    workers = workers_of(pids["autoscaler"]) if "autoscaler" in pids else 0
    remarks = {
        "localstack": settings.aws_endpoint_url or "",
        "web": settings.web_address,
        "autoscaler": f"{workers} {'worker' if workers == 1 else 'workers'}",
    }
    for program, state in supervisor.states().items():
        if program != "localstack" or state != "STOPPED":
            print(f"{program:<12}{state:<10}{remarks[program]}")
    print(f"{settings.whereabouts}\n", flush=True)
    observer = Observer(settings=settings, infrastructure=Infrastructure.of(settings))
    click.echo(screen(next(reports(observer.look, None, time.sleep))))


def workers_of(autoscaler: int, proc: Path = Path("/proc")) -> int:
    """Return how many workers a process has started that run still."""
    try:
        children = (proc / f"{autoscaler}/task/{autoscaler}/children").read_text().split()
    except OSError:
        return 0
    return sum(_is_worker(proc / child / "cmdline") for child in children)


def _is_worker(command_line: Path) -> bool:
    try:
        return b"core.bootstrap.run_worker" in command_line.read_bytes().split(b"\0")
    except OSError:
        return False


def probe(settings: Settings) -> str:
    """Return a path that tells that the web tier is up, without a key and under any name."""
    return "/health" if settings.auth == "keys" or settings.trusted_hosts else "/ready"


def workers_here(settings: Settings, *, cores: int) -> int:
    """Return how many workers make sense on one machine: their children share its cores."""
    return min(settings.max_workers, max(1, cores // settings.worker_process_count))


def _local_ports(settings: Settings) -> dict[str, int]:
    ports = {"web": settings.web_port}
    if settings.storage is not None or (
        settings.aws_endpoint_url_s3 and settings.aws_endpoint_url_sqs
    ):
        return ports
    endpoint = urlsplit(settings.aws_endpoint_url or "")
    if endpoint.hostname in ("localhost", LOOPBACK):
        ports["localstack"] = endpoint.port or 80
    return ports


def _places(settings: Settings) -> dict[str, tuple[str, int]]:
    """Return where each program listens."""
    return {
        program: (settings.web_host if program == "web" else LOOPBACK, port)
        for program, port in _local_ports(settings).items()
    }


def require_free(places: dict[str, tuple[str, int]]) -> None:
    """Raise ``LocalError`` if other programs listen where ours would."""
    found = [
        problem
        for program, (host, port) in places.items()
        for problem in taken_port(program, host, port)
    ]
    if found:
        raise LocalError("; ".join(found))


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


def _has_come_up(url: str) -> bool:
    """Tell whether the web tier answers; raise ``LocalError`` if it has ended for good."""
    if Supervisor().states()["web"] in ("EXITED", "FATAL"):
        raise LocalError("the web tier has ended: var/log/web.log says why")
    return _answers(url)


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
        "start": lambda: up(chosen(home=True)),
        "up": lambda: up(chosen(home=False)),
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
