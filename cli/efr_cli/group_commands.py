"""Groups of unnamed faces: list, name and ignore them."""

from dataclasses import asdict

import click

from core.collections.unknown.listing import ShownGroup
from efr_cli.errors import Person
from efr_cli.output import head, json_option, say
from efr_cli.service.opening import open_service
from efr_cli.words import counted

_GROUP = click.argument("group_id", metavar="GROUP")
_COLLECTION = click.option("--collection", "collection_id", required=True, metavar="ID")
_PAGE = 1000


@click.group()
def groups() -> None:
    """Name or ignore people whom nobody has named."""


@groups.command("list")
@_COLLECTION
@click.option("--limit", type=click.IntRange(1, _PAGE), default=20, show_default=True)
@click.option("--ignored", is_flag=True, help="List the ignored groups instead.")
@json_option
@click.pass_context
def list_groups(context: click.Context, collection_id: str, limit: int, ignored: bool) -> None:
    """List groups of unnamed faces, the biggest first."""
    service = open_service(context)
    row = "{:<36} {:>7}  {}"
    page = service.groups(collection_id, limit=limit, ignored=ignored)
    head(row.format("group", "faces", "may be"))
    for group in page.groups:
        say(row.format(group.group_id, group.size, _suggested(group)), asdict(group))
    if page.pending:
        click.echo(f"{page.pending} new faces are in no group yet", err=True)


@groups.command("name")
@_GROUP
@click.argument("person", type=Person())
@_COLLECTION
@click.option("--without", metavar="FACE", multiple=True, help="A face that is not the person's.")
@json_option
@click.pass_context
def name_group(
    context: click.Context, group_id: str, person: str, collection_id: str, without: tuple[str, ...]
) -> None:
    """Say who a group is: its faces are the person's from then on."""
    service = open_service(context)
    named = service.name_group(collection_id, group_id, person, without=without)
    answer = {"person": person, "faces": named.faces, "rejected": list(named.rejected)}
    say(f"{counted(named.faces, 'face')} named {person!r}", answer)


@groups.command("ignore")
@_GROUP
@_COLLECTION
@json_option
@click.pass_context
def ignore_group(context: click.Context, group_id: str, collection_id: str) -> None:
    """Never list a group again, nor later faces of the same stranger."""
    faces = open_service(context).ignore_group(collection_id, group_id, ignored=True)
    answer = {"group_id": group_id, "ignored": True, "faces": faces}
    say(f"{counted(faces, 'face')} ignored", answer)


@groups.command("unignore")
@_GROUP
@_COLLECTION
@json_option
@click.pass_context
def unignore_group(context: click.Context, group_id: str, collection_id: str) -> None:
    """List an ignored group again."""
    faces = open_service(context).ignore_group(collection_id, group_id, ignored=False)
    answer = {"group_id": group_id, "ignored": False, "faces": faces}
    say(f"{counted(faces, 'face')} listed again", answer)


def _suggested(group: ShownGroup) -> str:
    suggestion = group.suggestion
    return "-" if suggestion is None else f"{suggestion.person} ({suggestion.similarity:g})"
