"""The command that searches a collection for the faces of a photo."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

import click

from core.collections.matches import By, FaceMatch, Matched, PersonMatch, SearchedFace
from core.errors import InvalidPhoto, RecognitionFailed
from core.jobs.recognition_job import DEFAULT_COLLECTION, UNKNOWN, poorness
from efr_cli.context import open_context
from efr_cli.errors import Quality, Refused, Similarity, finish, pairs, printable
from efr_cli.words import counted

_MATCHES: Final = 10


@click.command()
@click.argument("photo", type=click.Path(path_type=Path, resolve_path=True))
@click.option(
    "--collection",
    "collection_id",
    default=DEFAULT_COLLECTION,
    show_default=True,
    metavar="ID",
)
@click.option(
    "--threshold", type=Similarity(), help="Lowest similarity, instead of the collection's."
)
@click.option("--all-faces", is_flag=True, help="Search for every face, not only the largest.")
@click.option(
    "--min-quality", type=Quality(), help="Lowest quality of a face, instead of the service's own."
)
@click.option(
    "--by",
    type=click.Choice(get_args(By)),
    default="person",
    show_default=True,
    help="Search for people, or for single enrolled faces.",
)
@click.option(
    "--metadata",
    metavar="KEY=VALUE",
    multiple=True,
    callback=pairs,
    help="Search only for people whose metadata have this; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what POST /faces/match answers.")
@click.pass_context
def match(
    context: click.Context,
    photo: Path,
    collection_id: str,
    threshold: float | None,
    all_faces: bool,
    min_quality: float | None,
    by: By,
    metadata: dict[str, str],
    as_json: bool,
) -> None:
    """Say whose face is on PHOTO.

    The command prints the people who are like it, most similar first: similarity, distance,
    name, number of their enrolled faces, and the nearest of these.
    """
    try:
        content = photo.read_bytes()
    except OSError as error:
        raise Refused("UNREADABLE", f"{photo}: {error.strerror}") from error
    parts = open_context(context)
    parts.collections.get(collection_id)  # before any model is loaded
    try:
        with parts.recognizer(1) as recognizer:
            found = parts.matching(recognizer.recognise).match(
                content,
                collection_id,
                threshold=threshold,
                max_matches=_MATCHES,
                all_faces=all_faces,
                min_quality=min_quality,
                by=by,
                metadata=metadata,
            )
    except (InvalidPhoto, RecognitionFailed) as error:
        _unused(photo, f"{error.code}: {error}")
        return
    click.echo(found.model_dump_json(indent=2) if as_json else "\n".join(_lines(found)))
    if not found.faces:
        _unused(photo, "NO_FACE: no face was found")


def _unused(photo: Path, reason: str) -> None:
    click.echo(f"not used: {printable(photo)}: {reason}", err=True)
    finish(1)


def _lines(found: Matched) -> Iterator[str]:
    yield (
        f"{counted(len(found.faces), 'face')} searched in {found.collection_id!r} "
        f"from similarity {found.threshold:g}, {found.ignored_faces} ignored"
    )
    for number, face in enumerate(found.faces, start=1):
        yield from _face_lines(number, face)


def _face_lines(number: int, face: SearchedFace) -> Iterator[str]:
    box = face.searched_face.box
    size = f"{box.width:.0f} x {box.height:.0f}"
    yield f"face {number} at {box.left:.0f}, {box.top:.0f}, {size} pixels"
    if face.warning is not None:
        yield f"  {face.warning}: {poorness(face.searched_face)}"
    if not face.matches:
        yield f"  {UNKNOWN}"
    yield from map(_match_line, face.matches)


def _match_line(like: PersonMatch | FaceMatch) -> str:
    name = like.person or "(no name)"
    line = f"  {like.similarity:5.1f}  {like.distance:.3f}  {name}"
    if isinstance(like, FaceMatch):
        return f"{line}  {like.face_id}"
    again = "  (the same person?)" if like.may_be_same_person else ""
    return f"{line}  {counted(like.faces, 'face')}  {like.face_id}{again}"
