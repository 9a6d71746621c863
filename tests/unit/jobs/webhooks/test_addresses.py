"""Where events are never sent, whatever a caller writes or a name is said to be."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from threading import Thread
from typing import Any

import pytest

from core.errors import WebhookUrlRefused
from core.jobs.webhooks.addresses import Guard
from core.jobs.webhooks.sender import Sender
from tests.support.services.receiver import Receiver

PUBLIC = "93.184.215.14"


def resolver(*answers: list[str]) -> Callable[..., list[Any]]:
    """Return a resolver that gives one list of addresses after the other, then the last."""
    left = list(answers)

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in found
        ]

    return resolve


class Listener:
    """Counts the connections to a port of this machine, on IPv4 and IPv6."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.port = self.socket.getsockname()[1]
        self.connections = 0
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    with closing(made.socket):
        yield made


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "0",
        "0.0.0.0",  # noqa: S104 - refused
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "169.254.169.254",
        "[fe80::1]",
        "[::ffff:10.0.0.1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "192.88.99.1",
        "[fd00:ec2::254]",
        "168.63.129.16",
        "[fec0::1]",
        "[ff0e::1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::1]",
        "[2001:db8::1]",
    ],
)
def test_no_connection_is_made_to_an_address_that_is_not_on_the_internet(
    listener: Listener, scheme: str, host: str
) -> None:
    send = Sender(Guard(), timeout_s=2)

    reply = send(f"{scheme}://{host}:{listener.port}/", headers={}, body=b"{}")

    assert reply.text == "ADDRESS_REFUSED"
    assert listener.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        [PUBLIC, "127.0.0.1"],
        ["2606:2800:21f:cb07::1", "fd00::1"],
    ],
)
def test_name_with_one_such_address_is_refused(listener: Listener, addresses: list[str]) -> None:
    send = Sender(Guard(resolve=resolver(addresses)), timeout_s=2)

    reply = send(f"https://hooks.example:{listener.port}/", headers={}, body=b"{}")

    assert reply.text == "ADDRESS_REFUSED"
    assert listener.connections == 0


def test_connection_goes_to_the_address_that_was_checked_and_not_to_another_look_up(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[str] = []

    def connect(_: socket.socket, place: tuple[str, int]) -> None:
        connected.append(place[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    send = Sender(Guard(resolve=resolver([PUBLIC], ["127.0.0.1"])), timeout_s=2)

    first = send(f"https://rebinds.example:{listener.port}/", headers={}, body=b"{}")
    second = send(f"https://rebinds.example:{listener.port}/", headers={}, body=b"{}")

    assert connected == [PUBLIC]
    assert (first.text, second.text) == ("NOT_CONNECTED", "ADDRESS_REFUSED")


def test_redirect_to_such_an_address_is_not_followed(listener: Listener) -> None:
    with Receiver(lambda _: 307) as receiver:
        receiver.more_headers = {"Location": f"http://127.0.0.1:{listener.port}/"}
        reply = Sender(Guard(["127.0.0.1"]))(f"{receiver.address}/", headers={}, body=b"{}")

    assert reply.status == 307
    assert not reply.is_accepted
    assert listener.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "https://",
        "https://:443/",
        "https://user@example.org/",
        "https://user:word@example.org/",
        "https://example.org/#part",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://ex\nample.org/",
        "https://exämple.org/",
        "https://a..b/",
        "https://[::1/",
        "https://example.org\\@127.0.0.1/",
        "//example.org/",
        "example.org",
        "https://example.org/" + "a" * 1000,
    ],
)
def test_url_that_is_no_https_address_is_refused(url: str) -> None:
    with pytest.raises(WebhookUrlRefused):
        Guard().check(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "https://example.org:8443/a/path?and=query",
        "https://hooks_1.example.org/",
        f"https://{PUBLIC}/",
        "https://[2606:2800:21f:cb07::1]/",
        "https://[::ffff:93.184.215.14]/",
    ],
)
def test_url_on_the_internet_is_taken(url: str) -> None:
    Guard(resolve=resolver([PUBLIC])).check(url)


@pytest.mark.parametrize(
    ("allowed", "host", "address", "is_taken"),
    [
        (["hooks.corp"], "hooks.corp", "10.0.0.1", True),
        (["hooks.corp"], "hooks.corp", "127.0.0.1", True),
        (["hooks.corp"], "other.corp", "10.0.0.1", False),
        (["hooks.corp"], "hooks.corp", "169.254.169.254", False),
        (["hooks.corp"], "hooks.corp", "fe80::1", False),
        (["hooks.corp"], "hooks.corp", "::ffff:169.254.169.254", False),
        (["hooks.corp"], "hooks.corp", "64:ff9b::a9fe:a9fe", False),
        (["hooks.corp"], "hooks.corp", "2002:a9fe:a9fe::1", False),
        (["hooks.corp"], "hooks.corp", "fd00:ec2::254", False),
        (["hooks.corp"], "hooks.corp", "100.100.100.200", False),
        (["hooks.corp"], "hooks.corp", "0.0.0.0", False),  # noqa: S104 - refused
        (["hooks.corp"], "hooks.corp", "fd00::1", True),
        (["hooks.corp"], "hooks.corp", "93.184.215.14", True),
        (["10.0.0.0/8"], "any.corp", "10.1.2.3", True),
        (["10.0.0.0/8"], "any.corp", "::ffff:10.1.2.3", True),
        (["10.0.0.0/8"], "any.corp", "192.168.0.1", False),
        (["169.254.0.0/16"], "any.corp", "169.254.10.1", True),
        (["fd00::/8"], "any.corp", "fd00::1", True),
    ],
)
def test_operator_may_allow_private_names_and_networks(
    allowed: list[str], host: str, address: str, is_taken: bool
) -> None:
    guard = Guard(allowed, resolve=resolver([address]))
    if is_taken:
        assert guard.addresses(f"https://{host}/")
    else:
        with pytest.raises(WebhookUrlRefused):
            guard.addresses(f"https://{host}/")


@pytest.mark.parametrize(
    ("allowed", "url", "is_taken"),
    [
        (["hooks.corp"], "http://hooks.corp/", True),
        (["10.0.0.0/8"], "http://10.0.0.1/", True),
        (["10.0.0.0/8"], "http://any.corp/", False),
        (["10.0.0.0/8"], "http://192.168.0.1/", False),
        ([], "http://hooks.corp/", False),
    ],
)
def test_plain_http_needs_a_host_that_the_operator_names(
    allowed: list[str], url: str, is_taken: bool
) -> None:
    if is_taken:
        Guard(allowed).check(url)
    else:
        with pytest.raises(WebhookUrlRefused):
            Guard(allowed).check(url)
