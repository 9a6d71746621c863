"""An API key that is revoked while two real web processes know it, and where its secret is."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from core.access.key_store import KeyStore
from core.access.keys import GivenKey
from core.aws.clients import s3_client
from core.aws.provisioning import provision
from core.aws.s3 import S3Store
from core.settings import Settings
from harness.localstack import LocalStack
from harness.processes import WebProcess
from harness.waiting import wait_until
from tests.support.backends import own_names
from tests.support.service import settings_of

CLIENTS = 4
KNOWN_S = 2.0
"""By then every process knows a change of a key."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """A web tier of two processes, and the keys of its callers."""

    settings: Settings
    web: WebProcess
    logs: Path

    def bucket(self, name: str) -> S3Store:
        return S3Store(self.settings, name, s3_client(self.settings))

    @property
    def keys(self) -> KeyStore:
        return KeyStore(store=self.bucket(self.settings.s3_gallery_bucket))

    def ask(self, path: str, headers: dict[str, str]) -> requests.Response:
        # A connection each, so that both processes are asked.
        return requests.get(f"{self.web.address}{path}", headers=headers, timeout=30)

    def written(self) -> Iterator[bytes]:
        """Yield all that the service has written: logs, and objects with their keys."""
        for log in self.logs.iterdir():
            yield log.read_bytes()
        for name in self.settings.buckets:
            bucket = self.bucket(name)
            for key in bucket.keys(""):
                yield key.encode()
                yield bucket.get(key).body


@pytest.fixture
def door(localstack: LocalStack, tmp_path: Path) -> Iterator[Door]:
    settings = localstack.settings(**own_names(), **settings_of(web_processes=2, auth="keys"))
    provision(settings)
    web = WebProcess(settings, tmp_path / "web.log")
    try:
        yield Door(settings=settings, web=web.started(), logs=tmp_path)
    finally:
        web.stop()


def bearer(key: GivenKey) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.text}"}


def test_revoked_key_is_refused_by_every_process_within_two_seconds(door: Door) -> None:
    stored, key = door.keys.create("door", scopes=["recognise"])

    def status() -> int:
        return door.ask("/collections", bearer(key)).status_code

    def statuses(number: int) -> set[int]:
        with ThreadPoolExecutor(CLIENTS) as clients:
            return set(clients.map(lambda _: status(), range(number)))

    assert statuses(40) == {200}

    door.keys.revoke(stored.key_id)
    time.sleep(KNOWN_S)  # no poll: this is the promise

    assert statuses(40) == {401}


def test_secret_is_in_nothing_that_is_written_or_answered(door: Door) -> None:
    _, key = door.keys.create("door", scopes=["admin"])
    own, bad = bearer(key), {"Authorization": f"Basic {key.text}"}
    twice = {**own, "X-API-Key": key.text}

    answers = [
        door.ask("/collections", own),
        door.ask("/collections", bad),
        door.ask("/collections", twice),
        door.ask(f"/collections?key={key.text}", own),
        door.ask(f"/status/{key.text}", own),
        door.ask(f"/{key.text}", own),
    ]

    assert [answer.status_code for answer in answers] == [200, 401, 401, 400, 404, 404]
    wait_until(
        lambda: door.keys.last_use(key.key_id) is not None, seconds=30, what="the note of its use"
    )
    assert not any(key.secret in answer.text for answer in answers)
    written = list(door.written())
    assert any(key.key_id.encode() in each for each in written)
    assert not any(key.secret.encode() in each for each in written)
