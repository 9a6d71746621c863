"""Dead letters: list, show, redrive, purge."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from core.worker.unreadable import REASON
from efr_cli.confirming import confirm, yes_option
from efr_cli.context import refuse_server, root_settings
from efr_cli.errors import ErrorReportingGroup, ExitCode, printable
from efr_cli.output import json_option, say
from efr_cli.words import counted

if TYPE_CHECKING:
    from core.ports import DeadLetter, DeadLetters
    from core.worker.dead_letters import DeadJobs
    from core.worker.webhooks.dead_events import DeadEvents


@click.group(cls=ErrorReportingGroup)
def dead_letters() -> None:
    """List, show, redrive or purge dead letters.

    A dead letter is a message whose job was given up, or an event that no worker could read.
    """


def _of_queue(command: Callable[..., None]) -> Callable[..., None]:
    choice = click.Choice(["request", "index", "webhook"])
    return click.option("--queue", "kind", type=choice, default="request", show_default=True)(
        command
    )


@dead_letters.command("list")
@_of_queue
@json_option
def list_letters(kind: str) -> None:
    """Count dead letters by the error code of their jobs."""
    queue, jobs = _open(kind)
    with queue.leased() as letters:
        codes = Counter(jobs.code(letter.message) for letter in letters)
    lines = [f"{number:>7}  {code}" for code, number in codes.most_common()]
    say(
        "\n".join([*lines, f"{counted(codes.total(), 'message')} in {queue.name}"]),
        {"queue": queue.name, "messages": codes.total(), "codes": dict(codes.most_common())},
    )


@dead_letters.command()
@_of_queue
@json_option
def show(kind: str) -> None:
    """Print each dead letter.

    A line has receive count, age, error code and body, and the reason if no worker could
    read the message.

    Each call adds one to the receive count. Dead-letter queues have no limit for it.
    """
    queue, jobs = _open(kind)
    with queue.leased() as letters:
        for letter in letters:
            received, reason = letter.message.receive_count, letter.message.notes.get(REASON)
            code = jobs.code(letter.message)
            columns = [str(received), f"{letter.age_s:.0f} s", code]
            columns += [printable(text) for text in (letter.body, *([reason] if reason else []))]
            answer = {
                "received": received,
                "age_s": round(letter.age_s),
                "code": code,
                "body": letter.body,
                "reason": reason,
            }
            say("\t".join(columns), answer)


@dead_letters.command()
@_of_queue
@json_option
def redrive(kind: str) -> None:
    """Run every job again.

    The command first removes the failed result of each job.
    """
    queue, jobs = _open(kind)
    with queue.leased(complete=True) as letters:
        _reset_results(jobs, letters)
    if not letters:
        say(f"{queue.name} is empty", {"queue": queue.name, "jobs": 0, "left": 0})
        return
    again = counted(len(letters), "job")
    if queue.move():
        # A sweep may have failed some while they moved, and their first new answer could not
        # be stored. A job sent twice has one result.
        swept = [letter for letter in letters if jobs.was_swept(letter.message)]
        _reset_results(jobs, swept)
        queue.send_again(swept)
        said = f"The messages of {queue.name} were moved, {again} to run again"
    else:
        with queue.leased() as letters:
            _reset_results(jobs, letters)
            queue.send_again(letters)
            queue.delete(letters)
        said = f"This SQS has no move tasks: messages of {queue.name} were sent again"
    left = sum(queue.count())
    say(said, {"queue": queue.name, "jobs": len(letters), "left": left})
    _finish(queue, left)


@dead_letters.command()
@_of_queue
@yes_option
@json_option
def purge(kind: str) -> None:
    """Delete every dead letter.

    Each job gets a failed result first, unless it has a result.
    """
    queue, jobs = _open(kind)
    confirm(
        lambda: (
            f"This deletes {counted(sum(queue.count()), 'message')} of {queue.name}, "
            "whose jobs can't be run again then"
        )
    )
    with queue.leased() as letters:
        for letter in letters:
            jobs.give_up(letter.message)
        refused = queue.delete(letters)
    deleted = len(letters) - refused
    say(f"{counted(deleted, 'message')} deleted", {"queue": queue.name, "deleted": deleted})
    _finish(queue, refused)


def _open(kind: str) -> "tuple[DeadLetters, DeadJobs | DeadEvents]":
    # Only here: --help and mistakes need not wait for the libraries behind these.
    from core.bootstrap.infrastructure import Infrastructure
    from core.bootstrap.shared import Shared
    from core.worker.dead_letters import DeadJobs
    from core.worker.webhooks.dead_events import DeadEvents

    refuse_server(click.get_current_context())
    settings = root_settings()
    source = {
        "request": settings.sqs_req_queue_name,
        "index": settings.sqs_index_queue_name,
        "webhook": settings.sqs_webhook_queue_name,
    }[kind]
    infrastructure = Infrastructure.of(settings)
    queue = infrastructure.dead_letters(source)
    if kind == "webhook":
        return queue, DeadEvents()
    shared = Shared(settings, infrastructure)
    return queue, DeadJobs(shared.outputs, lambda tenant: shared.of_tenant(tenant).outbox)


def _reset_results(jobs: "DeadJobs | DeadEvents", letters: "list[DeadLetter]") -> None:
    for letter in letters:
        jobs.reset_result(letter.message)


def _finish(queue: "DeadLetters", left: int) -> None:
    if left:
        click.echo(f"{left} messages are still in {queue.name}; run it again", err=True)
        click.get_current_context().exit(ExitCode.SOME_UNUSED)
