"""The command that indexes photos of a bucket in bulk."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click
from pydantic import ValidationError

from core.jobs.index_job import DEFAULT_MAX_FACES, IndexOptions, IndexRequest
from efr_cli.context import CliContext, open_context
from efr_cli.errors import (
    GO_ON,
    Interrupted,
    Quality,
    Refused,
    finish,
    named_server,
    printable,
    usage_error,
)
from efr_cli.index.bulk import BulkRun
from efr_cli.index.folder import FolderRun, photos_below
from efr_cli.index.journal import BulkRequest, open_journal
from efr_cli.index.remarks import Remark
from efr_cli.output import json_option, say
from efr_cli.service.opening import open_sending
from efr_cli.words import counted

_PLACE: Final = re.compile(r"s3://([^/]+)(?:/(.*))?", re.DOTALL)


Place = tuple[str, str] | Path
"""A bucket and a prefix, or a folder."""


def _place(context: click.Context, parameter: click.Parameter, value: str) -> Place:
    if not value.startswith("s3:"):
        return Path(value).absolute()
    match = _PLACE.fullmatch(value)
    if match is None:
        raise click.BadParameter("write s3://BUCKET/PREFIX or a folder")
    return match[1], match[2] or ""


@click.command()
@click.argument("place", metavar="FOLDER|s3://BUCKET/PREFIX", callback=_place)
@click.option("--collection", "collection_id", required=True, metavar="ID")
@click.option(
    "--max-faces",
    type=click.IntRange(1, 100),
    default=DEFAULT_MAX_FACES,
    show_default=True,
    help="Add at most this many faces of a photo, largest first.",
)
@click.option("--person", metavar="NAME", help="The person on these photos; adds the largest face.")
@click.option("--largest", is_flag=True, help="Add the largest face, even if others are as large.")
@click.option(
    "--min-quality", type=Quality(), help="Lowest quality of a face, instead of the service's own."
)
@json_option
@click.pass_context
def index(
    context: click.Context,
    place: Place,
    collection_id: str,
    max_faces: int,
    person: str | None,
    *,
    largest: bool,
    min_quality: float | None,
) -> None:
    """Index all photos of a folder, or below a prefix.

    The running workers index them, and the command waits. A bucket must be one of
    ALLOWED_BUCKETS. Photos of a folder are sent to the service, unless faces of them are
    enrolled already.

    If you press Ctrl-C, run the same command again: it continues. At the end it lists every
    photo that was not indexed, with the reason.
    """
    try:
        request = IndexRequest(
            collection_id=collection_id,
            max_faces=max_faces,
            person=person,
            largest=largest,
            min_quality=min_quality,
        )
    except ValidationError as error:
        raise usage_error(error, f"--{error.errors()[0]['loc'][0]}".replace("_id", "")) from None
    if isinstance(place, Path):
        _index_folder(context, place, request)
    else:
        _index_bucket(context, place, request)


def _index_folder(context: click.Context, folder: Path, request: IndexRequest) -> None:
    if not folder.is_dir():
        raise Refused("NO_FOLDER", f"{folder} is not a folder")
    photos = photos_below(folder)
    if not photos:
        raise Refused("NO_PHOTOS", f"{folder} has no photos")
    sending = open_sending(context)
    sending.require(request.collection_id)
    run = FolderRun(sending=sending)
    try:
        run.index([(photo, request) for photo in photos])
    except KeyboardInterrupt:
        raise Interrupted(f"the workers index what was sent; {GO_ON} for the rest") from None
    _tell(
        _Report(
            collection_id=request.collection_id,
            photos=len(photos),
            faces=run.faces,
            remarks=run.remarks,
            known=len(run.known),
        )
    )


def _index_bucket(context: click.Context, place: tuple[str, str], request: IndexRequest) -> None:
    if named_server(context):
        raise click.UsageError(
            "--server is not for s3://…, which notes what it has sent where the service's "
            "settings are: POST /faces/index/batch takes a prefix"
        )
    options = IndexOptions(**dict(request.model_dump(exclude={"box"})))
    run = _open_run(open_context(context), place, options)
    try:
        _complete(run)
    except KeyboardInterrupt:
        submitted = sum(len(batch.keys) for batch in run.journal.batches)
        raise Interrupted(
            f"{counted(submitted, 'photo')} submitted, and the workers go on; "
            f"{GO_ON} to submit the others and to see the report"
        ) from None


def _open_run(parts: CliContext, place: tuple[str, str], request: IndexOptions) -> BulkRun:
    bucket, prefix = place
    run_request = BulkRequest(
        bucket=parts.batch_requests.sources.bucket(bucket),
        prefix=prefix,
        request=request,
        collection_created_at=parts.collections.get(request.collection_id).created_at,
    )
    return BulkRun(parts=parts, journal=open_journal(parts.run_folder, run_request))


def _complete(run: BulkRun) -> None:
    run_request = run.journal.run_request
    run.forget_lost_batches()
    run.submit()
    if not run.journal.batches and not run.refused:
        raise Refused(
            "NO_PHOTOS", f"no key of bucket {run_request.bucket!r} begins with that prefix"
        )
    run.wait()
    remarks = [
        replace(remark, key=f"s3://{run_request.bucket}/{remark.key}") for remark in run.remarks()
    ]
    run.journal.remove()
    _tell(
        _Report(
            collection_id=run_request.request.collection_id,
            photos=run.photos,
            faces=run.faces,
            remarks=remarks,
        )
    )


@dataclass(frozen=True, kw_only=True)
class _Report:
    """What became of a run's photos; of ``known`` ones faces were there before."""

    collection_id: str
    photos: int
    faces: int
    remarks: list[Remark]
    known: int = 0


def _tell(report: _Report) -> None:
    """Print a report, with a line for each photo that was not indexed in full."""
    unused = sum(not remark.used for remark in report.remarks)
    indexed = report.photos - unused - report.known
    known = f", {report.known} there before" if report.known else ""
    answer = {
        "collection_id": report.collection_id,
        "photos": report.photos,
        "indexed": indexed,
        "faces": report.faces,
        "known": report.known,
        "unused": [
            {"photo": each.key, "reason": each.reason, "is_indexed_in_part": each.used}
            for each in report.remarks
        ],
    }
    for remark in report.remarks:
        what = "indexed in part" if remark.used else "not indexed"
        click.echo(f"{what}: {printable(remark.key)}: {remark.reason}", err=True)
    say(
        f"{counted(report.photos, 'photo')}: {indexed} indexed "
        f"with {counted(report.faces, 'face')} in {report.collection_id!r}, {unused} not{known}",
        answer,
    )
    finish(unused)
