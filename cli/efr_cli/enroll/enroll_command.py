"""The command that enrols a folder of people."""

from contextlib import suppress
from pathlib import Path

import click

from core.errors import CollectionExists, CollectionNotFound
from core.ground.authors import TYPIST
from core.jobs.index_job import IndexRequest
from core.jobs.recognition_job import DEFAULT_COLLECTION
from efr_cli.context import CliContext, open_context
from efr_cli.enroll.by_server import enrol_by_server
from efr_cli.enroll.folder import Enrolled, FolderEnrolment, Unused, Wanted, photos_of
from efr_cli.enroll.known_photos import KnownPhotos, Photos, sort_out
from efr_cli.errors import Quality, Refused, finish, named_server, printable
from efr_cli.output import json_option, say
from efr_cli.service.opening import open_http
from efr_cli.words import PEOPLE, counted


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, resolve_path=True))
@click.option(
    "--collection",
    "collection_id",
    default=DEFAULT_COLLECTION,
    show_default=True,
    metavar="ID",
    help="Created if it does not exist.",
)
@click.option("--largest", is_flag=True, help="Enrol the largest of several large faces.")
@click.option(
    "--min-quality", type=Quality(), help="Lowest quality of a face, instead of the service's own."
)
@click.option("--again", is_flag=True, help="Recognise also photos that are enrolled already.")
@json_option
@click.pass_context
def enroll(
    context: click.Context,
    folder: Path,
    collection_id: str,
    *,
    largest: bool,
    min_quality: float | None,
    again: bool,
) -> None:
    """Enrol a folder of people.

    Photos are FOLDER/<Person Name>/*.jpg (also png, webp, heic, avif, bmp).

    The command uses a photo that shows one face, or one that is far larger than the
    others. It reports every other file with the reason. A second run skips the photos that
    are enrolled.
    """
    if not folder.is_dir():
        raise Refused("NO_FOLDER", f"{folder} is not a folder")
    photos = list(photos_of(folder))
    if not photos:
        raise Refused("NO_PHOTOS", f"{folder} has no photos in folders of people")
    strays = [
        Unused(path=path, reason="NO_PERSON: not in a person's folder")
        for path in sorted(folder.iterdir())
        if path.is_file()
    ]
    if named_server(context):
        request = IndexRequest(
            collection_id=collection_id, largest=largest, min_quality=min_quality
        )
        enrolled = enrol_by_server(open_http(context), photos, request, again=again)
    else:
        parts = open_context(context)
        wanted = Wanted(
            largest=largest,
            min_quality=parts.min_enrol_quality if min_quality is None else min_quality,
        )
        enrolled = _enrol(parts, photos, collection_id, wanted, again=again)
    unused = enrolled.unused + strays
    _report(collection_id, enrolled, unused)
    finish(unused)


def _enrol(
    parts: CliContext, photos: Photos, collection_id: str, wanted: Wanted, *, again: bool
) -> Enrolled:
    began_at = parts.collections.erasures.clock()
    _ensure(parts, collection_id)
    known = KnownPhotos(owners={}, others=list(photos))
    if not again:
        known = sort_out(parts.people, collection_id, photos, threads=parts.threads)
    with parts.recognizer(parts.threads) as recognizer:
        enrolment = FolderEnrolment(
            collection_id=collection_id,
            writer=parts.writer,
            recognizer=recognizer,
            wanted=wanted,
            began_at=began_at,
            owners=dict(known.owners),
        )
        enrolment.enrol(known.others, threads=parts.threads)
    if enrolment.owners:
        parts.audit.add(
            "enrol",
            TYPIST,
            people=sorted(set(enrolment.owners.values())),
            collection_id=collection_id,
            counts={"faces": len(enrolment.owners), "changed": enrolment.changed},
        )
    return Enrolled(
        photos=len(enrolment.owners),
        persons=len(set(enrolment.owners.values())),
        changed=enrolment.changed,
        unused=enrolment.unused,
    )


def _report(collection_id: str, enrolled: Enrolled, unused: list[Unused]) -> None:
    answer = {
        "collection_id": collection_id,
        "photos": enrolled.photos,
        "persons": enrolled.persons,
        "changed": enrolled.changed,
        "unused": [{"photo": str(each.path), "reason": each.reason} for each in unused],
    }
    say(
        f"{counted(enrolled.photos, 'photo')} of {counted(enrolled.persons, *PEOPLE)} "
        f"in {collection_id!r}, {enrolled.changed} of them new",
        answer,
    )
    for photo in unused:
        click.echo(f"not enrolled: {printable(photo.path)}: {photo.reason}", err=True)


def _ensure(parts: CliContext, collection_id: str) -> None:
    try:
        parts.collections.get(collection_id)
    except CollectionNotFound:
        with suppress(CollectionExists):  # being erased: the next call says so
            parts.collections.create(collection_id)
            parts.audit.add("create_collection", TYPIST, collection_id=collection_id)
        parts.collections.get(collection_id)
