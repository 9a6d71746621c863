"""Collections: list, create, delete."""

from collections.abc import Iterator

import click

from core.collections.collection import Collection
from core.collections.erasing.receipts import Receipt
from core.ground.authors import TYPIST
from efr_cli.context import CliContext, open_context
from efr_cli.errors import Similarity, pairs
from efr_cli.words import counted

_PAGE = 100


@click.group()
def collections() -> None:
    """List, create and erase collections."""


@collections.command("list")
@click.pass_context
def list_collections(context: click.Context) -> None:
    """List all collections with persons, faces, threshold, model and state."""
    parts = open_context(context)
    row = "{:<32} {:>9} {:>9} {:>9}  {:<24} {:<8} {}"
    click.echo(
        row.format("collection", "persons", "faces", "threshold", "model", "state", "created")
    )
    for collection in all_collections(parts):
        model = collection.model
        click.echo(
            row.format(
                collection.collection_id,
                parts.people.count_people(collection) if collection.state == "active" else "-",
                parts.people.count(collection) if collection.state == "active" else "-",
                f"{parts.likeness.least(collection):g}",
                "-" if model is None else f"{model.name} {model.version}",
                collection.state,
                f"{collection.created_at:%Y-%m-%d %H:%M}",
            )
        )


def all_collections(parts: CliContext) -> Iterator[Collection]:
    """Yield every collection, in order of ids."""
    after = ""
    while page := parts.collections.page(limit=_PAGE, after=after):
        yield from page
        after = page[-1].collection_id


_FALSE_NAME_RATE = click.option(
    "--false-name-rate",
    type=click.FloatRange(min=0, max=0.5, min_open=True),
    help="How often a stranger may be given a name, over 0, at most 0.5.",
)


@collections.command("create")
@click.argument("collection_id", metavar="ID")
@click.option(
    "--threshold",
    type=Similarity(),
    help="Lowest similarity of a match, 0 to 100, instead of the one by the rate.",
)
@_FALSE_NAME_RATE
@click.option(
    "--metadata",
    metavar="KEY=VALUE",
    multiple=True,
    callback=pairs,
    help="A note to keep with the collection; may be repeated.",
)
@click.pass_context
def create_collection(
    context: click.Context,
    collection_id: str,
    threshold: float | None,
    false_name_rate: float | None,
    metadata: dict[str, str],
) -> None:
    """Create an empty collection.

    ID is 1 to 100 characters of A-Z a-z 0-9 _ . and -.
    """
    parts = open_context(context)
    parts.collections.create(
        collection_id, threshold=threshold, false_name_rate=false_name_rate, metadata=metadata
    )
    parts.audit.add("create_collection", TYPIST, collection_id=collection_id)
    click.echo(f"collection {collection_id!r} was created")


@collections.command("change")
@click.argument("collection_id", metavar="ID")
@click.option("--threshold", type=Similarity(), help="Lowest similarity of a match, 0 to 100.")
@_FALSE_NAME_RATE
@click.option(
    "--default", "as_usual", is_flag=True, help="Take both away: the service's rate holds."
)
@click.pass_context
def change_collection(
    context: click.Context,
    collection_id: str,
    threshold: float | None,
    false_name_rate: float | None,
    as_usual: bool,
) -> None:
    """Say how sure a name must be in a collection.

    A rate takes the collection's threshold away, unless both are given: then the threshold holds.
    """
    if as_usual == (threshold is not None or false_name_rate is not None):
        raise click.UsageError("give --threshold or --false-name-rate, or else --default")
    parts = open_context(context)
    changed = parts.collections.change(
        collection_id, {"threshold": threshold, "false_name_rate": false_name_rate}
    )
    parts.audit.add("change_collection", TYPIST, collection_id=collection_id)
    click.echo(f"collection {collection_id!r}: threshold {parts.likeness.least(changed):g}")


@collections.command("delete")
@click.argument("collection_id", metavar="ID")
@click.pass_context
def delete_collection(context: click.Context, collection_id: str) -> None:
    """Erase a collection for good.

    Its people, their photos and the results that name them go too.
    """
    receipt = open_context(context).erasure.collection(collection_id, TYPIST)
    tell_erasure(f"collection {collection_id!r}", receipt)


def tell_erasure(what: str, receipt: Receipt) -> None:
    """Print what was erased, and how to see the receipt."""
    removed = receipt.removed
    counts = f"{counted(removed.faces, 'face')}, {counted(removed.jobs, 'job')}"
    click.echo(f"{what} was erased: {counts}")
    click.echo(f"efr receipt {receipt.receipt_id} prints the receipt", err=True)
