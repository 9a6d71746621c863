"""The service's processes: the web tier, the worker and the autoscaler."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import click

from efr_cli.context import go_to_root
from efr_cli.errors import Refused


@click.command()
def serve() -> None:
    """Start the web tier, which is gunicorn, and become it.

    It exits with 2 if a setting can't be used.
    """
    package = find_spec("efr_web")
    if package is None or package.origin is None:
        raise Refused("NOT_INSTALLED", "the web tier, efr_web, is not here")
    _become("gunicorn", "--config", str(Path(package.origin).with_name("gunicorn_conf.py")))


@click.command()
def worker() -> None:
    """Start a worker, and become it.

    It exits with 2 if a setting can't be used, with 3 if the face models can't be loaded.
    """
    _become("core.bootstrap.run_worker")


@click.command()
def autoscaler() -> None:
    """Start the autoscaler, and become it.

    It exits with 2 if a setting can't be used.
    """
    _become("core.bootstrap.run_autoscaler")


def _become(module: str, *arguments: str) -> NoReturn:
    """Replace this process by a module that runs as a program.

    Signals, exit codes and memory are then that program's alone. ``-P`` leaves the
    working directory out of the places where modules are found.
    """
    go_to_root()
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments])  # noqa: S606 - no shell is wanted
