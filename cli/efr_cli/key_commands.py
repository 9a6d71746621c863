"""API keys: create, list, rotate, revoke."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

from core.access.audit_trail import Action
from core.access.key_store import KeyStore
from core.access.keys import SCOPES, ApiKey, GivenKey, Scope, is_key_id
from core.errors import KeyNotFound
from core.ground.authors import TYPIST
from core.ground.realms import COLLECTION_PATTERN
from efr_cli.confirming import confirm, yes_option
from efr_cli.context import CliContext, named_tenant, open_context
from efr_cli.errors import Checked, ErrorReportingGroup
from efr_cli.output import head, json_option, say

_SPAN: Final = re.compile(r"(\d{1,5})([hd])")
_HOURS: Final = {"h": 1, "d": 24}
_KEEP: Final = "24h"


@click.group(cls=ErrorReportingGroup)
def keys() -> None:
    """Create, list, rotate and revoke API keys."""


class Span(click.ParamType[timedelta]):
    """A time such as 12h or 90d."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        found = _SPAN.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} is no time: write hours or days, such as 12h or 90d", param, ctx)
        return timedelta(hours=int(found[1]) * _HOURS[found[2]])


_PATTERN: Final = Checked(
    "pattern",
    lambda text: re.fullmatch(COLLECTION_PATTERN, text) is not None,
    "a collection's id, with * for any characters",
)


@keys.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", type=click.Choice(SCOPES), multiple=True, help="May be repeated."
)
@click.option("--admin", is_flag=True, help="The same as --scope admin.")
@click.option(
    "--collection",
    "collections",
    type=_PATTERN,
    multiple=True,
    default=["*"],
    show_default=True,
    help="Id of a collection that the key is for, * for any characters; may be repeated.",
)
@click.option("--expires", type=Span(), help="Time after which it ends, such as 90d.")
@json_option
@click.pass_context
def create(
    context: click.Context,
    name: str,
    scopes: tuple[Scope, ...],
    admin: bool,
    collections: tuple[str, ...],
    expires: timedelta | None,
) -> None:
    """Create a key and print it. It is shown this once.

    NAME says who uses it. With efr --tenant the key is for that tenant's data.
    """
    if not 1 <= len(name) <= 100:
        raise click.BadParameter("1 to 100 characters", param_hint="NAME")
    if admin == bool(scopes):
        raise click.UsageError("give --scope or --admin, and not both")
    parts = open_context(context)
    stored, key = parts.keys.create(
        name,
        scopes=("admin",) if admin else scopes,
        tenant=named_tenant(context),
        collections=collections,
        expires_at=datetime.now(UTC) + expires if expires else None,
    )
    _show(stored, key)
    _audit(parts, "create_key", stored)


@keys.command("list")
@json_option
@click.pass_context
def list_keys(context: click.Context) -> None:
    """List all keys, or those of the tenant that is named, without their secrets."""
    store, tenant = open_context(context).keys, named_tenant(context)
    row = "{:<13} {:<24} {:<12} {:<24} {:<16} {:<8} {:<11} {}"
    head(
        row.format("key", "name", "tenant", "scopes", "collections", "state", "expires", "last use")
    )
    now = datetime.now(UTC)
    for key in store.all():
        if tenant and key.tenant != tenant:
            continue
        used = store.last_use(key.key_id)
        line = row.format(
            key.key_id,
            key.name,
            key.tenant or "-",
            ",".join(key.scopes),
            ",".join(key.collections),
            _state(key, now),
            "-" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d}",
            "-" if used is None else used.isoformat(),
        )
        last_use = None if used is None else used.isoformat()
        say(line, _shown(key) | {"state": _state(key, now), "last_use": last_use})


@keys.command()
@click.argument("key_id", metavar="KEY")
@click.option(
    "--keep",
    type=Span(),
    default=_KEEP,
    show_default=True,
    help="Time in which the former secret still works; 0h ends it at once.",
)
@json_option
@click.pass_context
def rotate(context: click.Context, key_id: str, keep: timedelta) -> None:
    """Give a key another secret and print it. It is shown this once.

    KEY is its id, the part behind efr_.
    """
    parts = _parts_with(context, key_id)
    stored, key = parts.keys.rotate(key_id, keep=keep)
    _show(stored, key)
    _audit(parts, "rotate_key", stored)


@keys.command()
@click.argument("key_id", metavar="KEY")
@yes_option
@json_option
@click.pass_context
def revoke(context: click.Context, key_id: str) -> None:
    """End a key. Every process refuses it within two seconds.

    KEY is its id, the part behind efr_.
    """
    parts = _parts_with(context, key_id)
    confirm(lambda: _told(parts.keys, key_id))
    key = parts.keys.revoke(key_id)
    say(f"key {key_id} ({key.name}) was revoked", _shown(key) | {"state": "revoked"})
    _audit(parts, "revoke_key", key)


def _told(keys: KeyStore, key_id: str) -> str:
    """Return what revoking a key does."""
    key = keys.read(key_id) if is_key_id(key_id) else None
    if key is None:
        raise KeyNotFound(f"there is no key {key_id}")
    used = keys.last_use(key_id)
    since = "was never used" if used is None else f"was last used {used.isoformat()}"
    return f"This ends key {key_id} ({key.name}), which {since}; it can't be brought back"


def _parts_with(context: click.Context, key_id: str) -> CliContext:
    """Return the parts of a command about a key, which is one of the tenant that is named."""
    parts, tenant = open_context(context), named_tenant(context)
    key = parts.keys.read(key_id) if tenant and is_key_id(key_id) else None
    if key is not None and key.tenant != tenant:
        raise KeyNotFound(f"tenant {tenant!r} has no key {key_id}")
    return parts


def _show(stored: ApiKey, key: GivenKey) -> None:
    say(key.text, _shown(stored) | {"key": key.text})
    click.echo(f"This is key {key.key_id}. It is not shown again.", err=True)


def _audit(parts: CliContext, action: Action, key: ApiKey) -> None:
    """Leave a record in the trail of the tenant whose key it is."""
    parts.audit_of(key.tenant).add(action, TYPIST, key_id=key.key_id)


def _shown(key: ApiKey) -> dict[str, Any]:
    """Return what may be known of a key: no secret."""
    return key.model_dump(
        mode="json", include={"key_id", "name", "tenant", "scopes", "collections", "expires_at"}
    )


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "live" if key.is_live(now) else "expired"
