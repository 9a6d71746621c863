"""Clients that are made again when the keys are refused that they keep."""

from dataclasses import dataclass

import pytest

from core.ground.aws_keys import Renewable, are_keys_refused
from core.testing import ManualClock


class KeysRefused(Exception):
    pass


@dataclass(eq=False)
class Client:
    key: str


class Provider:
    """Hands out keys, of which the test revokes one after the other."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.key = "first"
        self.made = 0
        self.client = Renewable(
            self._make, is_refusal=lambda error: isinstance(error, KeysRefused), clock=self.clock
        )

    def _make(self) -> Client:
        self.made += 1
        return Client(self.key)

    def ask(self, *, accepted: str) -> str:
        """Run an action that only one key may do."""

        def action(client: Client) -> str:
            if client.key != accepted:
                raise KeysRefused
            return client.key

        return self.client.run(action)


@pytest.fixture
def provider() -> Provider:
    return Provider()


def test_client_is_made_when_it_is_first_used_and_kept(provider: Provider) -> None:
    assert provider.made == 0

    for _ in range(3):
        assert provider.ask(accepted="first") == "first"

    assert provider.made == 1


def test_action_is_done_with_the_new_keys(provider: Provider) -> None:
    provider.ask(accepted="first")
    provider.key = "second"

    assert provider.ask(accepted="second") == "second"


def test_keys_that_stay_refused_are_looked_for_once_in_ten_seconds(provider: Provider) -> None:
    for _ in range(25):
        with pytest.raises(KeysRefused):
            provider.ask(accepted="none")
        provider.clock.advance(1)

    assert provider.made == 1 + 3


def test_other_errors_make_no_other_client(provider: Provider) -> None:
    def fail(_: Client) -> None:
        raise ValueError("of its own")

    with pytest.raises(ValueError, match="of its own"):
        provider.client.run(fail)

    assert provider.made == 1


def test_refusal_is_told_by_the_code_that_s3_gives() -> None:
    assert are_keys_refused("403 Forbidden: <Error><Code>InvalidAccessKeyId</Code></Error>")
    assert not are_keys_refused("404 Not Found: <Error><Code>NoSuchKey</Code> ExpiredToken</Error>")
