"""From which address a request comes."""

from ipaddress import ip_network

import pytest
from efr_web.addresses import caller_address
from hypothesis import given
from hypothesis import strategies as st

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7, 10.9.9.9", "203.0.113.7"),
        ("10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, nonsense, 10.2.2.2", "10.2.2.2"),
        ("10.0.0.1", "203.0.113.7,", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8:1:2:3::4]:4711", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("fd00::1", "203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "", "203.0.113.7"),
        ("fe80::1%eth0", "", "fe80::/64"),
        (None, "203.0.113.7", "unknown"),
        ("", "203.0.113.7", "unknown"),
    ],
)
def test_address_is_that_of_the_first_hop_that_is_no_trusted_proxy(
    peer: str | None, forwarded: str, address: str
) -> None:
    assert caller_address(peer, forwarded, PROXIES) == address


def test_nobody_is_believed_without_trusted_proxies() -> None:
    assert caller_address("10.0.0.1", "203.0.113.7", []) == "10.0.0.1"


@given(st.text(max_size=60), st.text(alphabet="0123456789abcdef.:,[]% ", max_size=60))
def test_no_header_breaks_it(peer: str, forwarded: str) -> None:
    assert caller_address(peer, forwarded, PROXIES)
    assert caller_address("10.0.0.1", forwarded, PROXIES)
