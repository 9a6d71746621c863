"""Opens the service for a command."""

import os
from typing import TYPE_CHECKING

import click

from efr_cli.context import named_tenant, open_context
from efr_cli.errors import named_server
from efr_cli.service.port import Service

if TYPE_CHECKING:
    from efr_cli.index.sending import Sending
    from efr_cli.service.http import Http


def open_service(context: click.Context) -> Service:
    """Return the service that a command is about: one on a server, if one is named."""
    if not named_server(context):
        from efr_cli.service.own import OwnService

        return OwnService(parts=open_context(context))
    from efr_cli.service.remote import RemoteService

    return RemoteService(http=open_http(context))


def open_sending(context: click.Context) -> "Sending":
    """Return the way to the workers: those of a server, if one is named."""
    if not named_server(context):
        from efr_cli.index.sending import OwnSending

        return OwnSending(parts=open_context(context))
    from efr_cli.service.remote_sending import RemoteSending

    return RemoteSending(http=open_http(context))


def open_http(context: click.Context) -> "Http":
    """Return how the server is asked that is named, with the key of ``EFR_API_KEY``."""
    if named_tenant(context):
        raise click.UsageError("the key says which tenant it is: leave out --tenant")
    from efr_cli.service.http import Http

    server = named_server(context)
    click.echo(f"Server: {server}", err=True)
    key = os.environ.get("EFR_API_KEY", "")  # noqa: TID251 - the caller's, no setting of a service
    return Http(server, key)
