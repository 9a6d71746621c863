"""Upgrade and reembed: galleries of older versions, and of other models, are brought up to date."""

from contextlib import suppress
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from core.collections.collection import Collection
from core.errors import CollectionNotFound
from efr_cli.confirming import confirm, yes_option
from efr_cli.context import CliContext, open_context
from efr_cli.errors import ExitCode
from efr_cli.output import json_option, say
from efr_cli.service.own import all_collections
from efr_cli.words import counted

if TYPE_CHECKING:
    from efr_cli.transfer.gallery_of_crops import Left


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be changed.")
@json_option
@click.pass_context
def upgrade(context: click.Context, dry_run: bool) -> None:
    """Bring the galleries of all collections up to date.

    They get what this version keeps and an older one did not. Whoever enrols into a collection
    does it, too. Searches and enrolments continue meanwhile. Interrupted, it can be run again.
    """
    parts = open_context(context)
    found = [each for each in all_collections(parts) if each.state == "active" and each.model]
    if dry_run:
        _tell(parts, found)
        return
    changed = 0
    for collection in tqdm(found, desc="upgraded", unit="collection", disable=None):
        with suppress(CollectionNotFound):  # erased meanwhile
            changed += parts.index.upgrade(collection.gallery_id)
            parts.crops.sweep(collection.crops_folder, collection.gallery_id)
    say(
        f"{counted(len(found), 'collection')} up to date now, {changed} of them changed",
        {"collections": len(found), "changed": changed},
    )


def _tell(parts: CliContext, found: list[Collection]) -> None:
    outdated: list[str] = []
    for collection in tqdm(found, desc="looked at", unit="collection", disable=None):
        with suppress(CollectionNotFound):  # erased meanwhile
            if parts.index.is_outdated(collection.gallery_id):
                outdated.append(collection.collection_id)
    lines = [f"{each!r} gets what this version keeps of each face" for each in outdated]
    lines.append(
        f"{len(outdated)} of {counted(len(found), 'collection')} would be changed; nothing was"
    )
    say("\n".join(lines), {"collections": len(found), "outdated": outdated})


@click.command()
@click.argument("collection_id", metavar="COLLECTION")
@click.option(
    "--leave-out", is_flag=True, help="Erase the faces that can't be embedded, and switch over."
)
@yes_option
@json_option
@click.pass_context
def reembed(context: click.Context, collection_id: str, leave_out: bool) -> None:
    """Embed a collection with the present engine, from the kept pictures.

    The former embeddings answer until all faces are done; then the collection is switched over at
    once. Faces that can't be embedded are named, and nothing is switched. Interrupted, it goes on
    where it was.
    """
    from efr_cli.transfer.reembedding import reembed as reembed_collection

    if leave_out:
        confirm(lambda: f"This erases the faces of {collection_id!r} that can't be embedded")
    done = reembed_collection(open_context(context), collection_id, leave_out=leave_out)
    for left in done.left:
        what = f"face {left.face.face_id} of {left.face.person!r} on {left.face.image_id!r}"
        click.echo(f"{left.reason}: {what}", err=True)
    said = f"{counted(done.faces, 'face')} of {collection_id!r} embedded, {len(done.left)} not"
    answer = {
        "collection_id": collection_id,
        "faces": done.faces,
        "unused": [_unused(left) for left in done.left],
        "is_complete": done.is_done,
    }
    say(f"{said}; {'they are used now' if done.is_done else 'the former ones stay'}", answer)
    if done.left or not done.is_done:
        context.exit(ExitCode.SOME_UNUSED)


def _unused(left: "Left") -> dict[str, str | None]:
    face = left.face
    return {
        "face_id": face.face_id,
        "person": face.person,
        "image_id": face.image_id,
        "reason": left.reason,
    }
