"""Where the tables are, and LanceDB's errors as ours."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, TypeVar

from pydantic import SecretStr
from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from core.errors import CollectionNotFound, StorageUnavailable
from core.ground.aws_keys import are_keys_refused
from core.ground.aws_rights import note_missing_right
from core.ground.storage_keys import GALLERIES
from core.settings import Settings

_T = TypeVar("_T")

_KEEP_TRYING_S: Final = 60
_GIVE_UP: Final = {
    "connect_timeout": "2s",
    "timeout": "4s",
    "client_max_retries": "1",
    "client_retry_timeout": "4",
    "download_retry_count": "1",
}
_HANGS_AFTER_S: Final = 10
"""LanceDB asks six times for the newest version, whatever its options say."""
_CONFLICT: Final = (
    "Not found:",
    "was not found",
    "onflict",
    "concurrent writers",
    "merge insert timed out",
)


class KeysRefused(StorageUnavailable):
    """Raised when S3 refuses the keys of AWS that LanceDB holds."""


class WriteConflict(Exception):
    """Raised when another writer replaced what was read, or what would be written."""


def gallery_uri(settings: Settings) -> str:
    """Return the folder of all galleries in the gallery bucket."""
    if settings.home_folder is not None:
        return str(settings.home_folder / settings.s3_gallery_bucket / GALLERIES)
    return f"s3://{settings.s3_gallery_bucket}/{GALLERIES}"


def storage_options(settings: Settings) -> dict[str, str]:
    """Return how LanceDB reaches the bucket; without keys by AWS's own chain."""
    if settings.home_folder is not None:
        return {}
    options = {**_GIVE_UP, "aws_region": settings.aws_region}
    if settings.s3_endpoint:
        endpoint = settings.s3_endpoint.rstrip("/")
        options |= {
            # Both, or one of them would be read from the environment.
            "aws_endpoint": endpoint,
            "aws_endpoint_url_s3": endpoint,
            "allow_http": str(endpoint.startswith("http:")).lower(),
            "aws_virtual_hosted_style_request": "false",
        }
    secrets = {
        "aws_access_key_id": settings.aws_access_key_id,
        "aws_secret_access_key": settings.aws_secret_access_key,
        "aws_session_token": settings.aws_session_token,
    }
    return options | {name: _revealed(secret) for name, secret in secrets.items() if secret}


def _revealed(secret: SecretStr) -> str:
    return secret.get_secret_value()


@contextmanager
def lance_errors(gallery_id: str) -> Iterator[None]:
    """Raise LanceDB's errors as ours, or as ``WriteConflict`` if another try may help.

    LanceDB has no exception classes of its own: only the text says what happened.
    """
    try:
        yield
    except (RuntimeError, OSError, ValueError, TimeoutError) as error:
        text = str(error)
        if text.startswith("Table '") and text.endswith("was not found"):
            raise CollectionNotFound(f"there is no gallery {gallery_id}") from error
        if any(sign in text for sign in _CONFLICT):
            raise WriteConflict(text) from error
        note_missing_right(text)
        kind = KeysRefused if are_keys_refused(text) else StorageUnavailable
        raise kind(f"gallery {gallery_id}: {text[:500]}") from error


def retry_on_conflict(gallery_id: str, action: Callable[[], _T]) -> _T:
    """Run an action, again as long as other processes write in between.

    Raises
    ------
    StorageUnavailable
        If they do so for a minute.
    """
    attempts = Retrying(
        retry=retry_if_exception_type(WriteConflict),
        wait=wait_random_exponential(multiplier=0.02, max=1),
        stop=stop_after_delay(_KEEP_TRYING_S),
    )
    try:
        result: _T = attempts(action)
    except RetryError as error:
        raise StorageUnavailable(
            f"gallery {gallery_id} was changed by others for {_KEEP_TRYING_S} s: "
            f"{error.last_attempt.exception()}"
        ) from error
    return result


def with_timeout(action: Callable[[], _T]) -> _T:
    """Run an action, and wait for it at most ten seconds; it may then go on in its thread.

    Raises
    ------
    TimeoutError
        If it takes longer.
    """
    outcome: Future[_T] = Future()

    def run() -> None:
        try:
            outcome.set_result(action())
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            outcome.set_exception(error)

    threading.Thread(target=run, name="gallery-open", daemon=True).start()
    try:
        return outcome.result(_HANGS_AFTER_S)
    except TimeoutError as error:
        raise TimeoutError(f"no answer for {_HANGS_AFTER_S} s") from error
