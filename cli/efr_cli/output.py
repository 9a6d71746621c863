"""What commands print: words for people, or JSON for programs.

JSON has the names of the HTTP API. A command that lists things prints a line of JSON for each;
others print one object.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from pydantic import BaseModel

_AS_JSON: Final = "efr_cli.as_json"

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])


def json_option(command: F) -> F:
    """Give a command ``--json``; `say` and `row` then print JSON."""

    def note(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        context.meta[_AS_JSON] = value

    return click.option(
        "--json", is_flag=True, expose_value=False, callback=note, help="Print JSON."
    )(command)


def is_json() -> bool:
    """Tell whether the command that runs prints JSON."""
    return bool(click.get_current_context().meta.get(_AS_JSON))


def say(
    text: str | None, answer: "BaseModel | dict[str, Any] | None", *, err: bool = False
) -> None:
    """Print what a command did or found: the text, if there is one, or the answer as JSON."""
    if is_json():
        click.echo(as_line(answer), err=err)
    elif text is not None:
        click.echo(text, err=err)


def head(text: str) -> None:
    """Print the head of a table, if it is read by people."""
    if not is_json():
        click.echo(text)


def begun(things: Iterable[T]) -> Iterator[T]:
    """Return the things, the first of which is there: if none can be had, no head is printed."""
    yielding = iter(things)
    return chain(list(islice(yielding, 1)), yielding)


def as_line(answer: "BaseModel | dict[str, Any] | None") -> str:
    """Return an answer as one line of JSON."""
    if answer is None or isinstance(answer, dict):
        return json.dumps(answer, ensure_ascii=False)
    return answer.model_dump_json()
