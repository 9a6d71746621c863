"""People of a collection: erase them, set and show their consent notes."""

from datetime import datetime

import click
from pydantic import ValidationError

from core.collections.person_notes import ConsentNote
from core.errors import PersonNotFound
from core.ground.authors import TYPIST
from efr_cli.collection_commands import tell_erasure
from efr_cli.context import open_context
from efr_cli.errors import Person, reason_of

_NAME = click.argument("name", type=Person())
_COLLECTION = click.option("--collection", "collection_id", required=True, metavar="ID")


@click.group()
def people() -> None:
    """Erase people of a collection, and note what they agreed to."""


@people.command("erase")
@_NAME
@_COLLECTION
@click.pass_context
def erase_person(context: click.Context, name: str, collection_id: str) -> None:
    """Erase a person for good.

    Stored photos of them and results that name them go too.
    """
    receipt = open_context(context).erasure.person(collection_id, name, TYPIST)
    tell_erasure(f"{name!r}", receipt)


@people.group("consent")
def consent() -> None:
    """Note what a person agreed to, and show the note."""


@consent.command("set")
@_NAME
@_COLLECTION
@click.option("--text", required=True, help="What the person agreed to.")
@click.option("--date", "on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Of that day.")
@click.option("--source", required=True, help="Where that is filed, such as a form.")
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
    parts = open_context(context)
    parts.consents.set(collection_id, name, note)
    parts.audit.add("consent", TYPIST, people=[name], collection_id=collection_id)
    click.echo(f"{name!r} has a consent note of {note.date}")


@consent.command("show")
@_NAME
@_COLLECTION
@click.pass_context
def show_consent(context: click.Context, name: str, collection_id: str) -> None:
    """Print the consent note of an enrolled person as JSON; null if there is none."""
    parts = open_context(context)
    if not parts.people.faces(collection_id, person=name, limit=1):
        raise PersonNotFound(f"nobody named {name!r} is enrolled in {collection_id!r}")
    note = parts.consents.of(collection_id, name)
    click.echo("null" if note is None else note.model_dump_json(indent=2))
