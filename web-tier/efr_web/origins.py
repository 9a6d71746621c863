"""Which pages may send requests from a browser, and under which names the service is asked.

A browser lets a page of any origin send requests to a service on the same machine or network,
and says where they come from. Without this, a page that someone opens by chance could enrol or
erase. A name that points to the service's address only now (DNS rebinding) makes such a page one
of the same origin: so the service answers only under names that it is told.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from flask import request

from core.errors import ForeignOrigin, HostNotTrusted
from core.settings import Settings

_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_OWN_SITES: Final = ("same-origin", "none")
"""None: the person did it, such as by the address bar."""
_ANY_NAME: Final = "health"
"""Load balancers and containers ask for it by addresses, and it tells nothing."""


def refuse_foreign(settings: Settings) -> None:
    """Refuse a request that a page of another origin sent, and one under an unknown name.

    Raises
    ------
    HostNotTrusted
        If the request names a host that is not the service's.
    ForeignOrigin
        If it would change something, and a browser says that it comes from elsewhere.
    """
    if request.endpoint != _ANY_NAME and not _is_trusted(request.headers.get("Host", ""), settings):
        raise HostNotTrusted("the service is not asked under this name: see TRUSTED_HOSTS")
    if request.method not in _SAFE and _is_foreign(settings.cors_origins):
        raise ForeignOrigin("a page of another origin may not send this")


def _is_trusted(host: str, settings: Settings) -> bool:
    """Tell whether the service may be asked under a name, which may have a port."""
    if settings.auth == "keys" and not settings.trusted_hosts:
        return True  # a page has no key
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if settings.trusted_hosts:
        return _is_one_of(name, settings.trusted_hosts)
    if settings.auth == "off-on-purpose" and _is_address(name):
        return True  # only a name can be pointed elsewhere
    return _is_one_of(name, ("localhost", "127.0.0.1", "::1", settings.web_host))


def _is_one_of(name: str, names: Sequence[str]) -> bool:
    return any(
        f".{name}".endswith(each.lower()) if each.startswith(".") else name == each.lower()
        for each in names
    )


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_foreign(allowed: Sequence[str]) -> bool:
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "none") not in _OWN_SITES
    if origin in allowed:
        return False
    # Behind a proxy with TLS the scheme differs.
    _, _, host = origin.partition("://")
    return not host or host != request.headers.get("Host")
