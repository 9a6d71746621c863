"""``efr status``."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

import click

from efr_cli.context import refuse_server, root_settings
from efr_cli.errors import ExitCode, Number
from efr_cli.output import is_json, json_option, say
from efr_cli.status.look import Look, Observer
from efr_cli.status.report import Report, report
from efr_cli.status.screen import screen

_APART_S: Final = 2.0
_LATELY: Final = timedelta(minutes=1)


def _places(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    for value in values:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit():
            raise click.BadParameter(f"{value!r} is not HOST:PORT")
    return values


@click.command()
@click.option(
    "--watch",
    is_flag=False,
    flag_value=_APART_S,
    type=Number(min=0.5, max=3600),
    metavar="[SECONDS]",
    help="Look again and again, every 2 seconds if not told otherwise, until Ctrl-C.",
)
@click.option(
    "--metrics",
    "places",
    multiple=True,
    metavar="HOST:PORT",
    callback=_places,
    help="Read the metrics of this process, instead of those on this machine.",
)
@json_option
@click.pass_context
def status(context: click.Context, watch: float | None, places: tuple[str, ...]) -> None:
    """Show the running service on one screen.

    It looks twice, 2 seconds apart. The exit code is 0 if all is well, and 1 if something is wrong
    or can't be seen.
    """
    refuse_server(context)
    settings = root_settings()
    from core.bootstrap.infrastructure import Infrastructure

    observer = Observer(
        settings=settings, infrastructure=Infrastructure.of(settings), places=places
    )
    _leave_colours_out(context)
    is_well = True
    try:
        for found in reports(observer.look, watch, time.sleep):
            _print(found, again=watch is not None)
            is_well = found.is_well
            if watch is None:
                break
    except KeyboardInterrupt:
        pass  # how a watch ends
    if not is_well:
        context.exit(ExitCode.SOME_UNUSED)


def reports(
    look: Callable[[], Look], every_s: float | None, sleep: Callable[[float], None]
) -> Iterator[Report]:
    """Yield what is found, each over the last minute at most."""
    looks = [look()]
    sleep(min(every_s or _APART_S, _APART_S))
    while True:
        looks.append(look())
        while len(looks) > 2 and looks[-1].at - looks[0].at > _LATELY:
            looks.pop(0)
        yield report(looks[0], looks[-1])
        sleep(every_s or _APART_S)


def _leave_colours_out(context: click.Context) -> None:
    if os.environ.get("NO_COLOR"):  # noqa: TID251 - https://no-color.org, not a setting of ours
        context.color = False


def _print(found: Report, *, again: bool) -> None:
    if again and not is_json():
        click.clear()  # does nothing unless a terminal shows it
    at = f"{found.look.at:%Y-%m-%d %H:%M:%S} UTC"
    say(f"{at}\n{screen(found)}" if again else screen(found), found.as_json())
