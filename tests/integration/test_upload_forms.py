"""S3's forms: who has one stores one object as it says, and nothing else."""

from collections.abc import Mapping
from typing import Any

import pytest
import requests

from core.aws.clients import s3_client
from core.aws.provisioning import provision
from core.aws.s3 import S3Store
from core.errors import ObjectMissing
from core.ports import UploadForm
from harness.localstack import LocalStack
from tests.support.backends import own_names

NOTES = {"collection-id": "staff", "tenant": "acme"}
NOTHING: Mapping[str, str] = {}
KEY = "0f8fad5b-d9cb-469f-a165-70867728950e_a.jpg"


@pytest.fixture
def store(localstack: LocalStack) -> S3Store:
    settings = localstack.settings(**own_names())
    provision(settings)
    return S3Store(settings, settings.s3_in_bucket, s3_client(settings))


def offered(store: S3Store, **more: Any) -> UploadForm:
    return store.upload_form(KEY, **{"metadata": NOTES, "max_bytes": 100, "seconds": 60, **more})


def sent(form: UploadForm, body: bytes = b"photo", changes: Mapping[str, str] = NOTHING) -> int:
    answer = requests.post(
        form.url, data={**form.fields, **changes}, files={"file": ("a.jpg", body)}, timeout=30
    )
    return answer.status_code


def test_object_is_stored_with_what_was_noted(store: S3Store) -> None:
    assert sent(offered(store)) == 204

    stored = store.get(KEY)
    assert stored.body == b"photo"
    assert stored.metadata == NOTES


@pytest.mark.parametrize("changes", [{"key": "other"}, {"x-amz-meta-tenant": "other"}])
def test_form_is_for_nothing_else(store: S3Store, changes: dict[str, str]) -> None:
    assert sent(offered(store), changes=changes) == 403

    with pytest.raises(ObjectMissing):
        store.get(changes.get("key", KEY))


def test_object_over_the_limit_is_refused(store: S3Store) -> None:
    assert sent(offered(store), body=b"x" * 101) == 400

    with pytest.raises(ObjectMissing):
        store.get(KEY)


def test_form_that_has_expired_is_refused(store: S3Store) -> None:
    assert sent(offered(store, seconds=-1)) == 403
