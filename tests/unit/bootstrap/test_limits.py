"""Where the buckets of limits come from."""

import sys

import pytest
from pydantic import SecretStr

from core.access.limits.redis_buckets import RedisBuckets
from core.bootstrap.limits import build_shared_buckets
from core.errors import InvalidSettings
from core.settings import Settings


def settings(url: str | None) -> Settings:
    return Settings(_env_file=None, redis_url=None if url is None else SecretStr(url))


def test_without_an_address_nothing_is_shared() -> None:
    assert build_shared_buckets(settings(None)) is None


def test_buckets_of_redis_connect_only_when_they_are_used() -> None:
    assert isinstance(build_shared_buckets(settings("redis://127.0.0.1:1/0")), RedisBuckets)


def test_what_is_no_address_is_refused_without_showing_it() -> None:
    with pytest.raises(InvalidSettings, match="REDIS_URL must be like") as refused:
        build_shared_buckets(settings("http://:secret@host"))

    assert "secret" not in str(refused.value)


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "core.access.redis_client", None)

    with pytest.raises(InvalidSettings, match=r"pip install '\.\[redis\]'"):
        build_shared_buckets(settings("redis://127.0.0.1:1/0"))
