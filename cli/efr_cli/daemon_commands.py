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
    """Run the web tier (gunicorn) in this process.

    The exit code is 2 if a setting can't be used.
    """
    package = find_spec("efr_web")
    if package is None or package.origin is None:
        raise Refused("NOT_INSTALLED", "the web tier, efr_web, is not here")
    _become("gunicorn", "--config", str(Path(package.origin).with_name("gunicorn_conf.py")))


@click.command()
def worker() -> None:
    """Run a worker in this process.

    The exit code is 2 if a setting can't be used, and 3 if the face models can't be loaded.
    """
    _become("core.bootstrap.run_worker")


@click.command()
def autoscaler() -> None:
    """Run the autoscaler in this process.

    The exit code is 2 if a setting can't be used.
    """
    _become("core.bootstrap.run_autoscaler")


def _become(module: str, *arguments: str) -> NoReturn:
    """Replace this process by a module that runs as a program.

    So signals, exit code and memory are those of that program. ``-P`` keeps the working
    directory off the module search path.
    """
    go_to_root()
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments])  # noqa: S606 - no shell is wanted
