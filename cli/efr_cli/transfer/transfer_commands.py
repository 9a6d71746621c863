"""Export, import and rebuild: faces are moved without being recognised again."""

import sys
from collections.abc import Callable, Iterator, Set
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final, TypedDict, TypeVar

import click
from tqdm import tqdm

from core.collections.collection import Collection, check_model
from core.collections.consents import Consents
from core.collections.person_notes import PersonRecord
from core.errors import PersonNotFound
from core.faces.results import Model
from core.ground.authors import TYPIST
from core.ports import EnrolledFace
from efr_cli.context import CliContext, open_context
from efr_cli.errors import Refused
from efr_cli.output import json_option, say
from efr_cli.words import counted

if TYPE_CHECKING:
    from efr_cli.transfer.parquet import FacesFile, RecordsOf

_STANDARD: Final = Path("-")
"""Standard input or output."""

F = TypeVar("F", bound=Callable[..., object])


def _collection_option(function: F) -> F:
    return click.option("--collection", "collection_id", required=True, metavar="ID")(function)


def _file_argument(function: F) -> F:
    kind = click.Path(path_type=Path, resolve_path=True, dir_okay=False, allow_dash=True)
    return click.argument("file", metavar="FILE.parquet", type=kind)(function)


@click.command()
@_file_argument
@_collection_option
@json_option
@click.pass_context
def export(context: click.Context, file: Path, collection_id: str) -> None:
    """Write all faces of a collection to a file.

    It is a Parquet file, or - for standard output. Faces are biometric data, so only the
    file's owner may read it. The file may lack faces that are enrolled while the command runs.
    """
    # Only here: pyarrow takes a moment, which --help can do without.
    from efr_cli.transfer.parquet import write_faces, write_stream

    if not file.parent.is_dir():
        raise Refused("NO_FOLDER", f"{file.parent} is not a folder")
    if file == _STANDARD and sys.stdout.isatty():
        raise click.UsageError("a terminal can't show a Parquet file: give a file, or a pipe")
    parts = open_context(context)
    collection = parts.collections.fresh_if_empty(collection_id)
    first = next(_pages(parts, collection, limit=1), None) if collection.model else None
    if collection.model is None or not first:
        raise Refused("NO_FACES", f"collection {collection_id!r} has no faces")
    model = collection.model
    total = parts.people.count(collection)
    with tqdm(desc="exported", total=total, unit="face", disable=None) as bar:
        pages = _counted(parts, collection, bar.update)
        facts = _Facts(
            model=model, length=len(first[0].embedding), records_of=_records(parts, collection_id)
        )
        if file == _STANDARD:
            written = _to_standard_output(lambda whole: write_stream(whole, pages, **facts))
        else:
            written = write_faces(file, pages, **facts)
    parts.audit.add("export", TYPIST, collection_id=collection_id, counts={"faces": written})
    answer = {"collection_id": collection_id, "faces": written, "file": str(file)}
    said = f"{counted(written, 'face')} of {collection_id!r} in {file}"
    say(said, answer, err=file == _STANDARD)


class _Facts(TypedDict):
    """What a file says of its faces."""

    model: Model
    length: int
    records_of: "RecordsOf | None"


def _to_standard_output(write: Callable[[IO[bytes]], int]) -> int:
    """Write to standard output, once all is written: half a file would be of no use."""
    with TemporaryFile() as whole:
        written = write(whole)
        whole.seek(0)
        copyfileobj(whole, sys.stdout.buffer)
    return written


def _records(parts: CliContext, collection_id: str) -> "RecordsOf | None":
    """Return what finds what is known of people, None if nothing is of anybody."""
    marks = parts.consents.marks(collection_id)
    known: dict[str, PersonRecord] = {}
    asked: set[str] = set()

    def records_of(people: Set[str]) -> dict[str, PersonRecord]:
        known.update(parts.consents.of_all(collection_id, people - asked, among=marks))
        asked.update(people)
        return known

    return records_of if marks else None


def _counted(
    parts: CliContext, collection: Collection, count: Callable[[float], object]
) -> Iterator[list[EnrolledFace]]:
    from efr_cli.transfer.parquet import PAGE

    for page in _pages(parts, collection, limit=PAGE):
        yield page
        count(len(page))


def _pages(
    parts: CliContext, collection: Collection, *, limit: int
) -> Iterator[list[EnrolledFace]]:
    from efr_cli.transfer.galleries import pages_of

    gallery_id = collection.gallery_id
    return pages_of(parts.collections, parts.index, collection, gallery_id, limit=limit)


@click.command("import")
@_file_argument
@_collection_option
@json_option
@click.pass_context
def import_faces(context: click.Context, file: Path, collection_id: str) -> None:
    """Add the faces of an exported file to a collection.

    FILE.parquet may be - for standard input. The collection must exist. The command checks the
    whole file first, and changes nothing if it is damaged or holds faces of another model. A
    second import changes nothing. People who are erased while it runs are left out.
    """
    from efr_cli.transfer.parquet import FacesFile

    if file == _STANDARD:
        # A Parquet file is read from its end. This one has no name that others could open.
        with TemporaryFile() as whole:
            copyfileobj(sys.stdin.buffer, whole)
            _import(context, FacesFile(file, whole), collection_id)
    else:
        _import(context, FacesFile(file), collection_id)


def _import(context: click.Context, source: "FacesFile", collection_id: str) -> None:
    parts = open_context(context)
    began_at = parts.collections.erasures.clock()
    check_model(parts.collections.get(collection_id), source.model)
    for _ in tqdm(source.pages(), desc="checked", unit="page", disable=None):
        pass
    changed = 0
    with tqdm(desc="imported", total=source.count, unit="face", disable=None) as bar:
        for page in source.pages():
            # The job that a file names may be anybody's: faces that are here keep their own.
            faces = [replace(face, job_id=None) for face in page]
            added = parts.writer.add(collection_id, faces, model=source.model, accepted_at=began_at)
            changed += added.changed
            bar.update(len(page))
    for person, record in source.records.items():
        with suppress(PersonNotFound):  # erased meanwhile, or the faces have other names here
            _note(parts.consents, collection_id, person, record, began_at)
    parts.audit.add(
        "import",
        TYPIST,
        collection_id=collection_id,
        counts={"faces": source.count, "changed": changed},
    )
    read = counted(source.count, "face")
    answer = {"collection_id": collection_id, "faces": source.count, "changed": changed}
    say(f"{read} in {collection_id!r}, {changed} of them new or changed", answer)


def _note(
    consents: Consents, collection_id: str, person: str, record: PersonRecord, began_at: datetime
) -> None:
    if record.consent is not None:
        consents.set(collection_id, person, record.consent, accepted_at=began_at, replace=False)
    if record.metadata:
        consents.set_metadata(
            collection_id, person, record.metadata, accepted_at=began_at, replace=False
        )


@click.command()
@_collection_option
@json_option
@click.pass_context
def rebuild(context: click.Context, collection_id: str) -> None:
    """Move a collection to a fresh gallery.

    Searches continue meanwhile.
    """
    from efr_cli.transfer.rebuilding import rebuild_gallery

    faces = rebuild_gallery(open_context(context), collection_id)
    answer = {"collection_id": collection_id, "faces": faces}
    say(f"{counted(faces, 'face')} of {collection_id!r} moved to a fresh gallery", answer)
