"""Which addresses events may be sent to: those of the internet, and what the operator allows.

Whoever registers an endpoint chooses where this machine connects to. Without a guard that could
be a service of the operator's own network, or one that gives away the machine's AWS keys.
"""

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from core.errors import WebhookUrlRefused

MAX_URL: Final = 1000
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[..., list[Any]]

_TEXT: Final = re.compile(r"https?://[!-~]+")
_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?\.?|[0-9a-f:.]+")
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""Beyond it lie forms of IPv4 addresses too: mapped, compatible, NAT64."""
_NEVER: Final = (ip_network("192.88.99.0/24"), ip_network("2002::/16"))
"""6to4: an address of IPv4 inside one of IPv6, and the relays to it."""
_PRIVATE: Final = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::1/128",
            "fc00::/7",
        ),
    )
)
"""What a name may stand for that the operator allows: never link-local addresses."""
_METADATA: Final = tuple(
    map(ip_address, ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16"))
)
"""Where clouds give keys away beside 169.254.169.254: AWS, Google, Alibaba, Azure."""


class Guard:
    """Says where events may be sent to.

    Parameters
    ----------
    allowed : sequence of str
        Host names and networks that may be private, as ``WEBHOOK_ALLOW_PRIVATE`` names them.
    resolve : callable
        As ``socket.getaddrinfo``.
    """

    def __init__(
        self, allowed: Sequence[str] = (), *, resolve: Resolve = socket.getaddrinfo
    ) -> None:
        networks = [_network(each) for each in allowed]
        self._networks = [each for each in networks if each is not None]
        self._names = {each for each, network in zip(allowed, networks, strict=True) if not network}
        self._resolve = resolve

    def check(self, url: str) -> None:
        """Check what can be known of an address without a look-up.

        Raises
        ------
        WebhookUrlRefused
            If events are never sent there.
        """
        parts = _split(url)
        host = parts.hostname or ""
        numeric = _numeric(host)
        if numeric is not None:
            self._check_address(host, numeric)
        allowed = host in self._names or (numeric is not None and self._is_listed(numeric))
        if parts.scheme != "https" and not allowed:
            raise WebhookUrlRefused("it must begin with https://")

    def addresses(self, url: str) -> list[tuple[int, Any]]:
        """Return the families and addresses of a receiver, all of them checked.

        A connection must go to one of these, not to the name: a second look-up may tell others.

        Raises
        ------
        WebhookUrlRefused
            If one of them is no public one.
        OSError
            If the name can't be resolved.
        """
        self.check(url)
        parts = _split(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = self._resolve(host, port, type=socket.SOCK_STREAM)
        for _, _, _, _, place in found:
            self._check_address(host, ip_address(str(place[0]).partition("%")[0]))
        return [(family, place) for family, _, _, _, place in found]

    def _check_address(self, host: str, address: Address) -> None:
        plain = _unmapped(address)
        is_theirs = host in self._names and _is_among(plain, _PRIVATE)
        is_taken = (is_theirs or _is_public(plain)) and plain not in _METADATA
        if not is_taken and not self._is_listed(plain):
            raise WebhookUrlRefused("its host has an address that is not on the internet")

    def _is_listed(self, address: Address) -> bool:
        return _is_among(_unmapped(address), self._networks)


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an address that was checked."""
    parts = _split(url)
    return (
        parts.scheme,
        parts.hostname or "",
        parts.port or (443 if parts.scheme == "https" else 80),
    )


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL or not _TEXT.fullmatch(url):
        raise WebhookUrlRefused(f"it must be https:// and up to {MAX_URL} characters of ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WebhookUrlRefused("its host or port can't be read") from error
    if parts.username is not None or parts.password is not None or parts.fragment or port == 0:
        raise WebhookUrlRefused("it must have no user, no password and no fragment")
    if not _HOST.fullmatch(parts.hostname or "") or ".." in (parts.hostname or ""):
        raise WebhookUrlRefused("its host can't be read")
    return parts


def _numeric(host: str) -> Address | None:
    """Return the address that a host is in any notation: 2130706433 and 0x7f.1 are 127.0.0.1."""
    try:
        found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except OSError:
        return None
    return ip_address(str(found[0][4][0]).partition("%")[0])


def _network(text: str) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None


def _unmapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _is_among(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if _is_among(address, _NEVER):
        return False
    return address.is_global and not address.is_multicast
