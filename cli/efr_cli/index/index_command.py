"""The command that indexes photos of a bucket in bulk."""

import re
from typing import Final

import click
from pydantic import ValidationError

from core.jobs.index_job import DEFAULT_MAX_FACES, IndexOptions
from efr_cli.context import CliContext, open_context
from efr_cli.errors import GO_ON, Interrupted, Quality, Refused, finish, printable, usage_error
from efr_cli.index.bulk import BulkRun, Remark
from efr_cli.index.journal import BulkRequest, open_journal
from efr_cli.output import json_option, say
from efr_cli.words import counted

_PLACE: Final = re.compile(r"s3://([^/]+)(?:/(.*))?", re.DOTALL)


def _place(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, str]:
    match = _PLACE.fullmatch(value)
    if match is None:
        raise click.BadParameter("write s3://BUCKET/PREFIX")
    return match[1], match[2] or ""


@click.command()
@click.argument("place", metavar="s3://BUCKET/PREFIX", callback=_place)
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
    place: tuple[str, str],
    collection_id: str,
    max_faces: int,
    person: str | None,
    *,
    largest: bool,
    min_quality: float | None,
) -> None:
    """Index all photos below a prefix.

    The running workers index them, and the command waits. The bucket must be one of
    ALLOWED_BUCKETS.

    If you press Ctrl-C, run the same command again: it continues, and submits no photo twice.
    At the end it lists every photo that was not indexed, with the reason.
    """
    try:
        request = IndexOptions(
            collection_id=collection_id,
            max_faces=max_faces,
            person=person,
            largest=largest,
            min_quality=min_quality,
        )
    except ValidationError as error:
        raise usage_error(error, f"--{error.errors()[0]['loc'][0]}".replace("_id", "")) from None
    run = _open_run(open_context(context), place, request)
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
    remarks = _report(run)
    unused = sum(not remark.used for remark in remarks)
    run.journal.remove()
    collection_id = run_request.request.collection_id
    answer = {
        "collection_id": collection_id,
        "photos": run.photos,
        "indexed": run.photos - unused,
        "faces": run.faces,
        "unused": [
            {"image_id": each.key, "reason": each.reason, "is_indexed_in_part": each.used}
            for each in remarks
        ],
    }
    say(
        f"{counted(run.photos, 'photo')}: {run.photos - unused} indexed "
        f"with {counted(run.faces, 'face')} in {collection_id!r}, {unused} not",
        answer,
    )
    finish(unused)


def _report(run: BulkRun) -> list[Remark]:
    """Report photos that were not indexed, or in part only, and return the remarks."""
    remarks = []
    for remark in run.remarks():
        remarks.append(remark)
        what = "indexed in part" if remark.used else "not indexed"
        place = f"s3://{run.journal.run_request.bucket}/{remark.key}"
        click.echo(f"{what}: {printable(place)}: {remark.reason}", err=True)
    return remarks
