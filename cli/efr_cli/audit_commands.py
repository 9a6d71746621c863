"""What was done and by whom, and receipts of erasures."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import click

from core.access.audit_trail import ACTIONS, Action, AuditRecord
from efr_cli.context import CliContext, open_context
from efr_cli.errors import Person
from efr_cli.output import head, json_option, say
from efr_cli.service.opening import open_service

_ROW: Final = "{:<20} {:<13} {:<17} {:<24} {:<30} {}"


@click.command()
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="Only what was done from then on, in UTC.",
)
@click.option("--person", type=Person(), help="Only what was done with a person of that name.")
@click.option("--action", type=click.Choice(ACTIONS), help="Only what is called so.")
@json_option
@click.pass_context
def audit(
    context: click.Context,
    since: datetime | None,
    person: str | None,
    action: Action | None,
) -> None:
    """List the audit trail, oldest record first.

    It tells what was done with people, collections and keys. The actor is the id of a key, cli
    for a command, or nobody where there are no keys.
    """
    parts = open_context(context)
    head(_ROW.format("time (UTC)", "actor", "action", "collection", "id", "counts").rstrip())
    for record_id, record in _wanted(parts, since, person, action):
        say(_line(record_id, record), {"id": record_id, **record.model_dump(mode="json")})


@click.command()
@click.argument("receipt_id", metavar="ID")
@json_option
@click.pass_context
def receipt(context: click.Context, receipt_id: str) -> None:
    """Print the receipt of an erasure, as JSON."""
    found = open_service(context).receipt(receipt_id)
    say(found.model_dump_json(indent=2), found)


def _wanted(
    parts: CliContext, since: datetime | None, person: str | None, action: Action | None
) -> Iterator[tuple[str, AuditRecord]]:
    hashed = None if person is None else parts.audit.names.of(person)
    moment = None if since is None else since.replace(tzinfo=UTC)
    for record_id, record in parts.audit.records(since=moment):
        is_theirs = hashed is None or hashed in record.people
        if is_theirs and action in (None, record.action):
            yield record_id, record


def _line(record_id: str, record: AuditRecord) -> str:
    counts = [f"{name} {number}" for name, number in record.counts.items() if number]
    if not record.is_complete:
        counts.append("lacks faces" if record.action == "backup" else "broke off")
    return _ROW.format(
        f"{record.at:%Y-%m-%d %H:%M:%S}",
        record.actor,
        record.action,
        record.collection_id or "-",
        record.key_id or record.webhook_id or record.batch_id or record.job_id or record_id,
        ", ".join(counts),
    ).rstrip()
