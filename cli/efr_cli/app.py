"""The command line: all commands together."""

from typing import Final

import click

from core import __version__
from efr_cli.errors import TENANT
from efr_cli.listing import Listed, ListingGroup

_COMMANDS: Final = (
    (
        "collections",
        "collection_commands:collections",
        "List, show, create, change and erase collections.",
    ),
    (
        "people",
        "people_commands:people",
        "List, change and erase the people of a collection.",
    ),
    ("groups", "group_commands:groups", "Name or ignore people whom nobody has named."),
    ("enroll", "enroll.enroll_command:enroll", "Enrol a folder of people."),
    ("index", "index.index_command:index", "Index all photos of a folder, or below a prefix."),
    (
        "match",
        "match_command:match",
        "Say whose faces are on photos.",
    ),
    (
        "calibrate",
        "calibrate_command:calibrate",
        "Measure on your own photos how often the engine is wrong.",
    ),
    (
        "export",
        "transfer.transfer_commands:export",
        "Write all faces of a collection to a file.",
    ),
    (
        "import",
        "transfer.transfer_commands:import_faces",
        "Add the faces of an exported file to a collection.",
    ),
    (
        "backup",
        "backup.backup_commands:backup",
        "Write all collections to a file, with all that belongs to them.",
    ),
    (
        "restore",
        "backup.backup_commands:restore",
        "Bring back what a backup holds and is not here.",
    ),
    (
        "move",
        "backup.move_command:move",
        "Move all collections of all tenants to another deployment.",
    ),
    ("rebuild", "transfer.transfer_commands:rebuild", "Move a collection to a fresh gallery."),
    (
        "upgrade",
        "transfer.upgrade_command:upgrade",
        "Bring the galleries of all collections up to date.",
    ),
    (
        "reembed",
        "transfer.upgrade_command:reembed",
        "Embed a collection with the present engine, from the kept pictures.",
    ),
    ("keys", "key_commands:keys", "Create, list, rotate and revoke API keys."),
    ("audit", "audit_commands:audit", "List the audit trail, oldest record first."),
    ("receipt", "audit_commands:receipt", "Print the receipt of an erasure, as JSON."),
    (
        "dead-letters",
        "dead_letter_commands:dead_letters",
        "List, show, redrive or purge dead letters.",
    ),
    ("status", "status.status_command:status", "Show the running service on one screen."),
    ("serve", "daemon_commands:serve", "Run the web tier (gunicorn) in this process."),
    ("worker", "daemon_commands:worker", "Run a worker in this process."),
    ("autoscaler", "daemon_commands:autoscaler", "Run the autoscaler in this process."),
)


@click.group(cls=ListingGroup)
@click.version_option(__version__, prog_name="efr", message="%(prog)s %(version)s")
@click.option("--tenant", type=TENANT, help="Tenant whose data a command is about.")
@click.option(
    "--server",
    metavar="URL",
    envvar="EFR_SERVER",
    help="Ask this server, with the key of EFR_API_KEY, where a command can.",
)
def main(tenant: str | None, server: str | None) -> None:
    """Run a face recognition service: start it, enrol people, match faces.

    Settings come from the environment and from .env in the repository's root.

    \b
    Exit codes:
      0    everything was done
      1    some photos were not used; each is named with its reason
      2    wrong usage, or nothing could be done
      130  interrupted
    """  # noqa: D301 - click's mark for text that keeps its lines


for _name, _where, _help in _COMMANDS:
    main.add_command(Listed(_name, _where, _help))
