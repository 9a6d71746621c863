"""Groups of unnamed faces: list, name and ignore them."""

from dataclasses import asdict

import click

from core.access.audit_trail import Action
from core.collections.unknown.listing import ShownGroup
from core.ground.authors import TYPIST
from efr_cli.context import CliContext, open_context
from efr_cli.errors import Person
from efr_cli.output import head, json_option, say
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
    parts = open_context(context)
    row = "{:<36} {:>7}  {}"
    head(row.format("group", "faces", "may be"))
    page = parts.group_listing.page(collection_id, limit=limit, ignored=ignored)
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
    parts = open_context(context)
    named = parts.group_naming.name(collection_id, group_id, person, without=frozenset(without))
    parts.audit.add(
        "name_group",
        TYPIST,
        people=[person],
        collection_id=collection_id,
        counts={"faces": named.faces},
    )
    answer = {"person": person, "faces": named.faces, "rejected": list(named.rejected)}
    say(f"{counted(named.faces, 'face')} named {person!r}", answer)


@groups.command("ignore")
@_GROUP
@_COLLECTION
@json_option
@click.pass_context
def ignore_group(context: click.Context, group_id: str, collection_id: str) -> None:
    """Never list a group again, nor later faces of the same stranger."""
    parts = open_context(context)
    faces = parts.group_naming.ignore(collection_id, group_id)
    _audit(parts, "ignore_group", collection_id, faces)
    answer = {"group_id": group_id, "ignored": True, "faces": faces}
    say(f"{counted(faces, 'face')} ignored", answer)


@groups.command("unignore")
@_GROUP
@_COLLECTION
@json_option
@click.pass_context
def unignore_group(context: click.Context, group_id: str, collection_id: str) -> None:
    """List an ignored group again."""
    parts = open_context(context)
    faces = parts.group_naming.unignore(collection_id, group_id)
    _audit(parts, "unignore_group", collection_id, faces)
    answer = {"group_id": group_id, "ignored": False, "faces": faces}
    say(f"{counted(faces, 'face')} listed again", answer)


def _audit(parts: CliContext, action: Action, collection_id: str, faces: int) -> None:
    parts.audit.add(action, TYPIST, collection_id=collection_id, counts={"faces": faces})


def _suggested(group: ShownGroup) -> str:
    suggestion = group.suggestion
    return "-" if suggestion is None else f"{suggestion.person} ({suggestion.similarity:g})"
