"""Opens the service for a command."""

import click

from efr_cli.context import open_context
from efr_cli.service.own import OwnService


def open_service(context: click.Context) -> OwnService:
    """Return the service that a command is about."""
    return OwnService(parts=open_context(context))
