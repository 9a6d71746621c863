"""A caller of the HTTP API who has a key, and takes nothing but success for an answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import requests

from harness.waiting import wait_until

_TIMEOUT_S: Final = 90


class StepFailed(Exception):
    """Raised when the service did not do what a step asks of it; names the step."""


class Caller:
    """Calls the service at an address with a key."""

    def __init__(self, address: str, key: str) -> None:
        self.address = address
        self._headers = {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request; return its answer.

        Raises
        ------
        requests.HTTPError
            If the answer is an error; holds what it said.
        """
        headers = self._headers | options.pop("headers", {})
        answer = requests.request(
            method, f"{self.address}{path}", headers=headers, timeout=_TIMEOUT_S, **options
        )
        if not answer.ok:
            said = f"{method} {path}: {answer.status_code} {answer.text[:500]}"
            raise requests.HTTPError(said, response=answer)
        return answer

    def photo(self, path: str, file: Path, field: str = "image", **fields: Any) -> Any:
        """Post a photo as a form; return the JSON of the answer."""
        headers = fields.pop("headers", {})
        with file.open("rb") as content:
            return self("POST", path, files={field: content}, data=fields, headers=headers).json()

    def ended(self, job_id: str) -> Any:
        """Wait for a job's end; return its result."""
        found: list[Any] = []

        def is_there() -> bool:
            answer = self("GET", f"/status/{job_id}")
            if answer.status_code == requests.codes.ok:
                found.append(answer.json())
            return bool(found)

        wait_until(is_there, every_s=0.3, what=f"job {job_id} to end")
        return found[0]

    def faces(self, collection: str) -> list[Any]:
        """Return the faces of a collection."""
        return list(self("GET", f"/collections/{collection}/faces").json()["faces"])


def expect(fact: object, what: str) -> None:
    """Raise ``StepFailed`` unless something holds."""
    if not fact:
        raise StepFailed(f"expected {what}")


@contextmanager
def named(step: str) -> Iterator[None]:
    """Say which step of a scenario it was that failed."""
    try:
        yield
    except Exception as error:
        raise StepFailed(f"{step}: {error}") from error
