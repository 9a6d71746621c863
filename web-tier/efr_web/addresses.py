"""From which address a request comes, also behind proxies."""

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_UNKNOWN: Final = "unknown"
_OWN_BITS: Final = 64
"""Of an IPv6 address, its holder chooses all bits behind these."""


def caller_address(peer: str | None, forwarded: str, trusted: Sequence[Network]) -> str:
    """Return what a limit counts as one address: an IPv4 address, or a /64 network of IPv6.

    Parameters
    ----------
    peer : str, optional
        Who connected.
    forwarded : str
        ``X-Forwarded-For``: each proxy adds whom it was asked by at the right. What stands left
        of the first address that is no trusted proxy's may be made up.
    trusted : sequence of networks
        Of the proxies in front of the service.
    """
    address = _read(peer or "")
    for hop in reversed(forwarded.split(",") if forwarded else []):
        if address is None or not _is_among(address, trusted):
            break
        before = _read(hop)
        if before is None:  # no proxy wrote this: the one that passed it on is the last known
            break
        address = before
    return _UNKNOWN if address is None else _counted(address)


def _read(text: str) -> Address | None:
    """Return an address, which may have brackets and a port; None for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_among(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _counted(address: Address) -> str:
    if address.version == 4:
        return str(address)
    return str(ip_network((address, _OWN_BITS), strict=False))
