"""The question before something is done that can't be undone."""

import sys
from collections.abc import Callable
from typing import Final, TypeVar

import click

from efr_cli.errors import Refused

_YES: Final = "efr_cli.yes"

F = TypeVar("F", bound=Callable[..., object])


def yes_option(command: F) -> F:
    """Give a command ``--yes``, with which `confirm` asks nothing."""

    def note(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        context.meta[_YES] = value

    return click.option(
        "--yes", is_flag=True, expose_value=False, callback=note, help="Don't ask."
    )(command)


def confirm(told: Callable[[], str]) -> None:
    """Ask whether to go on, and return if the answer is yes.

    Parameters
    ----------
    told : callable
        Says what the command would do, with counts; not asked for with ``--yes``.

    Raises
    ------
    Refused
        If the answer is no, or if nobody can be asked.
    """
    if click.get_current_context().meta.get(_YES):
        return
    what = told()
    if not has_terminal():
        raise Refused(
            "NOT_CONFIRMED",
            f"{what}. Nothing was done, because no terminal is here to ask at: give --yes",
        )
    if not click.confirm(f"{what}. Go on?", err=True):
        raise Refused("NOT_CONFIRMED", "nothing was done")


def has_terminal() -> bool:
    """Tell whether a person can be asked."""
    return sys.stdin.isatty()
