"""Consent notes of people: set and show them."""

from datetime import datetime

import click
from pydantic import ValidationError

from core.collections.person_notes import ConsentNote
from efr_cli.errors import Person, reason_of
from efr_cli.output import json_option, say
from efr_cli.service.opening import open_service

_NAME = click.argument("name", type=Person())
_COLLECTION = click.option("--collection", "collection_id", required=True, metavar="ID")


@click.group("consent")
def consent() -> None:
    """Note what a person agreed to, and show the note."""


@consent.command("set")
@_NAME
@_COLLECTION
@click.option("--text", required=True, help="What the person agreed to.")
@click.option("--date", "on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Of that day.")
@click.option("--source", required=True, help="Where that is filed, such as a form.")
@json_option
@click.pass_context
def set_consent(
    context: click.Context, name: str, collection_id: str, text: str, on: datetime, source: str
) -> None:
    """Set the consent note of an enrolled person; it replaces the former one."""
    try:
        note = ConsentNote(text=text, date=on.date(), source=source)
    except ValidationError as error:
        option = f"--{error.errors()[0]['loc'][0]}"
        raise click.BadParameter(reason_of(error), param_hint=option) from None
    noted = open_service(context).note_consent(collection_id, name, note)
    say(f"{noted.person!r} has a consent note of {note.date}", noted)


@consent.command("show")
@_NAME
@_COLLECTION
@json_option
@click.pass_context
def show_consent(context: click.Context, name: str, collection_id: str) -> None:
    """Print the consent note of an enrolled person as JSON; null if there is none."""
    note = open_service(context).consent(collection_id, name)
    say("null" if note is None else note.model_dump_json(indent=2), note)
