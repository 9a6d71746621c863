"""Dead letters: list, show, redrive, purge."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from efr_cli.context import root_settings
from efr_cli.errors import ExitCode, Refused, Tool, plain

if TYPE_CHECKING:
    from efr_cli.dead_letter_box import DeadLetters


@click.group(cls=Tool)
def dead_letters() -> None:
    """Look after the messages whose jobs were given up."""


def _of_queue(command: Callable[..., None]) -> Callable[..., None]:
    choice = click.Choice(["request", "index"])
    return click.option("--queue", "kind", type=choice, default="request", show_default=True)(
        command
    )


@dead_letters.command("list")
@_of_queue
def list_letters(kind: str) -> None:
    """Count the dead letters by the code of their jobs' results."""
    letters = _opened(kind)
    with letters.held() as held:
        codes = Counter(letters.code(letter) for letter in held)
    for code, number in codes.most_common():
        click.echo(f"{number:>7}  {code}")
    click.echo(f"{codes.total()} messages in {letters.name}")


@dead_letters.command()
@_of_queue
def show(kind: str) -> None:
    """Print receive count, age, result's code and body of each message.

    If no worker could read it, the reason follows.

    Reading counts as a receive in the dead-letter queue, which has no limit.
    """
    letters = _opened(kind)
    with letters.held() as held:
        for letter in held:
            received, body = letter.message.receive_count, plain(letter.message.body)
            age = f"{letter.age_s:.0f} s"
            columns = [str(received), age, letters.code(letter), body]
            click.echo("\t".join(columns + ([plain(letter.reason)] if letter.reason else [])))


@dead_letters.command()
@_of_queue
def redrive(kind: str) -> None:
    """Let every job run again, without the failed result that it has."""
    letters = _opened(kind)
    with letters.held(complete=True) as held:
        for letter in held:
            letters.revive(letter)
    if not held:
        click.echo(f"{letters.name} is empty")
        return
    if letters.move():
        letters.revive_abandoned(held)
        click.echo(f"SQS moved the messages of {letters.name}, {len(held)} jobs run again")
    else:
        click.echo(f"This SQS has no move tasks: messages of {letters.name} are sent again")
        with letters.held() as held:
            for letter in held:
                letters.revive(letter)
            letters.resend(held)
    _finish(letters, sum(letters.count()))


@dead_letters.command()
@_of_queue
@click.option("--yes", is_flag=True, help="Don't ask.")
def purge(kind: str, yes: bool) -> None:
    """Delete every message; each job has a failed result by then."""
    letters = _opened(kind)
    if not yes and not click.confirm(f"Delete all {sum(letters.count())} of {letters.name}?"):
        raise Refused("NOT_CONFIRMED", "nothing was deleted")
    with letters.held() as held:
        refused = letters.bury(held)
    click.echo(f"{len(held) - refused} messages were deleted")
    _finish(letters, refused)


def _opened(kind: str) -> "DeadLetters":
    # Only here: --help and mistakes need not wait for the libraries behind it.
    from efr_cli.dead_letter_box import DeadLetters

    return DeadLetters(root_settings(), kind)


def _finish(letters: "DeadLetters", left: int) -> None:
    if left:
        click.echo(f"{left} messages are still in {letters.name}; run it again", err=True)
        click.get_current_context().exit(ExitCode.SOME_UNUSED)
