"""Commands that are listed without being imported: one is, when it is run.

Most of a short command's time would go into modules of the others.
"""

from importlib import import_module

import click

from efr_cli.errors import ErrorReportingGroup


class Listed(click.Command):
    """A command's name and first sentence, and where it is."""

    def __init__(self, name: str, where: str, help: str) -> None:  # noqa: A002 - click's word
        super().__init__(name, help=help)
        self._where = where

    def load(self) -> click.Command:
        """Import the command."""
        module, _, attribute = self._where.partition(":")
        command: click.Command = getattr(import_module(f"efr_cli.{module}"), attribute)
        return command


class ListingGroup(ErrorReportingGroup):
    """A group of listed commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called, imported."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, Listed) else command, rest
