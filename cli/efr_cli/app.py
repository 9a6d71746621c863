"""The command line: all commands together."""

import click

from efr_cli.audit_commands import audit, receipt
from efr_cli.calibrate_command import calibrate
from efr_cli.collection_commands import collections
from efr_cli.daemon_commands import autoscaler, serve, worker
from efr_cli.dead_letter_commands import dead_letters
from efr_cli.enroll.enroll_command import enroll
from efr_cli.errors import ErrorReportingGroup
from efr_cli.group_commands import groups
from efr_cli.index.index_command import index
from efr_cli.key_commands import TENANT, keys
from efr_cli.match_command import match
from efr_cli.people_commands import people
from efr_cli.transfer.transfer_commands import export, import_faces, rebuild
from efr_cli.transfer.upgrade_command import reembed, upgrade


@click.group(cls=ErrorReportingGroup)
@click.option("--tenant", type=TENANT, help="Tenant whose data a command is about.")
def main(tenant: str | None) -> None:
    """Run a face recognition service: start it, enrol people, match faces.

    Settings come from the environment and from .env in the repository's root.

    \b
    Exit codes:
      0    everything was done
      1    some photos were not used; each is named with its reason
      2    wrong usage, or nothing could be done
      130  interrupted
    """  # noqa: D301 - click's mark for text that keeps its lines


for command in (
    collections,
    people,
    groups,
    enroll,
    index,
    match,
    calibrate,
    export,
    import_faces,
    rebuild,
    upgrade,
    reembed,
    keys,
    audit,
    receipt,
    dead_letters,
    serve,
    worker,
    autoscaler,
):
    main.add_command(command)
