"""The service's description of itself makes a client that works."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from harness.waiting import wait_until
from tests.e2e.conftest import Service
from tests.support.photos import sample

CONFIG = """\
post_hooks: []
content_type_overrides:
  image/jpeg: application/octet-stream
"""
BIDEN = "Joe Biden/biden.jpg"


class Generated:
    """A client that openapi-python-client wrote from the document of a service."""

    def __init__(self, address: str) -> None:
        client = importlib.import_module("generated_client")
        self.models: Any = importlib.import_module("generated_client.models")
        self._types: Any = importlib.import_module("generated_client.types")
        self.http: Any = client.Client(address, timeout=60, raise_on_unexpected_status=True)

    def call(self, operation: str, **given: Any) -> Any:
        """Call an operation, such as ``faces.match_photo``; return what it answers."""
        module: Any = importlib.import_module(f"generated_client.api.{operation}")
        return module.sync(client=self.http, **given)

    def photo(self, name: str) -> Any:
        return self._types.File(BytesIO(sample(name)), file_name="photo.jpg")


@pytest.fixture(scope="module")
def generated(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generated]:
    """Return a client that was made with nothing left out: any warning fails."""
    folder = tmp_path_factory.mktemp("generated")
    written = write_client(service.address, folder)
    assert written.returncode == 0, written.stdout + written.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        client = Generated(service.address)
        with client.http:
            yield client


def write_client(address: str, folder: Path) -> subprocess.CompletedProcess[str]:
    document, config = folder / "openapi.json", folder / "config.yml"
    document.write_bytes(requests.get(f"{address}/openapi.json", timeout=10).content)
    config.write_text(CONFIG)
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"]
    command += ["--path", str(document), "--config", str(config), "--meta", "none"]
    command += ["--output-path", str(folder / "generated_client")]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_generated_client_enrols_matches_and_uploads(generated: Generated) -> None:
    models, collection_id = generated.models, f"generated-{uuid4()}"
    made = generated.call(
        "collections.create_collection", body=models.CreateCollection(collection_id=collection_id)
    )
    assert made.persons == 0
    listed = generated.call("collections.list_collections", limit=1000)
    assert collection_id in [each.collection_id for each in listed.collections]

    submitted = generated.call(
        "faces.index_photo",
        body=models.IndexPhotoForm(
            collection_id=collection_id,
            image_id="biden-1",
            person="Joe Biden",
            image=generated.photo(BIDEN),
        ),
    )

    def status() -> Any:
        return generated.call("recognition.status", job_id=submitted.job_id)

    wait_until(lambda: not isinstance(status(), models.JobPending), seconds=60)
    assert [each.person for each in status().face_records] == ["Joe Biden"]

    def matches() -> Any:
        form = models.MatchPhotoForm(collection_id=collection_id, image=generated.photo(BIDEN))
        return generated.call("faces.match_photo", body=form).faces[0].matches

    wait_until(lambda: bool(matches()), what="the face to be found")
    assert matches()[0].person == "Joe Biden"
    form = models.UploadForm(collection_id=collection_id, input_file=generated.photo(BIDEN))
    assert generated.call("recognition.upload", body=form).result == "Joe Biden"
    crop = generated.call(
        "people.face_image", collection_id=collection_id, face_id=matches()[0].face_id
    )
    assert crop.startswith(b"\xff\xd8")


def test_generated_client_reads_errors(generated: Generated) -> None:
    refused = generated.call("collections.describe_collection", collection_id="nobody-made-it")

    assert refused.code == "COLLECTION_NOT_FOUND"
    assert not refused.retryable
