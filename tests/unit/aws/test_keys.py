"""Keys of boto3's own chain, which AWS refuses while the program runs."""

from pathlib import Path

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError
from botocore.session import Session

from core.aws.keys import ChainKeys, chain_session
from core.testing import ManualClock


class Chain:
    """What the environment, a profile or a role says now."""

    def __init__(self, *said: str | None) -> None:
        self.said = list(said)
        self.clock = ManualClock()
        self.keys = ChainKeys(self._load, clock=self.clock)

    def _load(self) -> Credentials | None:
        key_id = self.said.pop(0)
        return Credentials(key_id, "secret") if key_id else None

    @property
    def key_id(self) -> str:
        return str(self.keys.get_frozen_credentials().access_key)


def test_keys_are_loaded_once() -> None:
    chain = Chain("first")

    assert [chain.key_id for _ in range(3)] == ["first"] * 3


def test_refused_keys_are_replaced() -> None:
    chain = Chain("first", "second")
    assert chain.key_id == "first"
    chain.clock.advance(10)

    assert chain.keys.renew()
    assert chain.key_id == "second"


def test_refused_keys_are_looked_for_once_in_ten_seconds() -> None:
    chain = Chain(*["first"] * 10)
    assert chain.key_id == "first"

    for _ in range(25):
        assert not chain.keys.renew()
        chain.clock.advance(1)

    assert len(chain.said) == 10 - 3


def test_request_that_was_signed_before_the_keys_changed_is_sent_again() -> None:
    chain = Chain("first", "second")
    assert chain.key_id == "first"
    chain.clock.advance(10)

    assert [chain.keys.renew() for _ in range(2)] == [True, True]


def test_old_keys_stay_while_there_are_no_others() -> None:
    chain = Chain("first", None)
    assert chain.key_id == "first"
    chain.clock.advance(10)

    assert not chain.keys.renew()
    assert chain.key_id == "first"


def test_service_that_starts_without_keys_finds_them_later() -> None:
    chain = Chain(None, "first")

    for _ in range(2):
        with pytest.raises(NoCredentialsError):
            _ = chain.key_id
    chain.clock.advance(10)

    assert chain.key_id == "first"


def test_session_has_the_keys_of_the_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile = tmp_path / "credentials"
    profile.write_text("[default]\naws_access_key_id=of-profile\naws_secret_access_key=secret\n")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))

    found = chain_session("eu-central-1", Session()).get_credentials()

    assert found is not None
    assert found.get_frozen_credentials().access_key == "of-profile"
