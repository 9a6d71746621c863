"""The receiver that the documents show does what they say of it."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest
import requests

from core.jobs.webhooks.endpoints import EVENT_TYPES, SigningSecret
from core.jobs.webhooks.signing import signed_headers
from core.settings import Settings
from harness.localstack import free_port
from harness.waiting import wait_until
from tests.support.photos import ROOT

PAGE = (ROOT / "docs" / "webhooks.md").read_text()
NO_CHANGES: Mapping[str, str] = MappingProxyType({})
BODY = b'{"type":"job.done","data":{"job_id":"one"}}'


@dataclass(frozen=True, kw_only=True)
class Receiver:
    secret: str
    address: str
    output: Path

    def post(self, body: bytes = BODY, changes: Mapping[str, str] = NO_CHANGES) -> int:
        headers = signed_headers("an-id", int(time.time()), BODY, secrets=[self.secret])
        return requests.post(
            self.address, data=body, headers={**headers, **changes}, timeout=30
        ).status_code


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    (program,) = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "receiver.py").write_text(program)
    secret, port, output = SigningSecret.new().secret, free_port(), tmp_path / "output"
    command = [sys.executable, "-m", "flask", "--app", "receiver", "run", "--port", str(port)]
    with output.open("w") as written:
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "WEBHOOK_SECRET": secret},  # noqa: TID251
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: "Running on" in output.read_text(), seconds=60, what="the receiver")
        yield Receiver(secret=secret, address=f"http://127.0.0.1:{port}/faces", output=output)
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_receiver_of_the_page_takes_what_we_sign_once_and_refuses_the_rest(
    receiver: Receiver,
) -> None:
    assert receiver.post() == 204
    assert receiver.post() == 204, "a repetition is accepted and does nothing"
    assert receiver.post(BODY + b" ") == 400
    assert receiver.post(changes={"webhook-id": "another"}) == 400
    assert receiver.post(changes={"webhook-timestamp": str(int(time.time()) - 3600)}) == 400
    assert receiver.output.read_text().count("job.done") == 1


def test_page_lists_every_event() -> None:
    listed = re.findall(r"^\| `([a-z]+\.[a-z]+)` \| (?!.*`result`)", PAGE, flags=re.MULTILINE)

    assert {*EVENT_TYPES, "webhook.test"} <= set(listed)


def test_page_tells_the_pauses_of_the_settings() -> None:
    units = {"s": 1, "min": 60, "h": 3600}
    (told,) = re.findall(r"tries again after (.*?) \(`WEBHOOK_RETRY_SECONDS`\)", PAGE)
    pauses = re.findall(r"(\d+) (s|min|h)", told)

    expected = Settings(_env_file=None).webhook_retry_seconds
    assert tuple(float(number) * units[unit] for number, unit in pauses) == expected
