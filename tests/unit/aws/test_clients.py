"""Clients of AWS in one process."""

from pathlib import Path

import pytest
from botocore.loaders import JSONFileLoader

from core.aws.clients import s3_client, sqs_client
from core.settings import Settings


@pytest.mark.parametrize(
    "keys", [{"aws_access_key_id": "id", "aws_secret_access_key": "secret"}, {}]
)
def test_descriptions_of_the_services_are_read_once(
    keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(_env_file=None, **keys)  # type: ignore[arg-type]
    for make in (s3_client, sqs_client):
        make(settings)
    read: list[str] = []
    from_disk = JSONFileLoader.load_file

    def noted(self: JSONFileLoader, path: str) -> object:
        if (found := from_disk(self, path)) is not None:
            read.append(Path(path).name)
        return found

    monkeypatch.setattr(JSONFileLoader, "load_file", noted)

    for make in (s3_client, sqs_client):
        make(settings)

    assert read == []
