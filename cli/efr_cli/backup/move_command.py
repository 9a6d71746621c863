"""Move of everything to another deployment."""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from core.ground.authors import TYPIST
from efr_cli.context import named_tenant, open_context
from efr_cli.output import json_option, say
from efr_cli.words import counted

if TYPE_CHECKING:
    from core.bootstrap.shared import Shared


@click.command()
@click.option(
    "--to",
    "target",
    metavar="FILE.env",
    type=click.Path(path_type=Path, resolve_path=True, dir_okay=False, exists=True),
    help="The settings of the other deployment, as in .env.",
)
@click.option("--cancel", is_flag=True, help="Let this deployment be written again.")
@json_option
@click.pass_context
def move(context: click.Context, target: Path | None, cancel: bool) -> None:
    """Move all collections of all tenants to another deployment.

    The service runs meanwhile. At last it answers requests that would change something with
    READ_ONLY, until it is started with the other settings; searches go on. The other deployment
    must have its buckets, and nothing in them. Interrupted, the command can be run again.
    """
    from efr_cli.backup.moving import cancel as cancel_move

    if named_tenant(context):
        raise click.UsageError("a move is of all tenants: leave --tenant out")
    if cancel == (target is not None):
        raise click.UsageError("give --to FILE.env, or --cancel")
    source = replace(open_context(context).shared, writes="always")
    context.call_on_close(source.index.close)
    if target is None:
        was_closed = cancel_move(source)
        said = "the service can be written again" if was_closed else "the service was not closed"
        say(said, {"was_closed": was_closed})
    else:
        _move(context, source, target)


def _move(context: click.Context, source: "Shared", target: Path) -> None:
    # Only here: --help need not wait for these.
    from core.access.data_format import check_format
    from core.bootstrap.infrastructure import Infrastructure
    from core.bootstrap.shared import Shared
    from core.settings import settings_of_file
    from efr_cli.backup.mirror import Mirror
    from efr_cli.backup.moving import Move
    from efr_cli.backup.saving import faces_in
    from efr_cli.late_index import with_late_index

    settings = settings_of_file(target)
    click.echo(f"to {settings.whereabouts}", err=True)
    there = Shared(settings, with_late_index(Infrastructure.of(settings)), writes="always")
    context.call_on_close(there.index.close)
    for shared in (source, there):
        check_format(shared.gallery)  # neither has a gate that would look
    depth = source.infrastructure.depth([source.settings.sqs_index_queue_name], [])
    with tqdm(desc="compared", unit="face", disable=None) as bar:
        mirror = Mirror(
            source=source,
            target=there,
            on_faces=bar.update,
            on_pass=lambda: bar.reset(total=faces_in(source)),
        )
        Move(
            source=source,
            target=there,
            mirror=mirror,
            jobs=lambda: depth().jobs,
            sleep=source.infrastructure.sleep,
            tell=partial(bar.write, file=sys.stderr),
        ).run()
    counts = {"collections": mirror.collections, "faces": mirror.faces}
    for shared in (source, there):
        shared.audit.add("move", TYPIST, counts=counts)
    moved = f"{counted(mirror.collections, 'collection')} with {counted(mirror.faces, 'face')}"
    say(
        f"{moved} moved; start the service with the settings of {target} now",
        {"settings": str(target), **counts},
    )
