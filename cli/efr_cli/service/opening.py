"""Opens the service for a command."""

import os

import click

from efr_cli.context import named_tenant, open_context
from efr_cli.errors import named_server
from efr_cli.service.port import Service


def open_service(context: click.Context) -> Service:
    """Return the service that a command is about: one on a server, if one is named."""
    server = named_server(context)
    if not server:
        from efr_cli.service.own import OwnService

        return OwnService(parts=open_context(context))
    if named_tenant(context):
        raise click.UsageError("the key says which tenant it is: leave out --tenant")
    from efr_cli.service.http import Http
    from efr_cli.service.remote import RemoteService

    click.echo(f"Server: {server}", err=True)
    key = os.environ.get("EFR_API_KEY", "")  # noqa: TID251 - the caller's, no setting of a service
    return RemoteService(http=Http(server, key))
