"""Upgrade: galleries of older versions are brought up to date."""

from contextlib import suppress

import click
from tqdm import tqdm

from core.errors import CollectionNotFound
from efr_cli.collection_commands import all_collections
from efr_cli.context import open_context


@click.command()
@click.pass_context
def upgrade(context: click.Context) -> None:
    """Bring the galleries of all collections up to date.

    They get what this version keeps and an older one did not. Whoever enrols into a collection
    does it, too. Searches and enrolments continue meanwhile. Interrupted, it can be run again.
    """
    parts = open_context(context)
    found = [each for each in all_collections(parts) if each.state == "active" and each.model]
    changed = 0
    for collection in tqdm(found, desc="upgraded", unit="collection", disable=None):
        with suppress(CollectionNotFound):  # erased meanwhile
            changed += parts.index.upgrade(collection.gallery_id)
    click.echo(f"{len(found)} collections are up to date, {changed} of them were not before")
