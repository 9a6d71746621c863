"""The command that searches a collection for the faces of photos."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, get_args

import click

from core.collections.matches import By, FaceMatch, Matched, PersonMatch, SearchedFace
from core.errors import InvalidPhoto, RecognitionFailed
from core.jobs.recognition_job import DEFAULT_COLLECTION, UNKNOWN, poorness
from efr_cli.errors import Quality, Refused, Similarity, finish, pairs, printable
from efr_cli.output import json_option, say
from efr_cli.service.opening import open_service
from efr_cli.service.queries import MatchQuery
from efr_cli.words import counted

STANDARD_INPUT: Final = Path("-")


@click.command()
@click.argument(
    "photos",
    metavar="PHOTO...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, resolve_path=True, allow_dash=True),
)
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
@json_option
@click.pass_context
def match(
    context: click.Context,
    photos: tuple[Path, ...],
    collection_id: str,
    threshold: float | None,
    all_faces: bool,
    min_quality: float | None,
    by: By,
    metadata: dict[str, str],
) -> None:
    """Say whose faces are on photos.

    PHOTO is a file, or - for standard input. The command prints the people who are like a
    face, most similar first: similarity, distance, name, number of their enrolled faces, and
    the nearest of these.
    """
    readable = [photo for photo in photos if _is_readable(photo)]
    if not readable:
        raise Refused("UNREADABLE", f"{photos[0]}: {_reason(photos[0])}")
    query = MatchQuery(
        collection_id=collection_id,
        threshold=threshold,
        all_faces=all_faces,
        min_quality=min_quality,
        by=by,
        metadata=metadata,
    )
    service, several = open_service(context), len(photos) > 1
    with service.matcher(query, photos=len(readable)) as matcher:
        found = _in_order(photos, partial(_answer, matcher.match), threads=matcher.threads)
        unused = sum(_show(photo, answer, several) for photo, answer in found)
    finish(unused)


def _in_order(
    photos: Sequence[Path], answer: Callable[[Path], Matched | str], *, threads: int
) -> Iterator[tuple[Path, Matched | str]]:
    executor = ThreadPoolExecutor(max_workers=threads)
    try:
        yield from zip(photos, executor.map(answer, photos), strict=True)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _answer(match: Callable[[bytes], Matched], photo: Path) -> Matched | str:
    """Return what was found on a photo, or why it can't be used."""
    try:
        return match(_content(photo))
    except OSError as error:
        return f"UNREADABLE: {error.strerror}"
    except (InvalidPhoto, RecognitionFailed) as error:
        return f"{error.code}: {error}"


def _content(photo: Path) -> bytes:
    if photo == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    return photo.read_bytes()


def _is_readable(photo: Path) -> bool:
    return _reason(photo) is None


def _reason(photo: Path) -> str | None:
    """Return why a file can't be opened."""
    if photo == STANDARD_INPUT:
        return None
    try:
        photo.open("rb").close()
    except OSError as error:
        return error.strerror
    return None


def _show(photo: Path, answer: Matched | str, several: bool) -> bool:
    """Print what was found on a photo; tell whether it was of no use."""
    if isinstance(answer, str):
        code, _, message = answer.partition(": ")
        say(None, {"photo": str(photo), "code": code, "error": message})
        return _unused(photo, answer)
    name = f"{printable(photo)}: " if several else ""
    say(name + "\n".join(_lines(answer)), {"photo": str(photo), **answer.model_dump(mode="json")})
    return not answer.faces and _unused(photo, "NO_FACE: no face was found")


def _unused(photo: Path, reason: str) -> bool:
    click.echo(f"not used: {printable(photo)}: {reason}", err=True)
    return True


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
