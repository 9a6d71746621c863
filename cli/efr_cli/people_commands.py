"""People of a collection: list, show, rename, merge, describe and erase them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, get_args

import click

from core.collections.shown.people import PersonFaces
from core.errors import PersonNotFound
from core.ground.ids import is_face_id
from core.ports import PersonOrder
from efr_cli.collection_commands import tell_erasure
from efr_cli.confirming import confirm, yes_option
from efr_cli.consent_commands import consent
from efr_cli.errors import Person, Refused, pairs, printable
from efr_cli.output import begun, head, json_option, say
from efr_cli.service.opening import open_service
from efr_cli.service.port import Service
from efr_cli.words import counted, shown_pairs

_NAME = click.argument("name", type=Person())
_COLLECTION = click.option("--collection", "collection_id", required=True, metavar="ID")
_ROW: Final = "{:<32} {:>7}  {:<16}  {:<16}  {}"
_FACE_ROW: Final = "{:<36}  {:>7}  {:<16}  {}"


@click.group()
def people() -> None:
    """List, change and erase the people of a collection.

    A person is given by name or by id.
    """


people.add_command(consent)


@people.command("list")
@_COLLECTION
@click.option("--prefix", default="", help="How their names begin.")
@click.option(
    "--sort",
    "order",
    type=click.Choice(get_args(PersonOrder)),
    default="name",
    show_default=True,
    help="By name, the most faces first, or the last enrolled first.",
)
@json_option
@click.pass_context
def list_people(
    context: click.Context, collection_id: str, prefix: str, order: PersonOrder
) -> None:
    """List the people of a collection, with faces, when they were enrolled, and id."""
    found = begun(open_service(context).persons(collection_id, prefix=prefix, order=order))
    head(_ROW.format("person", "faces", "first enrolled", "last enrolled", "id"))
    for person in found:
        times = _minute(person.first_enrolled_at), _minute(person.last_enrolled_at)
        say(_ROW.format(person.person, person.faces, *times, person.person_id), person)


@people.command("show")
@_NAME
@_COLLECTION
@json_option
@click.pass_context
def show_person(context: click.Context, name: str, collection_id: str) -> None:
    """Show what is known of a person, and their faces."""
    person = open_service(context).person(collection_id, name)
    say("\n".join(_lines(person)), person)


@people.command("rename")
@_NAME
@click.argument("new_name", type=Person())
@_COLLECTION
@json_option
@click.pass_context
def rename_person(context: click.Context, name: str, new_name: str, collection_id: str) -> None:
    """Give a person another name, which nobody has in the collection.

    Id, consent note, metadata and cover go along.
    """
    service = open_service(context)
    person = service.person(collection_id, name).person
    if new_name != person and _faces(service, collection_id, new_name):
        raise Refused(
            "PERSON_EXISTS",
            f"somebody named {new_name!r} is enrolled in {collection_id!r}; "
            "if it is the same person, use efr people merge",
        )
    renamed = service.change_person(collection_id, person, {"name": new_name})
    say(f"{person!r} is {renamed.person!r} now: {counted(renamed.faces, 'face')}", renamed)


@people.command("merge")
@_NAME
@click.argument("other", metavar="INTO", type=Person())
@_COLLECTION
@yes_option
@json_option
@click.pass_context
def merge_people(context: click.Context, name: str, other: str, collection_id: str) -> None:
    """Give all faces of a person to another one, INTO, who is the same.

    This can't be undone. The id of INTO stays, and the metadata of both.
    """
    service = open_service(context)
    one, into = service.person(collection_id, name), service.person(collection_id, other)
    if one.person == into.person:
        raise click.UsageError(f"{name!r} and {other!r} are one person already")
    confirm(
        lambda: (
            f"This gives {counted(len(one.faces), 'face')} of {one.person!r} in {collection_id!r} "
            f"to {into.person!r}, who has {counted(len(into.faces), 'face')}; "
            "it can't be undone"
        )
    )
    merged = service.change_person(collection_id, one.person, {"name": into.person})
    moved = counted(merged.faces, "face")
    say(f"{one.person!r} is {merged.person!r} now: {moved} more", merged)


@people.command("describe")
@_NAME
@_COLLECTION
@click.option(
    "--metadata",
    metavar="KEY=VALUE",
    multiple=True,
    callback=pairs,
    help="What to note, instead of all that is noted; may be repeated.",
)
@click.option("--no-metadata", is_flag=True, help="Note nothing any more.")
@click.option("--cover", metavar="FACE", help="Id of the face that shows the person in lists.")
@click.option("--no-cover", is_flag=True, help="Let the face of the best quality show them.")
@json_option
@click.pass_context
def describe_person(
    context: click.Context,
    name: str,
    collection_id: str,
    metadata: dict[str, str],
    no_metadata: bool,
    cover: str | None,
    no_cover: bool,
) -> None:
    """Note metadata of a person, or choose the face that shows them."""
    if (metadata and no_metadata) or (cover and no_cover):
        raise click.UsageError("give what is to be noted, or that nothing is, and not both")
    if cover is not None and not is_face_id(cover):
        raise click.BadParameter("it is no id of a face", param_hint="--cover")
    fields: dict[str, Any] = {}
    if metadata or no_metadata:
        fields["metadata"] = metadata
    if cover or no_cover:
        fields["cover"] = cover
    if not fields:
        raise click.UsageError("give --metadata, --no-metadata, --cover or --no-cover")
    changed = open_service(context).change_person(collection_id, name, fields)
    shown_by = f"shown by face {changed.cover}" if changed.cover else "shown by their best face"
    say(f"{changed.person!r}: {shown_pairs(changed.metadata)}, {shown_by}", changed)


@people.command("erase")
@_NAME
@_COLLECTION
@yes_option
@json_option
@click.pass_context
def erase_person(context: click.Context, name: str, collection_id: str) -> None:
    """Erase a person for good; efr people forget does the same.

    Stored photos of them and results that name them go too.
    """
    service = open_service(context)

    def told() -> str:
        try:
            person = service.person(collection_id, name)
        except PersonNotFound:
            return f"This erases what an erasure that broke off left of {name!r}, if any"
        found = f"{counted(len(person.faces), 'face')} of {person.person!r} in {collection_id!r}"
        note = " and a consent note" if person.consent is not None else ""
        return f"This erases {found}{note}, with the photos and results that show or name them"

    confirm(told)
    tell_erasure(f"{name!r}", service.erase_person(collection_id, name))


people.add_command(erase_person, "forget")


def _faces(service: Service, collection_id: str, person: str) -> int:
    """Return how many faces of a person are enrolled; 0 if there is no such person."""
    try:
        return len(service.person(collection_id, person).faces)
    except PersonNotFound:
        return 0


def _lines(person: PersonFaces) -> Iterator[str]:
    yield f"{person.person}: {counted(len(person.faces), 'face')}, id {person.person_id}"
    yield f"metadata: {shown_pairs(person.metadata)}"
    consented = "none" if person.consent is None else f"of {person.consent.date}"
    yield f"consent note: {consented}"
    yield _FACE_ROW.format("face", "quality", "enrolled", "photo")
    for face in person.faces:
        row = _FACE_ROW.format(
            face.face_id,
            "-" if face.quality is None else f"{face.quality:g}",
            _minute(face.enrolled_at),
            printable(face.image_id),
        )
        yield f"{row}{'  (cover)' if face.face_id == person.cover else ''}"


def _minute(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
