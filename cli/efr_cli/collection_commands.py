"""Collections: list, show, create, change, delete."""

from typing import Any, Final

import click

from core.collections.erasing.receipts import Receipt
from core.errors import CollectionNotFound
from efr_cli.confirming import confirm, yes_option
from efr_cli.errors import Similarity, pairs
from efr_cli.output import begun, head, json_option, say
from efr_cli.service.opening import open_service
from efr_cli.words import PEOPLE, counted, shown_pairs

_REST: Final = "{:>9}  {:<24} {:<8} {}"


@click.group()
def collections() -> None:
    """List, show, create, change and erase collections."""


@collections.command("list")
@click.option("--counts", is_flag=True, help="Count persons and faces, which takes longer.")
@json_option
@click.pass_context
def list_collections(context: click.Context, counts: bool) -> None:
    """List all collections with threshold, model and state."""
    found = begun(open_service(context).collections(counts=counts))
    head(
        _row(
            "collection",
            ("persons", "faces") if counts else (),
            "threshold",
            "model",
            "state",
            "created",
        )
    )
    for each in found:
        model = each.model
        row = _row(
            each.collection_id,
            (_number(each.persons), _number(each.faces)) if counts else (),
            f"{each.threshold:g}",
            "-" if model is None else f"{model.name} {model.version}",
            each.state,
            f"{each.created_at:%Y-%m-%d %H:%M}",
        )
        say(row, each)


@collections.command("show")
@click.argument("collection_id", metavar="ID")
@json_option
@click.pass_context
def show_collection(context: click.Context, collection_id: str) -> None:
    """Show one collection, with persons and faces."""
    found = open_service(context).collection(collection_id)
    model = "none yet" if found.model is None else f"{found.model.name} {found.model.version}"
    false_names = found.expected_false_names
    said = "" if false_names is None else f", which names {false_names:.2%} of strangers"
    lines = [
        f"{found.collection_id}: {counted(found.persons, *PEOPLE)}, {counted(found.faces, 'face')}",
        f"created: {found.created_at:%Y-%m-%d %H:%M}",
        f"threshold: {found.threshold:g}{said}",
        f"model: {model}",
        f"metadata: {shown_pairs(found.metadata)}",
    ]
    say("\n".join(lines), found)


def _row(collection: str, counts: tuple[str, ...], *more: str) -> str:
    numbers = "".join(f" {count:>9}" for count in counts)
    return f"{collection:<32}{numbers} {_REST.format(*more)}"


def _number(count: int | None) -> str:
    return "-" if count is None else str(count)


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
@json_option
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
    fields = {"threshold": threshold, "false_name_rate": false_name_rate, "metadata": metadata}
    made = open_service(context).create_collection(collection_id, fields)
    say(f"collection {collection_id!r} was created", made)


@collections.command("change")
@click.argument("collection_id", metavar="ID")
@click.option("--threshold", type=Similarity(), help="Lowest similarity of a match, 0 to 100.")
@_FALSE_NAME_RATE
@click.option(
    "--default", "as_usual", is_flag=True, help="Take both away: the service's rate holds."
)
@json_option
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
    fields: dict[str, Any] = {"threshold": threshold, "false_name_rate": false_name_rate}
    changed = open_service(context).change_collection(collection_id, fields)
    say(f"collection {collection_id!r}: threshold {changed.threshold:g}", changed)


@collections.command("delete")
@click.argument("collection_id", metavar="ID")
@yes_option
@json_option
@click.pass_context
def delete_collection(context: click.Context, collection_id: str) -> None:
    """Erase a collection for good.

    Its people, their photos and the results that name them go too.
    """
    service = open_service(context)

    def told() -> str:
        try:
            found = service.collection(collection_id)
        except CollectionNotFound:
            return f"This erases what an erasure that broke off left of {collection_id!r}, if any"
        counts = f"{counted(found.persons, *PEOPLE)} and {counted(found.faces, 'face')}"
        return f"This erases collection {collection_id!r} with {counts}, their photos and results"

    confirm(told)
    receipt = service.delete_collection(collection_id)
    tell_erasure(f"collection {collection_id!r}", receipt)


def tell_erasure(what: str, receipt: Receipt) -> None:
    """Print what was erased, and how to see the receipt."""
    removed = receipt.removed
    counts = f"{counted(removed.faces, 'face')}, {counted(removed.jobs, 'job')}"
    say(f"{what} was erased: {counts}", receipt)
    click.echo(f"efr receipt {receipt.receipt_id} prints the receipt", err=True)
