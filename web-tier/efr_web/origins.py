"""Which pages may send requests from a browser, and under which names the service is asked.

A browser lets a page of any origin send requests to a service on the same machine or network,
and says where they come from. Without this, a page that someone opens by chance could enrol or
erase. A name that points to the service's address only now (DNS rebinding) makes such a page one
of the same origin: so the service answers only under names that it is told.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from flask import request

from core.errors import ForeignOrigin, HostNotTrusted
from core.settings import Settings

_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_OWN_SITES: Final = ("same-origin", "none")
"""None: the person did it, such as by the address bar."""


def refuse_foreign(settings: Settings) -> None:
    """Refuse a request that a page of another origin sent, and one under an unknown name.

    Raises
    ------
    HostNotTrusted
        If the request names a host that is not the service's.
    ForeignOrigin
        If it would change something, and a browser says that it comes from elsewhere.
    """
    names = _names(settings)
    if names is not None and not _is_one_of(request.headers.get("Host", ""), names):
        raise HostNotTrusted("the service is not asked under this name: see TRUSTED_HOSTS")
    if request.method not in _SAFE and _is_foreign(settings.cors_origins):
        raise ForeignOrigin("a page of another origin may not send this")


def _names(settings: Settings) -> Sequence[str] | None:
    """Return the names under which the service may be asked; None for all."""
    if settings.trusted_hosts:
        return settings.trusted_hosts
    if settings.auth != "off":
        return None  # a page has no key
    return ("localhost", "127.0.0.1", "::1", settings.web_host)


def _is_one_of(host: str, names: Sequence[str]) -> bool:
    """Tell whether a host, perhaps with a port, has one of the names."""
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return any(
        f".{name}".endswith(each.lower()) if each.startswith(".") else name == each.lower()
        for each in names
    )


def _is_foreign(allowed: Sequence[str]) -> bool:
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "none") not in _OWN_SITES
    if origin in allowed:
        return False
    # Behind a proxy with TLS the scheme differs.
    _, _, host = origin.partition("://")
    return not host or host != request.headers.get("Host")
